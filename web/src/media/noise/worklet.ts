// Runs where sound is made, in steps of a few milliseconds. Nothing here may wait.

import { Framer } from "./framer";
import { FRAME, Rnnoise } from "./rnnoise";

export type Options = { module: WebAssembly.Module };

// The compiler's library does not know the world inside a worklet.
type Processor = { readonly port: MessagePort };
declare const AudioWorkletProcessor: new () => Processor;
declare function registerProcessor(name: string, processor: new (options: { processorOptions: Options }) => Processor): void;

class Suppressor extends AudioWorkletProcessor {
  readonly #framer: Framer;

  constructor({ processorOptions }: { processorOptions: Options }) {
    super();
    const rnnoise = new Rnnoise(processorOptions.module);
    this.#framer = new Framer(FRAME, (frame) => rnnoise.clean(frame));
  }

  process([input]: Float32Array[][], [output]: Float32Array[][]): boolean {
    const [out] = output ?? [];
    // A microphone that has ended gives no channel: then it is silent.
    if (out !== undefined) this.#framer.push(input?.[0] ?? new Float32Array(out.length), out);
    return true;
  }
}

registerProcessor("weir-noise", Suppressor);
