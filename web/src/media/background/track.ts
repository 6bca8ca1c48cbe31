// A camera's track with something else behind the person, as another track. The work is done by a worker that is fetched when it is first
// wanted.

import type { FromWorker, ToWorker } from "./message";

/** Null blurs what is there. A picture is handed over, and is the worker's from then on. */
export type Behind = ImageBitmap | null;

export type Hidden = { track: MediaStreamTrack; putBehind: (picture: Behind) => void; pause: (paused: boolean) => void; close: () => void };

/** What browsers without streams of frames go through. They are handed in, because this folder knows no page. */
export type Detour = () => { video: HTMLVideoElement; canvas: HTMLCanvasElement };

// Chrome has both in windows; the compiler's library has neither.
type Streams = {
  MediaStreamTrackProcessor?: new (options: { track: MediaStreamTrack }) => { readable: ReadableStream<VideoFrame> };
  MediaStreamTrackGenerator?: new (options: { kind: "video" }) => MediaStreamTrack & { writable: WritableStream<VideoFrame> };
};
const { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator } = globalThis as Streams;

export const canHideBackground = (): boolean => "OffscreenCanvas" in globalThis && "WebAssembly" in globalThis && "requestVideoFrameCallback" in HTMLVideoElement.prototype;

/** Throws when the worker cannot be had. Closing leaves the camera's own track running. */
export async function hideBackground(camera: MediaStreamTrack, behind: Behind, detour: Detour): Promise<Hidden> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const send = (message: ToWorker, transfer: Transferable[] = []): void => worker.postMessage(message, transfer);
  try {
    await ready(worker);
  } catch (cause) {
    worker.terminate();
    throw cause;
  }
  const putBehind = (picture: Behind): void => send({ kind: "behind", picture }, picture === null ? [] : [picture]);
  putBehind(behind);
  const { track, end } = Processor !== undefined && Generator !== undefined ? byStreams(camera, Processor, Generator, send) : byFrames(camera, detour(), worker, send);
  return {
    track,
    putBehind,
    pause: (paused) => send({ kind: "pause", paused }),
    close: () => {
      end();
      track.stop();
      worker.terminate();
    },
  };
}

function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }: MessageEvent<FromWorker>): void => {
      if (data.kind === "ready") resolve();
      else if (data.kind === "failed") reject(new Error(data.why));
    };
  });
}

type Made = { track: MediaStreamTrack; end: () => void };
type Send = (message: ToWorker, transfer?: Transferable[]) => void;

function byStreams(camera: MediaStreamTrack, From: NonNullable<Streams["MediaStreamTrackProcessor"]>, To: NonNullable<Streams["MediaStreamTrackGenerator"]>, send: Send): Made {
  // A clone, because a processor's end is the end of its track.
  const source = camera.clone();
  const frames = new From({ track: source }).readable;
  const generator = new To({ kind: "video" });
  send({ kind: "streams", frames, pictures: generator.writable }, [frames, generator.writable]);
  return { track: generator, end: () => source.stop() };
}

function byFrames(camera: MediaStreamTrack, { video, canvas }: ReturnType<Detour>, worker: Worker, send: Send): Made {
  const out = canvas.getContext("bitmaprenderer");
  const [track] = canvas.captureStream().getVideoTracks();
  if (out === null || track === undefined) throw new Error("this browser makes no track of a canvas");
  let handle = 0;
  const next = (): void => void (handle = video.requestVideoFrameCallback(() => void grab().catch(next)));
  const grab = async (): Promise<void> => {
    const frame = await createImageBitmap(video);
    canvas.width = frame.width;
    canvas.height = frame.height;
    send({ kind: "frame", frame }, [frame]);
  };
  // One frame at a time is on its way: a queue would only make the picture late.
  worker.onmessage = ({ data }: MessageEvent<FromWorker>): void => {
    if (data.kind === "picture") out.transferFromImageBitmap(data.picture);
    next();
  };
  video.muted = true;
  video.srcObject = new MediaStream([camera]);
  void video.play().then(next, () => undefined);
  return {
    track,
    end: () => {
      video.cancelVideoFrameCallback(handle);
      video.srcObject = null;
    },
  };
}
