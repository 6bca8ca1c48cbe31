// A microphone's track with the noise around a voice taken away, as another track. What it needs is fetched when it is first wanted.

import wasm from "@sapphi-red/web-noise-suppressor/rnnoise_simd.wasm?url";
import { RATE } from "./rnnoise";
import worklet from "./worklet?worker&url";
import type { Options } from "./worklet";

export type Quiet = { track: MediaStreamTrack; close: () => void };

/** A page without a microphone in use may have to wait for a press before it may make sound; one with a microphone need not. */
const STARTS_WITHIN_MS = 2000;

export const canSuppressNoise = (): boolean => "AudioWorkletNode" in globalThis && "WebAssembly" in globalThis;

/** Fetches what can be run, and knows what it has fetched before. Handed in, because this folder knows no server. */
export type Fetch = (address: string) => Promise<WebAssembly.Module>;

/** Throws when it cannot be had. Closing leaves the microphone's own track running. */
export async function suppressNoise(microphone: MediaStreamTrack, fetched: Fetch): Promise<Quiet> {
  const module = await fetched(wasm);
  // The network knows this rate and no other; the browser converts.
  const context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
  try {
    await context.audioWorklet.addModule(worklet);
    await started(context);
    const source = context.createMediaStreamSource(new MediaStream([microphone]));
    const processorOptions: Options = { module };
    const node = new AudioWorkletNode(context, "weir-noise", {
      channelCount: 1,
      channelCountMode: "explicit",
      outputChannelCount: [1],
      processorOptions,
    });
    const out = context.createMediaStreamDestination();
    out.channelCount = 1;
    source.connect(node).connect(out);
    const [track] = out.stream.getAudioTracks();
    if (track === undefined) throw new Error("this browser makes no track of sound");
    return {
      track,
      close: () => {
        source.disconnect();
        track.stop();
        void context.close();
      },
    };
  } catch (cause) {
    void context.close();
    throw cause;
  }
}

async function started(context: AudioContext): Promise<void> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error("this browser does not let the page make sound yet")), STARTS_WITHIN_MS));
  await Promise.race([context.resume(), late]);
}
