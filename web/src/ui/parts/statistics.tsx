// Statistics for reading: a word, a number, and the last minute as a line.

import type { JSX } from "preact";
import { KEPT } from "../../media/sampler";
import type { Sample } from "../../media/statistics";
import { bitrate, codec, milliseconds, percent, size } from "../words";
import { Sparkline } from "./sparkline";

export type Row = { label: string; value: string; line: number[]; top: number };

export function StatisticsPanel({ rows }: { rows: readonly Row[] }): JSX.Element {
  if (rows.length === 0) return <p class="secondary">The first numbers come in a moment.</p>;
  return (
    <dl class="statistics" data-testid="statistics">
      {rows.map((row) => (
        <div key={row.label}>
          <dt>{row.label}</dt>
          <dd>{row.value}</dd>
          {row.line.length > 0 && <Sparkline values={row.line} length={KEPT} top={row.top} />}
        </div>
      ))}
    </dl>
  );
}

export function sentRows(samples: readonly Sample[]): Row[] {
  const now = samples.at(-1);
  if (now === undefined) return [];
  return [
    row("Bitrate", bitrate(now.videoKbps + now.audioKbps), samples, (s) => s.videoKbps + s.audioKbps, 100),
    ...pictureRows(now, samples),
    ...pathRows(now, samples),
  ];
}

export function receivedRows(samples: readonly Sample[]): Row[] {
  const now = samples.at(-1);
  if (now === undefined) return [];
  return [
    row("Picture", bitrate(now.videoKbps), samples, (s) => s.videoKbps, 100),
    row("Sound", bitrate(now.audioKbps), samples, (s) => s.audioKbps, 20),
    ...pictureRows(now, samples),
    ...pathRows(now, samples),
    ...(now.jitterMs === null ? [] : [row("Jitter", milliseconds(now.jitterMs), samples, (s) => s.jitterMs, 20)]),
    ...(now.bufferMs === null ? [] : [row("Buffer", milliseconds(now.bufferMs), samples, (s) => s.bufferMs, 100)]),
    ...(now.freezes === null ? [] : [row("Freezes", String(now.freezes), samples, (s) => s.freezes, 3)]),
    ...(now.streams.length === 0 ? [] : [fact("Codecs", [...new Set(now.streams.map((s) => (s.codec === null ? "?" : codec(s.codec))))].join(", "))]),
  ];
}

function pictureRows(now: Sample, samples: readonly Sample[]): Row[] {
  return [
    ...(now.fps === null ? [] : [row("Frame rate", `${Math.round(now.fps)} fps`, samples, (s) => s.fps, 30)]),
    ...(now.width === null || now.height === null ? [] : [row("Resolution", size(now.width, now.height), samples, (s) => s.height, 360)]),
  ];
}

function pathRows(now: Sample, samples: readonly Sample[]): Row[] {
  return [
    ...(now.rttMs === null ? [] : [row("Round trip", milliseconds(now.rttMs), samples, (s) => s.rttMs, 50)]),
    ...(now.loss === null ? [] : [row("Loss", percent(now.loss), samples, (s) => s.loss, 0.05)]),
    ...(now.path === null ? [] : [fact("Path", now.path)]),
  ];
}

const row = (label: string, value: string, samples: readonly Sample[], pick: (s: Sample) => number | null, top: number): Row => ({
  label,
  value,
  line: samples.map((s) => pick(s) ?? 0),
  top,
});

const fact = (label: string, value: string): Row => ({ label, value, line: [], top: 1 });
