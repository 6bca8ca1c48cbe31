// Somebody's own camera, microphone and speaker: chosen before a meeting, and taken along into it. Owns the tracks; draws nothing.

import { computed, signal } from "@preact/signals";
import { blurBackground, type Blurred } from "../media/background/track";
import { acquire, deviceIdOf, listDevices, NO_DEVICES, onDevicesChange, type Devices, type Kind, type Trouble } from "../media/devices";
import { levelMeter, type LevelMeter } from "../media/level";
import { preset } from "../media/quality";
import { rememberDevices, rememberedDevices } from "./remembered";

export class OwnMedia {
  readonly audio = signal<MediaStreamTrack | null>(null);
  /** As the camera sees it. */
  readonly camera = signal<MediaStreamTrack | null>(null);
  /** What others are to see: blurred when that was asked for, and nothing before it is. */
  readonly video = signal<MediaStreamTrack | null>(null);
  readonly blur = signal<"off" | "fetching" | "on" | "failed">("off");
  readonly micOn = signal(true);
  readonly cameraOn = signal(true);
  /** A dialog of the browser may be open. */
  readonly asking = signal(false);
  readonly devices = signal<Devices>(NO_DEVICES);
  readonly troubles = signal<readonly Trouble[]>([]);
  readonly level = signal<LevelMeter | null>(null);
  /** Empty for the system's own choice. */
  readonly speaker = signal("");

  readonly microphoneId = computed(() => deviceIdOf(this.audio.value));
  readonly cameraId = computed(() => deviceIdOf(this.camera.value));

  #closed = false;
  #blurred: Blurred | null = null;
  /** Grows with each change of what is shown: what took its time may find that it is not wanted any more. */
  #turn = 0;
  /** What was chosen, also while it is off. */
  #wanted = { audio: "", video: "" };
  readonly #forgetDevices: () => void;

  constructor() {
    const last = rememberedDevices();
    this.#wanted = { audio: last.microphone, video: last.camera };
    this.micOn.value = last.micOn;
    this.cameraOn.value = last.cameraOn;
    this.speaker.value = last.speaker;
    this.blur.value = last.blur ? "on" : "off";
    document.addEventListener("visibilitychange", this.#pause);
    this.#forgetDevices = onDevicesChange(() => void this.#refreshDevices());
  }

  /** Asks for what is switched on. What is missing or refused is said in `troubles`, and everything else goes on without it. */
  readonly ask = (): Promise<void> => this.#acquire({ audio: this.#wanted.audio, video: this.cameraOn.value ? this.#wanted.video : null }, "remembered");

  readonly chooseMicrophone = (id: string): Promise<void> => {
    this.#wanted.audio = id;
    return this.#acquire({ audio: id, video: null }, "chosen");
  };

  readonly chooseCamera = (id: string): Promise<void> => {
    this.#wanted.video = id;
    this.cameraOn.value = true;
    return this.#acquire({ audio: null, video: id }, "chosen");
  };

  readonly chooseSpeaker = (id: string): void => {
    this.speaker.value = id;
    this.#remember();
  };

  /** A muted microphone stays open, so that it is there with the next word. */
  readonly toggleMic = (): void => {
    this.micOn.value = !this.micOn.value;
    if (this.audio.value !== null) this.audio.value.enabled = this.micOn.value;
    this.#remember();
  };

  /** A camera that is off is let go, so that its light goes out. */
  readonly toggleCamera = async (): Promise<void> => {
    this.cameraOn.value = !this.cameraOn.value;
    this.#remember();
    if (this.cameraOn.value) return this.#acquire({ audio: null, video: this.#wanted.video }, "remembered");
    await this.#setVideo(null);
    this.troubles.value = this.troubles.value.filter((trouble) => trouble.kind !== "video");
  };

  readonly chooseBlur = async (wanted: boolean): Promise<void> => {
    this.blur.value = wanted ? "on" : "off";
    this.#remember();
    await this.#show(this.camera.value);
  };

  close(): void {
    this.#closed = true;
    document.removeEventListener("visibilitychange", this.#pause);
    this.#forgetDevices();
    this.#setAudio(null);
    void this.#setVideo(null);
  }

  async #acquire(ids: Record<Kind, string | null>, as: "chosen" | "remembered"): Promise<void> {
    // Phones have one camera open at a time: the old one must be let go before the new one is asked for.
    if (ids.audio !== null) this.#setAudio(null);
    if (ids.video !== null) await this.#setVideo(null);
    this.asking.value = true;
    const got = await acquire({ ...ids, preset: preset("standard"), as });
    this.asking.value = false;
    // Left, or switched off, while the dialog was open.
    if (this.#closed) got.audio?.stop();
    if (this.#closed || !this.cameraOn.value) got.video?.stop();
    if (this.#closed) return;
    this.troubles.value = got.troubles;
    if (ids.audio !== null) this.#setAudio(got.audio);
    if (ids.video !== null) await this.#setVideo(this.cameraOn.value ? got.video : null);
    if (as === "chosen") this.#remember();
    await this.#refreshDevices();
  }

  #setAudio(track: MediaStreamTrack | null): void {
    this.audio.value?.stop();
    this.level.value?.close();
    if (track !== null) {
      track.enabled = this.micOn.value;
      this.#replaceWhenGone(track, "audio");
    }
    this.audio.value = track;
    this.level.value = track === null ? null : levelMeter(track);
  }

  #setVideo(track: MediaStreamTrack | null): Promise<void> {
    this.camera.value?.stop();
    if (track !== null) this.#replaceWhenGone(track, "video");
    this.camera.value = track;
    return this.#show(track);
  }

  /** Decides what others see of the camera. Who asked for a blur is never shown without it, not even while it is fetched. */
  async #show(camera: MediaStreamTrack | null): Promise<void> {
    const turn = ++this.#turn;
    this.#blurred?.close();
    this.#blurred = null;
    if (camera === null || this.blur.value === "off") {
      this.video.value = camera;
      return;
    }
    this.video.value = null;
    this.blur.value = "fetching";
    try {
      const blurred = await blurBackground(camera, detour);
      // Something else was chosen while it was on its way.
      if (turn !== this.#turn) {
        blurred.close();
        return;
      }
      this.#blurred = blurred;
      this.blur.value = "on";
      this.video.value = blurred.track;
    } catch {
      if (turn === this.#turn) this.blur.value = "failed";
    }
  }

  /** What nobody at this machine sees costs it nothing; others keep the last picture. */
  readonly #pause = (): void => this.#blurred?.pause(document.visibilityState === "hidden");

  /** Unplugged, or taken back in the browser's own menu: what else there is takes its place. `stop` does not come here. */
  #replaceWhenGone(track: MediaStreamTrack, kind: Kind): void {
    track.addEventListener("ended", () => {
      if ((kind === "audio" ? this.audio : this.camera).value === track) void this.#acquire({ audio: null, video: null, [kind]: "" }, "remembered");
    });
  }

  async #refreshDevices(): Promise<void> {
    this.devices.value = await listDevices();
  }

  #remember(): void {
    rememberDevices({
      microphone: this.#wanted.audio,
      camera: this.#wanted.video,
      speaker: this.speaker.value,
      micOn: this.micOn.value,
      cameraOn: this.cameraOn.value,
      blur: this.blur.value !== "off",
    });
  }
}

function detour(): { video: HTMLVideoElement; canvas: HTMLCanvasElement } {
  return { video: document.createElement("video"), canvas: document.createElement("canvas") };
}
