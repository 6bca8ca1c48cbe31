// What the page has seen of the node and its workers, for the plots: the server keeps no history.

import type { AdminOverview, AdminSessionView, AdminWorker } from "../../protocol/generated/api";
import { pushed, type Series } from "./series";

export type Load = { out: Series; in: Series; cpu: Series; sessions: Series };
export type History = { node: Load; workers: ReadonlyMap<number, Load> };
export type SessionHistory = { id: string; kbps: Series; loss: Series; rtt: Series };

const NOTHING: Load = { out: [], in: [], cpu: [], sessions: [] };
export const NO_HISTORY: History = { node: NOTHING, workers: new Map() };

export function seen(history: History, overview: AdminOverview, atMs: number): History {
  const workers = overview.workers.map((worker) => [worker.id, grown(history.workers.get(worker.id) ?? NOTHING, worker, atMs)] as const);
  return { node: grown(history.node, total(overview.workers), atMs), workers: new Map(workers) };
}

/** Another session has no past here. */
export function followed(history: SessionHistory | null, { session }: AdminSessionView, atMs: number): SessionHistory {
  const before = history?.id === session.id ? history : { id: session.id, kbps: [], loss: [], rtt: [] };
  return {
    id: session.id,
    kbps: pushed(before.kbps, { atMs, value: session.kbps }),
    loss: pushed(before.loss, { atMs, value: session.loss_percent }),
    rtt: session.rtt_ms === null ? before.rtt : pushed(before.rtt, { atMs, value: session.rtt_ms }),
  };
}

export type Sum = Omit<AdminWorker, "id">;

/** All workers as one; the shares of cores add up. */
export function total(workers: readonly AdminWorker[]): Sum {
  const sum = (pick: (worker: AdminWorker) => number): number => workers.reduce((all, worker) => all + pick(worker), 0);
  return {
    publishers: sum((w) => w.publishers),
    viewers: sum((w) => w.viewers),
    pulls: sum((w) => w.pulls),
    packets_in_per_s: sum((w) => w.packets_in_per_s),
    packets_out_per_s: sum((w) => w.packets_out_per_s),
    kbps_in: sum((w) => w.kbps_in),
    kbps_out: sum((w) => w.kbps_out),
    cpu_percent: sum((w) => w.cpu_percent),
    drops_per_s: sum((w) => w.drops_per_s),
    repairs_per_s: sum((w) => w.repairs_per_s),
  };
}

export const sessionsOf = ({ publishers, viewers, pulls }: Sum): number => publishers + viewers + pulls;

function grown(load: Load, now: Sum, atMs: number): Load {
  return {
    out: pushed(load.out, { atMs, value: now.kbps_out }),
    in: pushed(load.in, { atMs, value: now.kbps_in }),
    cpu: pushed(load.cpu, { atMs, value: now.cpu_percent }),
    sessions: pushed(load.sessions, { atMs, value: sessionsOf(now) }),
  };
}
