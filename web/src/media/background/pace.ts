// How many frames a second a machine can afford, and how large: a slow one shows fewer, then smaller ones, and keeps most of a core for the
// rest of the meeting.

/** Of one core. The rest is for what else the worker's machine does with every frame: encoding it, and decoding everybody else. */
const SHARE = 0.6;
/** More than cameras give is work for nobody. */
const FRAME_MS_LEAST = 1000 / 31;
/** Below 15 frames a second lips and voice part: then a smaller picture that moves is worth more than a large one that does not. */
const FRAME_MS_MOST = 1000 / 15;
const SCALES = [1, 0.75, 0.5] as const;
/** Lines that are left in any case: the smallest layer that others are sent has a quarter of them. */
const LINES_LEAST = 360;
/** A step up makes at most 2.25 times as many pixels: who is three times as fast as need be can afford it, and does not fall back. */
const SPARE = 3;
/** Frames until a size is judged: the first ones of each are slow, because canvases are made anew. */
const SETTLED = 30;
/** And until a larger one is tried: pictures that keep changing their size are worse than small ones. */
const PATIENT = 300;
/** Of the average, that the last frame changes. */
const FRESH = 0.1;

export class Pace {
  #nextMs = 0;
  #costMs = 0;
  #frames = 0;
  #step = 0;

  /** How large the next frame is to be, of what the camera gives. */
  scaleOf(lines: number): number {
    return Math.min(1, Math.max(SCALES[this.#step] ?? 1, LINES_LEAST / lines));
  }

  admits(nowMs: number): boolean {
    return nowMs >= this.#nextMs;
  }

  /** The work on one frame began and ended; the next begins when it has cost its share. */
  spent(beganMs: number, endedMs: number): void {
    const cost = (endedMs - beganMs) / SHARE;
    this.#nextMs = beganMs + Math.max(FRAME_MS_LEAST, cost);
    this.#costMs = this.#frames === 0 ? cost : this.#costMs + FRESH * (cost - this.#costMs);
    this.#frames += 1;
    if (this.#frames > SETTLED && this.#costMs > FRAME_MS_MOST) this.#turnTo(this.#step + 1);
    else if (this.#frames > PATIENT && this.#costMs * SPARE < FRAME_MS_MOST) this.#turnTo(this.#step - 1);
  }

  #turnTo(step: number): void {
    const next = Math.min(SCALES.length - 1, Math.max(0, step));
    if (next === this.#step) return;
    this.#step = next;
    this.#frames = 0;
  }
}
