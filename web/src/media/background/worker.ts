// The worker's shell around `Composer`: takes frames, keeps the pace, hands pictures back.

import { Composer } from "./compose";
import type { FromWorker, ToWorker } from "./message";
import { Pace } from "./pace";

// The compiler's idea of a worker needs a library that contradicts the page's.
const page = self as unknown as { postMessage: (message: FromWorker, transfer: Transferable[]) => void };
const tell = (message: FromWorker, transfer: Transferable[] = []): void => page.postMessage(message, transfer);

const pace = new Pace();
let paused = false;

const making = Composer.fetched();
making.then(
  () => tell({ kind: "ready" }),
  (cause: unknown) => tell({ kind: "failed", why: String(cause) }),
);

self.onmessage = async ({ data }: MessageEvent<ToWorker>): Promise<void> => {
  const composer = await making;
  switch (data.kind) {
    case "behind":
      composer.putBehind(data.picture);
      return;
    case "streams":
      await pump(composer, data.frames.getReader(), data.pictures.getWriter());
      return;
    case "frame":
      if (draw(composer, data.frame)) {
        const picture = composer.canvas.transferToImageBitmap();
        tell({ kind: "picture", picture }, [picture]);
      } else tell({ kind: "passed" });
      return;
    case "pause":
      paused = data.paused;
      return;
    default:
      return data satisfies never;
  }
};

async function pump(composer: Composer, frames: ReadableStreamDefaultReader<VideoFrame>, pictures: WritableStreamDefaultWriter<VideoFrame>): Promise<void> {
  for (let next = await frames.read(); !next.done; next = await frames.read()) {
    const { timestamp } = next.value;
    if (draw(composer, next.value)) await pictures.write(new VideoFrame(composer.canvas, { timestamp }));
  }
  await pictures.close();
}

/** Frames that are not wanted are given back at once: a camera has only a few. */
function draw(composer: Composer, frame: VideoFrame | ImageBitmap): boolean {
  const began = performance.now();
  const wanted = !paused && pace.admits(began);
  if (wanted) {
    composer.draw(frame, began, pace.scaleOf("displayHeight" in frame ? frame.displayHeight : frame.height));
    pace.spent(began, performance.now());
  }
  frame.close();
  return wanted;
}
