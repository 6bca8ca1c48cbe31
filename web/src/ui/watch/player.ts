// The video element as signals, and what can be done with it. Browsers differ in what they allow; that stays here.

import { signal } from "@preact/signals";

export class Player {
  readonly video: HTMLVideoElement;
  readonly #stage: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly paused = signal(false);
  readonly muted = signal(false);
  readonly volume = signal(1);
  /** Sound is off because the browser wants a click first. */
  readonly blocked = signal(false);
  readonly full = signal(false);
  readonly pip = signal(false);
  /** A frame has been shown of the current stream. */
  readonly showing = signal(false);
  readonly #events = new AbortController();

  constructor(video: HTMLVideoElement, stage: HTMLElement, canvas: HTMLCanvasElement) {
    this.video = video;
    this.#stage = stage;
    this.#canvas = canvas;
    const on = (target: EventTarget, type: string, then: () => void): void =>
      target.addEventListener(type, then, { signal: this.#events.signal });
    on(video, "volumechange", () => {
      this.muted.value = video.muted;
      this.volume.value = video.volume;
      if (!video.muted) this.blocked.value = false;
    });
    on(video, "play", () => (this.paused.value = false));
    on(video, "pause", () => (this.paused.value = true));
    on(video, "playing", () => (this.showing.value = true));
    on(video, "enterpictureinpicture", () => (this.pip.value = true));
    on(video, "leavepictureinpicture", () => (this.pip.value = false));
    on(document, "fullscreenchange", () => (this.full.value = document.fullscreenElement !== null));
  }

  close(): void {
    this.#events.abort();
    this.video.srcObject = null;
  }

  /** Plays with sound when the browser lets us, without when not: a silent picture beats a black one. */
  async show(stream: MediaStream): Promise<void> {
    const wanted = !this.paused.value;
    this.video.srcObject = stream;
    if (!wanted) return;
    try {
      await this.video.play();
    } catch (cause) {
      if (!(cause instanceof DOMException) || cause.name !== "NotAllowedError") return;
      this.video.muted = true;
      this.blocked.value = true;
      await this.video.play().catch(() => (this.paused.value = true));
    }
  }

  /** Keeps the last frame on a canvas: elements drop theirs when a stream ends or is exchanged. */
  freeze(): void {
    this.showing.value = false;
    const { videoWidth, videoHeight } = this.video;
    if (videoWidth === 0) return;
    this.#canvas.width = videoWidth;
    this.#canvas.height = videoHeight;
    this.#canvas.getContext("2d")?.drawImage(this.video, 0, 0);
  }

  /** Frames come again on the same stream, which fires no event. */
  thaw(): void {
    this.showing.value = this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  readonly togglePlay = (): void => {
    if (this.video.paused) void this.video.play().catch(() => undefined);
    else this.video.pause();
  };

  readonly toggleMute = (): void => {
    this.video.muted = !this.video.muted;
    if (!this.video.muted && this.video.volume === 0) this.video.volume = 0.5;
  };

  readonly setVolume = (volume: number): void => {
    this.video.volume = Math.min(1, Math.max(0, volume));
    this.video.muted = this.video.volume === 0;
  };

  get canPip(): boolean {
    return document.pictureInPictureEnabled;
  }

  readonly togglePip = (): void => {
    if (!this.canPip) return;
    const done = document.pictureInPictureElement === this.video ? document.exitPictureInPicture() : this.video.requestPictureInPicture();
    // Refused before the first frame; the button is still there afterwards.
    void done.catch(() => undefined);
  };

  readonly toggleFull = (): void => {
    if (document.fullscreenElement !== null) return void document.exitFullscreen();
    if ("requestFullscreen" in this.#stage) return void this.#stage.requestFullscreen().catch(() => undefined);
    // iPhones know full screen for video elements only.
    (this.video as HTMLVideoElement & { webkitEnterFullscreen?: () => void }).webkitEnterFullscreen?.();
  };
}
