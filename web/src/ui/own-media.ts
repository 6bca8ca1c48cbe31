// Somebody's own camera, microphone and speaker: chosen before a meeting, and taken along into it. Owns the tracks; draws nothing.

import { computed, signal } from "@preact/signals";
import { hideBackground, type Hidden } from "../media/background/track";
import { acquire, deviceIdOf, listDevices, NO_DEVICES, onDevicesChange, type Devices, type Kind, type Noise, type Trouble } from "../media/devices";
import { levelMeter, type LevelMeter } from "../media/level";
import { suppressNoise, type Quiet } from "../media/noise/suppress";
import { preset } from "../media/quality";
import { fetchModule } from "../protocol/module";
import { behindOf, type Background } from "./background";
import { keepOwnPicture, NoPicture } from "./own-picture";
import { rememberDevices, rememberedDevices } from "./remembered";

export class OwnMedia {
  /** As the microphone hears it. */
  readonly microphone = signal<MediaStreamTrack | null>(null);
  /** What others are to hear. */
  readonly audio = signal<MediaStreamTrack | null>(null);
  /** As the camera sees it. */
  readonly camera = signal<MediaStreamTrack | null>(null);
  /** What others are to see: with the background that was asked for, and nothing before it is there. */
  readonly video = signal<MediaStreamTrack | null>(null);
  readonly background = signal<Background>("none");
  /** How it is with a background that is not the room's own. */
  readonly hiding = signal<"fetching" | "on" | "failed">("on");
  /** Why a file is not somebody's own picture. */
  readonly pictureProblem = signal<NoPicture["why"] | null>(null);
  readonly noise = signal<Noise>("browser");
  /** The strong way was asked for and cannot be had; the browser's own goes on. */
  readonly noiseFailed = signal(false);
  readonly micOn = signal(true);
  readonly cameraOn = signal(true);
  /** A dialog of the browser may be open. */
  readonly asking = signal(false);
  readonly devices = signal<Devices>(NO_DEVICES);
  readonly troubles = signal<readonly Trouble[]>([]);
  readonly level = signal<LevelMeter | null>(null);
  /** Empty for the system's own choice. */
  readonly speaker = signal("");

  readonly microphoneId = computed(() => deviceIdOf(this.microphone.value));
  readonly cameraId = computed(() => deviceIdOf(this.camera.value));

  #closed = false;
  #hidden: Hidden | null = null;
  #hiddenOf: MediaStreamTrack | null = null;
  #quiet: Quiet | null = null;
  /** Others see it too: then it goes on while nobody looks at this page. */
  #onAir = false;
  /** Grow with each change of what is shown, and heard: what took its time may find that it is not wanted any more. */
  #turn = 0;
  #voiceTurn = 0;
  /** What was chosen, also while it is off. */
  #wanted = { audio: "", video: "" };
  readonly #forgetDevices: () => void;

