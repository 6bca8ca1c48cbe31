// Browsers hand out sound in blocks of one length, the network wants another.

/** Takes blocks of any length and gives as many samples back, one frame later. */
export class Framer {
  readonly #clean: (frame: Float32Array) => void;
  /** Fills up; is cleaned when it is full. */
  readonly #next: Float32Array;
  #filled = 0;
  /** Has been cleaned, and is read where the next one is written. */
  readonly #ready: Float32Array;

  constructor(frame: number, clean: (frame: Float32Array) => void) {
    this.#clean = clean;
    this.#next = new Float32Array(frame);
    this.#ready = new Float32Array(frame);
  }

  push(input: Float32Array, output: Float32Array): void {
    for (let i = 0; i < output.length; i += 1) {
      output[i] = this.#ready[this.#filled] ?? 0;
      this.#next[this.#filled] = input[i] ?? 0;
      this.#filled += 1;
      if (this.#filled < this.#next.length) continue;
      this.#clean(this.#next);
      this.#ready.set(this.#next);
      this.#filled = 0;
    }
  }
}
