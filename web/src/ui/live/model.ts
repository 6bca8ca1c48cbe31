// What a publisher's page knows and can do. Holds the tracks and the connection; draws nothing.

import { computed, signal } from "@preact/signals";
import { codecNames, sendable } from "../../media/codecs";
import { acquire, acquireScreen, deviceIdOf, listDevices, NO_DEVICES, onDevicesChange, type Devices, type Kind, type Trouble, type Wish } from "../../media/devices";
import { levelMeter, type LevelMeter } from "../../media/level";
import { addSenders, replaceTrack } from "../../media/publish";
import { preset, type PresetId } from "../../media/quality";
import { KEPT, sampler, type Sampler } from "../../media/sampler";
import type { Sample } from "../../media/statistics";
import { Connection, type State } from "../../protocol/connection";
import { roomNameProblem, whipEndpoint } from "../../protocol/room";
import { expose } from "../debug";
import { token } from "../token";

/** Where the picture comes from; a device id stands for a camera. */
export const SCREEN = "screen";
export const NONE = "none";

export class LiveModel {
  readonly room = signal("");
  readonly presetId = signal<PresetId>("standard");
  readonly codec = signal(codecNames(sendable())[0] ?? "VP8");
  readonly simulcast = signal(true);

  readonly audio = signal<MediaStreamTrack | null>(null);
  readonly video = signal<MediaStreamTrack | null>(null);
  readonly screen = signal(false);
  readonly micOn = signal(true);
  readonly cameraOn = signal(true);
  readonly asking = signal(true);
  readonly devices = signal<Devices>(NO_DEVICES);
  readonly troubles = signal<Trouble[]>([]);
  readonly level = signal<LevelMeter | null>(null);

  /** Null while off air. */
  readonly state = signal<State | null>(null);
  readonly liveSinceMs = signal<number | null>(null);
  readonly samples = signal<readonly Sample[]>([]);

  readonly onAir = computed(() => this.state.value !== null && this.state.value.at !== "failed");
  readonly roomProblem = computed(() => roomNameProblem(this.room.value));
  readonly canGoLive = computed(
    () => this.roomProblem.value === null && (this.audio.value !== null || this.video.value !== null) && !this.asking.value,
  );

  #connection: Connection | null = null;
  #sampler: Sampler | null = null;
  #closed = false;
  readonly #forgetDevices: () => void;

  constructor() {
    this.#forgetDevices = onDevicesChange(() => void this.#refreshDevices());
    // The last thing a closing page can still do is to say goodbye; without it viewers stare at a frozen picture.
    window.addEventListener("pagehide", this.stop);
    expose(() => this.#connection?.pc ?? null);
  }

  close(): void {
    this.#closed = true;
    this.stop();
    this.#forgetDevices();
    window.removeEventListener("pagehide", this.stop);
    this.#setAudio(null);
    this.#setVideo(null);
  }

  /** Asks for a camera and a microphone; what is missing or refused is said in `troubles`. */
  readonly ask = async (): Promise<void> => {
    this.asking.value = true;
    const got = await acquire({ audio: "", video: "", preset: preset(this.presetId.value), as: "remembered" });
    this.asking.value = false;
    if (this.#closed) {
      release(got.audio, got.video);
      return;
    }
    this.troubles.value = got.troubles;
    this.screen.value = false;
    this.#setAudio(got.audio);
    this.#setVideo(got.video);
    await this.#refreshDevices();
  };

  readonly chooseMicrophone = (id: string): Promise<void> => this.#choose("audio", id);

  readonly chooseVideo = async (id: string): Promise<void> => {
    if (id !== SCREEN) {
      this.screen.value = false;
      return this.#choose("video", id);
    }
    const got = await acquireScreen(preset(this.presetId.value));
    if ("reason" in got) return void (this.troubles.value = [got]);
    if (this.#closed) {
      release(got.video, got.audio);
      return;
    }
    this.troubles.value = [];
    this.screen.value = true;
    // The browser has its own "stop sharing" button.
    got.video.addEventListener("ended", () => {
      if (this.video.value === got.video) void this.chooseVideo("");
    });
    this.#setVideo(got.video);
    await this.#replace("video", got.video);
    if (got.audio === null) return;
    if (this.audio.value !== null) {
      got.audio.stop();
      return;
    }
    this.#setAudio(got.audio);
    await this.#replace("audio", got.audio);
  };

  readonly toggleMic = (): void => {
    this.micOn.value = !this.micOn.value;
    if (this.audio.value !== null) this.audio.value.enabled = this.micOn.value;
  };

  readonly toggleCamera = (): void => {
    this.cameraOn.value = !this.cameraOn.value;
    if (this.video.value !== null) this.video.value.enabled = this.cameraOn.value;
  };

  readonly chooseQuality = (id: string): void => {
    this.presetId.value = id as PresetId;
    const { width, height, frameRate } = preset(this.presetId.value);
    if (this.screen.value) return;
    // A camera that cannot do it stays as it is; the sender scales and caps anyhow.
    void this.video.value
      ?.applyConstraints({ width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: frameRate } })
      .catch(() => undefined);
  };

