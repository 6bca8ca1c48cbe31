import type { JSX } from "preact";
import { highest, lines, type Series } from "./series";
import { words } from "./words";

type PlotProps = {
  label: string;
  value: string;
  note?: string;
  series: Series;
  /** The least that fills the height: noise around zero is no storm. */
  top: number;
  write: (value: number) => string;
  testid?: string;
};

/** A number, and how it was over the last minutes. Eyes see the line; readers hear the number and the highest. */
export function Plot({ label, value, note, series, top, write, testid }: PlotProps): JSX.Element {
  const w = words.value;
  const nowMs = series.at(-1)?.atMs ?? 0;
  return (
    <div class="plot" data-testid={testid}>
      <p class="plot-label">{label}</p>
      <p class="plot-value">
        <strong>{value}</strong>
        {note !== undefined && <span>{note}</span>}
      </p>
      <svg viewBox="0 0 100 32" preserveAspectRatio="none" role="img" aria-label={`${label}, ${w.minutes}: ${w.most(write(highest(series)))}`}>
        <line class="axis" x1="0" y1="31.5" x2="100" y2="31.5" />
        {lines(series, nowMs, top).map((points, part) => (
          <polyline key={part} points={points} />
        ))}
      </svg>
    </div>
  );
}
