// Asks a peer connection for statistics once a second and keeps the last minute.

import { digest, snapshot, type Report, type Sample, type Snapshot } from "./statistics";

export const KEPT = 60;
const EVERY_MS = 1_000;

export type Sampler = { close: () => void };

/** `current` may name another connection each time: rates restart with it. */
export function sampler(current: () => RTCPeerConnection | null, tell: (sample: Sample) => void): Sampler {
  let before: Snapshot | null = null;
  let measured: RTCPeerConnection | null = null;
  const timer = setInterval(() => {
    const pc = current();
    if (pc === null) return;
    if (pc !== measured) before = null;
    measured = pc;
    void pc.getStats().then((stats) => {
      if (pc !== current()) return;
      const now = snapshot(reportsOf(stats));
      if (before !== null) tell(digest(before, now));
      before = now;
    });
  }, EVERY_MS);
  return { close: () => clearInterval(timer) };
}

export function reportsOf(stats: RTCStatsReport): Report[] {
  const reports: Report[] = [];
  stats.forEach((report) => reports.push(report as Report));
  return reports;
}
