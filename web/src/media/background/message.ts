// What the page and the worker that hides backgrounds say to each other.

export type ToWorker =
  /** What is to be seen behind the person; null blurs what is there. The first one comes before the first frame. */
  | { kind: "behind"; picture: ImageBitmap | null }
  /** Frames in and out as streams, where the browser has them. */
  | { kind: "streams"; frames: ReadableStream<VideoFrame>; pictures: WritableStream<VideoFrame> }
  /** One frame at a time elsewhere; each is answered by a picture, or by `passed` when the machine cannot afford it. */
  | { kind: "frame"; frame: ImageBitmap }
  | { kind: "pause"; paused: boolean };

export type FromWorker = { kind: "ready" } | { kind: "failed"; why: string } | { kind: "picture"; picture: ImageBitmap } | { kind: "passed" };
