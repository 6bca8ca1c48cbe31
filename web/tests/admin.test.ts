import { describe, expect, test } from "vitest";
import type { AdminOverview, AdminSessionView, AdminWorker } from "../src/protocol/generated/api";
import { followed, NO_HISTORY, seen, sessionsOf, total } from "../src/ui/admin/history";
import { de } from "../src/words/admin-de";
import { en } from "../src/words/admin-en";
import { highest, lines, pushed, SPAN_MS, type Series } from "../src/ui/admin/series";

const worker = (id: number, more: Partial<AdminWorker>): AdminWorker => ({
  id,
  publishers: 1,
  viewers: 2,
  pulls: 0,
  packets_in_per_s: 10,
  packets_out_per_s: 20,
  kbps_in: 100,
  kbps_out: 200,
  cpu_percent: 10,
  drops_per_s: 0,
  repairs_per_s: 0,
  ...more,
});

describe("a series", () => {
  test("keeps five minutes and nothing older", () => {
    const old: Series = [{ atMs: 0, value: 9 }, { atMs: 2_000, value: 1 }];
    expect(pushed(old, { atMs: SPAN_MS + 1_000, value: 2 })).toEqual([{ atMs: 2_000, value: 1 }, { atMs: SPAN_MS + 1_000, value: 2 }]);
  });

  test("draws the newest at the right and the highest at the top", () => {
    const series: Series = [{ atMs: SPAN_MS - 4_000, value: 0 }, { atMs: SPAN_MS - 2_000, value: 50 }, { atMs: SPAN_MS, value: 100 }];
    const [line] = lines(series, SPAN_MS, 10);
    expect(line?.split(" ").map((point) => point.split(",").map(Number))).toEqual([[98.67, 31], [99.33, 16.5], [100, 2]]);
  });

  test("does not fill the height with noise, and has no line over a gap", () => {
    const low: Series = [{ atMs: 0, value: 1 }, { atMs: 2_000, value: 1 }];
    expect(lines(low, 2_000, 100)[0]?.endsWith(",30.71")).toBe(true);
    const gap: Series = [...low, { atMs: 60_000, value: 1 }, { atMs: 62_000, value: 1 }];
    expect(lines(gap, 62_000, 1)).toHaveLength(2);
    expect(lines([{ atMs: 0, value: 1 }], 0, 1)).toEqual([]);
    expect(highest([])).toBe(0);
  });
});

describe("the history of a node", () => {
  const overview = (workers: AdminWorker[]): AdminOverview => ({
    version: "1",
    up_s: 1,
    drain: { state: "serving", sessions: 6 },
    sessions_max: 10,
    rooms: 1,
    meetings: 0,
    workers,
    process: { memory_bytes: null, open_files: null, open_files_max: null, http_connections: 1 },
  });

  test("has the node as the sum of its workers, and each of them by itself", () => {
    const sum = total([worker(0, {}), worker(1, { kbps_out: 300, pulls: 1 })]);
    expect([sum.kbps_out, sum.cpu_percent, sessionsOf(sum)]).toEqual([500, 20, 7]);
    const once = seen(NO_HISTORY, overview([worker(0, {}), worker(1, { kbps_out: 300 })]), 1_000);
    const twice = seen(once, overview([worker(0, { kbps_out: 0 }), worker(1, { kbps_out: 300 })]), 3_000);
    expect(twice.node.out.map(({ value }) => value)).toEqual([500, 300]);
    expect(twice.workers.get(0)?.out.map(({ value }) => value)).toEqual([200, 0]);
  });

  test("begins anew with another session", () => {
    const view = (id: string, kbps: number): AdminSessionView => ({ session: { id, kbps, loss_percent: 0, rtt_ms: null } }) as AdminSessionView;
    const first = followed(followed(null, view("0-1-0", 5), 0), view("0-1-0", 6), 2_000);
    expect(first.kbps.map(({ value }) => value)).toEqual([5, 6]);
    expect(first.rtt).toEqual([]);
    expect(followed(first, view("0-2-0", 7), 4_000).kbps.map(({ value }) => value)).toEqual([7]);
  });
});

test("both languages name every trouble, and count", () => {
  for (const words of [en, de]) expect(Object.values(words.verdicts).filter((word) => word.trim() === "")).toEqual([]);
  expect(Object.keys(de.verdicts)).toEqual(Object.keys(en.verdicts));
  expect([en.draining(0), en.draining(1), en.draining(2)].map((text) => /nobody is left|# ?is|\d+ (is|are) left/.test(text))).toEqual([true, true, true]);
  expect(de.roles(1, 2, 0)).toBe("1 sendet, 2 schauen zu");
});
