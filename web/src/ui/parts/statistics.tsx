// Statistics for reading: a word, a number, and the last minute as a line.

import type { JSX } from "preact";
import { KEPT } from "../../media/sampler";
import type { Sample } from "../../media/statistics";
import { streams } from "../streams";
import { bitrate, codec, milliseconds, percent, size } from "../words";
import { Sparkline } from "./sparkline";

export type Row = { label: string; value: string; line: number[]; top: number };

export function StatisticsPanel({ rows }: { rows: readonly Row[] }): JSX.Element {
  if (rows.length === 0) return <p class="secondary">{streams.value.statistics.soon}</p>;
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
  const w = streams.value.statistics;
  return [
    row(w.bitrate, bitrate(now.videoKbps + now.audioKbps), samples, (s) => s.videoKbps + s.audioKbps, 100),
    ...pictureRows(now, samples),
    ...pathRows(now, samples),
  ];
}

export function receivedRows(samples: readonly Sample[]): Row[] {
  const now = samples.at(-1);
  if (now === undefined) return [];
  const w = streams.value.statistics;
  return [
    row(w.picture, bitrate(now.videoKbps), samples, (s) => s.videoKbps, 100),
    row(w.sound, bitrate(now.audioKbps), samples, (s) => s.audioKbps, 20),
    ...pictureRows(now, samples),
    ...pathRows(now, samples),
    ...(now.jitterMs === null ? [] : [row(w.jitter, milliseconds(now.jitterMs), samples, (s) => s.jitterMs, 20)]),
    ...(now.bufferMs === null ? [] : [row(w.buffer, milliseconds(now.bufferMs), samples, (s) => s.bufferMs, 100)]),
    ...(now.freezes === null ? [] : [row(w.freezes, String(now.freezes), samples, (s) => s.freezes, 3)]),
    ...(now.streams.length === 0 ? [] : [fact(w.codecs, [...new Set(now.streams.map((s) => (s.codec === null ? "?" : codec(s.codec))))].join(", "))]),
  ];
}

function pictureRows(now: Sample, samples: readonly Sample[]): Row[] {
  const w = streams.value.statistics;
  return [
    ...(now.fps === null ? [] : [row(w.rate, `${Math.round(now.fps)} fps`, samples, (s) => s.fps, 30)]),
    ...(now.width === null || now.height === null ? [] : [row(w.resolution, size(now.width, now.height), samples, (s) => s.height, 360)]),
  ];
}

function pathRows(now: Sample, samples: readonly Sample[]): Row[] {
  const w = streams.value.statistics;
  return [
    ...(now.rttMs === null ? [] : [row(w.roundTrip, milliseconds(now.rttMs), samples, (s) => s.rttMs, 50)]),
    ...(now.loss === null ? [] : [row(w.loss, percent(now.loss), samples, (s) => s.loss, 0.05)]),
    ...(now.path === null ? [] : [fact(w.path, now.path)]),
  ];
}

const row = (label: string, value: string, samples: readonly Sample[], pick: (s: Sample) => number | null, top: number): Row => ({
  label,
  value,
  line: samples.map((s) => pick(s) ?? 0),
  top,
});

const fact = (label: string, value: string): Row => ({ label, value, line: [], top: 1 });
