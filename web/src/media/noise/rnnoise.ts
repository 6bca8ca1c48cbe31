// RNNoise, as WebAssembly: a small recurrent network that knows voices, and takes away what is none.

export const RATE = 48_000;
/** Ten milliseconds: what the network looks at each time. */
export const FRAME = 480;
/** It was made for the whole numbers of a sound card. */
const FULL = 32_768;

type Exports = {
  memory: WebAssembly.Memory;
  __wasm_call_ctors: () => void;
  rnnoise_create: (model: number) => number;
  rnnoise_process_frame: (state: number, out: number, input: number) => number;
  malloc: (bytes: number) => number;
};

/** One voice. What it has heard so far is in it, so each has its own. */
export class Rnnoise {
  readonly #exports: Exports;
  readonly #state: number;
  readonly #frame: number;

  constructor(module: WebAssembly.Module) {
    const refuse = (): never => {
      throw new Error("RNNoise has found itself broken");
    };
    const { exports } = new WebAssembly.Instance(module, {
      env: {
        emscripten_memcpy_big: (to: number, from: number, bytes: number): void => void new Uint8Array(this.#exports.memory.buffer).copyWithin(to, from, from + bytes),
        // Its memory is large enough for one voice; it asks for no more.
        emscripten_resize_heap: (): number => 0,
        __assert_fail: refuse,
      },
    });
    this.#exports = exports as Exports;
    this.#exports.__wasm_call_ctors();
    this.#state = this.#exports.rnnoise_create(0);
    this.#frame = this.#exports.malloc(FRAME * Float32Array.BYTES_PER_ELEMENT);
    if (this.#state === 0 || this.#frame === 0) refuse();
  }

  /** Cleans `FRAME` samples between -1 and 1, in place. */
  clean(samples: Float32Array): void {
    const { memory, rnnoise_process_frame } = this.#exports;
    const frame = new Float32Array(memory.buffer, this.#frame, FRAME);
    for (let i = 0; i < FRAME; i += 1) frame[i] = (samples[i] ?? 0) * FULL;
    rnnoise_process_frame(this.#state, this.#frame, this.#frame);
    for (let i = 0; i < FRAME; i += 1) samples[i] = (frame[i] ?? 0) / FULL;
  }
}