  constructor() {
    const last = rememberedDevices();
    this.#wanted = { audio: last.microphone, video: last.camera };
    this.micOn.value = last.micOn;
    this.cameraOn.value = last.cameraOn;
    this.speaker.value = last.speaker;
    this.background.value = last.background;
    this.noise.value = last.noise;
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

  readonly chooseBackground = async (wanted: Background): Promise<void> => {
    this.background.value = wanted;
    this.pictureProblem.value = null;
    this.#remember();
    await this.#show(this.camera.value);
  };

  /** A file to stand in front of. It is kept in this browser and nowhere else. */
  readonly chooseOwnPicture = async (file: Blob): Promise<void> => {
    try {
      await keepOwnPicture(file);
    } catch (cause) {
      if (!(cause instanceof NoPicture)) throw cause;
      this.pictureProblem.value = cause.why;
      return;
    }
    await this.chooseBackground("own");
  };

  readonly chooseNoise = async (wanted: Noise): Promise<void> => {
    this.noise.value = wanted;
    this.noiseFailed.value = false;
    this.#remember();
    // What the browser does about noise it is told when the microphone is opened; not all change their mind later.
    if (this.microphone.value !== null) await this.#acquire({ audio: this.#wanted.audio, video: null }, "remembered");
  };

  /** From here on somebody else may see it. */
  goOnAir(): void {
    this.#onAir = true;
    this.#hidden?.pause(false);
  }

  close(): void {
    this.#closed = true;
    document.removeEventListener("visibilitychange", this.#pause);
    this.#forgetDevices();
    void this.#setAudio(null);
    void this.#setVideo(null);
  }

  async #acquire(ids: Record<Kind, string | null>, as: "chosen" | "remembered"): Promise<void> {
    // Phones have one camera open at a time: the old one must be let go before the new one is asked for.
    if (ids.audio !== null) await this.#setAudio(null);
    if (ids.video !== null) await this.#setVideo(null);
    this.asking.value = true;
    const got = await acquire({ ...ids, preset: preset("standard"), as, noise: this.#noiseOfBrowser });
    this.asking.value = false;
    // Left, or switched off, while the dialog was open.
    if (this.#closed) got.audio?.stop();
    if (this.#closed || !this.cameraOn.value) got.video?.stop();
    if (this.#closed) return;
    this.troubles.value = got.troubles;
    // At once: what one of them has to fetch is no reason for the other to wait.
    const heard = ids.audio === null ? null : this.#setAudio(got.audio);
    const seen = ids.video === null ? null : this.#setVideo(this.cameraOn.value ? got.video : null);
    await Promise.all([heard, seen]);
    if (as === "chosen") this.#remember();
    await this.#refreshDevices();
  }

  /** What cannot be done here the browser does. */
  get #noiseOfBrowser(): Noise {
    return this.noise.value === "strong" && this.noiseFailed.value ? "browser" : this.noise.value;
  }

  async #setAudio(track: MediaStreamTrack | null): Promise<void> {
    const turn = ++this.#voiceTurn;
    this.microphone.value?.stop();
    this.level.value?.close();
    this.level.value = null;
    this.#quiet?.close();
    this.#quiet = null;
    this.audio.value = null;
    this.microphone.value = track;
    if (track === null) return;
    this.#replaceWhenGone(track, "audio");
    let heard = track;
    if (this.#noiseOfBrowser === "strong") {
      const quiet = await suppressNoise(track, fetchModule).catch(() => null);
      // Something else was chosen while it was on its way.
      if (turn !== this.#voiceTurn) {
        quiet?.close();
        return;
      }
      if (quiet === null) {
        this.noiseFailed.value = true;
        return this.#acquire({ audio: this.#wanted.audio, video: null }, "remembered");
      }
      this.#quiet = quiet;
      heard = quiet.track;
    }
    heard.enabled = this.micOn.value;
    this.audio.value = heard;
    this.level.value = levelMeter(heard);
  }

  #setVideo(track: MediaStreamTrack | null): Promise<void> {
    this.camera.value?.stop();
    if (track !== null) this.#replaceWhenGone(track, "video");
    this.camera.value = track;
    return this.#show(track);
  }

  /** Decides what others see of the camera. Who asked for another background is never shown without it, not even while it is fetched. */
  async #show(camera: MediaStreamTrack | null): Promise<void> {
    const turn = ++this.#turn;
    const background = this.background.value;
    if (camera === null || background === "none") {
      this.#unhide();
      this.video.value = camera;
      return;
    }
    // From one picture to another nothing else changes.
    const goesOn = this.#hiddenOf === camera ? this.#hidden : null;
    if (goesOn === null) {
      this.#unhide();
      this.video.value = null;
      this.hiding.value = "fetching";
    }
    try {
      const behind = await behindOf(background);
      if (turn !== this.#turn) {
        behind?.close();
        return;
      }
      if (goesOn !== null) {
        goesOn.putBehind(behind);
        return;
      }
      const hidden = await hideBackground(camera, behind, detour);
      // Something else was chosen while it was on its way.
      if (turn !== this.#turn) {
        hidden.close();
        return;
      }
      this.#hidden = hidden;
      this.#hiddenOf = camera;
      this.hiding.value = "on";
      this.video.value = hidden.track;
      this.#pause();
    } catch {
      if (turn !== this.#turn) return;
      this.#unhide();
      this.video.value = null;
      this.hiding.value = "failed";
    }
  }

  #unhide(): void {
    this.#hidden?.close();
    this.#hidden = null;
    this.#hiddenOf = null;
    this.hiding.value = "on";
  }

  /** Before a meeting, what nobody looks at costs nothing. In one, others look. */
  readonly #pause = (): void => this.#hidden?.pause(!this.#onAir && document.visibilityState === "hidden");

  /** Unplugged, or taken back in the browser's own menu: what else there is takes its place. `stop` does not come here. */
  #replaceWhenGone(track: MediaStreamTrack, kind: Kind): void {
    track.addEventListener("ended", () => {
      if ((kind === "audio" ? this.microphone : this.camera).value === track) void this.#acquire({ audio: null, video: null, [kind]: "" }, "remembered");
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
      background: this.background.value,
      noise: this.noise.value,
    });
  }
}

function detour(): { video: HTMLVideoElement; canvas: HTMLCanvasElement } {
  return { video: document.createElement("video"), canvas: document.createElement("canvas") };
}
