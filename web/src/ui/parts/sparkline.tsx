import type { JSX } from "preact";

/** The last minute as a line, newest right. The number beside it is what is read out. */
export function Sparkline({ values, length, top = 0 }: { values: readonly number[]; length: number; top?: number }): JSX.Element {
  const points = sparkline(values, length, top);
  return (
    <svg class="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {points !== "" && <polyline points={points} />}
    </svg>
  );
}

/** `top` is the least that fills the height, so that noise around zero does not look like a storm. */
export function sparkline(values: readonly number[], length: number, top: number): string {
  if (values.length < 2) return "";
  const highest = Math.max(top, ...values);
  const step = 100 / (length - 1);
  const start = 100 - (values.length - 1) * step;
  return values
    .map((value, i) => {
      const y = highest > 0 ? 22.5 - (value / highest) * 21 : 22.5;
      return `${(start + i * step).toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}
