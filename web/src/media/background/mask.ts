// From how sure the model is to how much of a person is shown, pixel by pixel.

/** Below this it is background, above the other it is a person; between them the edge is soft. */
const SURELY_NOT = 0.25;
const SURELY = 0.7;
/** Of the picture before: hair and fingers flicker less, and a hand that waves leaves no trail. */
const KEPT = 0.35;

/** Writes alpha into `pixels` (RGBA); `shown` holds what was shown last and is brought up to date. */
export function blend(confidence: Float32Array, shown: Float32Array, pixels: Uint8ClampedArray): void {
  for (let i = 0; i < shown.length; i += 1) {
    const sure = Math.min(1, Math.max(0, ((confidence[i] ?? 0) - SURELY_NOT) / (SURELY - SURELY_NOT)));
    const now = KEPT * (shown[i] ?? 0) + (1 - KEPT) * sure;
    shown[i] = now;
    pixels[4 * i + 3] = Math.round(255 * now);
  }
}
