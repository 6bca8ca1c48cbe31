// How many frames a second a machine can afford: a slow one shows fewer, and keeps most of a core for the rest of the meeting.

/** Of one core. The rest is for what else the worker's machine does with every frame: encoding it, and decoding everybody else. */
const SHARE = 0.6;
/** More than cameras give is work for nobody. */
const FRAME_MS_LEAST = 1000 / 31;

export class Pace {
  #nextMs = 0;

  admits(nowMs: number): boolean {
    return nowMs >= this.#nextMs;
  }

  /** The work on one frame began and ended; the next begins when it has cost its share. */
  spent(beganMs: number, endedMs: number): void {
    this.#nextMs = beganMs + Math.max(FRAME_MS_LEAST, (endedMs - beganMs) / SHARE);
  }
}