  readonly goLive = (): void => {
    if (!this.canGoLive.value || this.onAir.value) return;
    this.samples.value = [];
    this.state.value = { at: "connecting" };
    const connection = new Connection(
      {
        side: "publish",
        endpoint: new URL(whipEndpoint(this.room.value), location.href),
        token: token.value,
        // Runs again for each new session, with the tracks of that moment.
        prepare: (pc) =>
          addSenders(pc, {
            audio: this.audio.value,
            video: this.video.value,
            codec: this.codec.value,
            simulcast: this.simulcast.value,
            preset: preset(this.presetId.value),
          }),
      },
      (state) => this.#hear(state),
    );
    this.#connection = connection;
    this.#sampler = sampler(
      () => connection.pc,
      (sample) => (this.samples.value = [...this.samples.value.slice(1 - KEPT), sample]),
    );
  };

  readonly stop = (): void => {
    this.#connection?.close();
    this.#connection = null;
    this.#sampler?.close();
    this.#sampler = null;
    this.state.value = null;
    this.liveSinceMs.value = null;
  };

  #hear(state: State): void {
    if (state.at === "closed") return;
    this.state.value = state;
    if (state.at === "connected") this.liveSinceMs.value ??= performance.now();
    if (state.at === "failed") {
      this.#sampler?.close();
      this.liveSinceMs.value = null;
    }
  }

  async #choose(kind: Kind, id: string): Promise<void> {
    const set = kind === "audio" ? this.#setAudio : this.#setVideo;
    if (id === NONE) {
      set(null);
      return;
    }
    // Phones have one camera open at a time: the old one must be let go before the new one is asked for.
    set(null);
    const wish: Wish = { audio: null, video: null, preset: preset(this.presetId.value), as: "chosen", [kind]: id };
    const got = await acquire(wish);
    if (this.#closed) {
      release(got.audio, got.video);
      return;
    }
    this.troubles.value = got.troubles;
    const track = got[kind];
    set(track);
    if (track !== null) await this.#replace(kind, track);
    await this.#refreshDevices();
  }

  async #replace(kind: Kind, track: MediaStreamTrack): Promise<void> {
    const pc = this.#connection?.pc ?? null;
    if (pc !== null) await replaceTrack(pc, kind, track);
  }

  readonly #setAudio = (track: MediaStreamTrack | null): void => {
    this.audio.value?.stop();
    this.level.value?.close();
    if (track !== null) track.enabled = this.micOn.value;
    this.audio.value = track;
    this.level.value = track === null ? null : levelMeter(track);
  };

  readonly #setVideo = (track: MediaStreamTrack | null): void => {
    this.video.value?.stop();
    if (track !== null) track.enabled = this.cameraOn.value;
    this.video.value = track;
  };

  async #refreshDevices(): Promise<void> {
    this.devices.value = await listDevices();
  }

  get microphoneId(): string {
    return this.audio.value === null ? NONE : deviceIdOf(this.audio.value);
  }

  get videoId(): string {
    if (this.screen.value) return SCREEN;
    return this.video.value === null ? NONE : deviceIdOf(this.video.value);
  }
}

function release(...tracks: (MediaStreamTrack | null)[]): void {
  for (const track of tracks) track?.stop();
}
