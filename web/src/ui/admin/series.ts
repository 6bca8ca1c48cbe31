// Numbers over the last minutes, and the line that they make. Knows no server and no page.

export type Point = { atMs: number; value: number };
export type Series = readonly Point[];

/** What a plot shows, and what is kept for it. */
export const SPAN_MS = 5 * 60_000;

/** Samples come every two seconds; a longer gap is one, and no line is drawn over it. */
const GAP_MS = 10_000;

export function pushed(series: Series, point: Point): Series {
  return [...series.filter(({ atMs }) => atMs > point.atMs - SPAN_MS), point];
}

export const highest = (series: Series): number => series.reduce((most, { value }) => Math.max(most, value), 0);

/** Lines in a box of 100 × 32, newest right, as the points of polylines. `top` is the least that fills the height. */
export function lines(series: Series, nowMs: number, top: number): string[] {
  const most = Math.max(top, highest(series));
  const parts: string[][] = [];
  let before: Point | null = null;
  for (const point of series) {
    const x = 100 - ((nowMs - point.atMs) / SPAN_MS) * 100;
    if (x < 0) continue;
    const y = most > 0 ? 31 - (point.value / most) * 29 : 31;
    if (before === null || point.atMs - before.atMs > GAP_MS) parts.push([]);
    parts.at(-1)?.push(`${x.toFixed(2)},${y.toFixed(2)}`);
    before = point;
  }
  return parts.filter((part) => part.length > 1).map((part) => part.join(" "));
}
