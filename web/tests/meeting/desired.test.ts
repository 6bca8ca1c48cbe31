// Which pictures are asked for, and how seldom.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { desired, diff, NOTHING, rung, SHARE, TILE, type Change, type Seen } from "../../src/media/meeting/desired";
import { essential, slotsFor } from "../../src/media/meeting/reception";
import { Subscriptions } from "../../src/media/meeting/subscriptions";

const tile = (account_id: string, heightPx = 300, more: Partial<Seen> = {}): Seen => ({ account_id, source: "camera", heightPx, weight: TILE, ...more });

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("what is shown is asked for before anybody's face, and the larger of two pictures counts", () => {
  const wanted = desired([tile("ann", 100), tile("bo"), tile("ann", 900), tile("bo", 400, { source: "screen", weight: SHARE })], 2, NOTHING);
  expect([...wanted.values()]).toEqual([
    { account_id: "bo", source: "screen", height: 360 },
    { account_id: "ann", source: "camera", height: 720 },
  ]);
});

test("a window that is dragged to and fro asks for nothing new near a boundary", () => {
  const first = rung(480, undefined);
  expect(first).toBe(720);
  expect([470, 440, 400].map((px) => rung(px, first))).toEqual([720, 720, 720]);
  expect(rung(360, first)).toBe(360);
  expect([50, 112, 200, 2000].map((px) => rung(px, undefined))).toEqual([90, 90, 180, 1080]);
});

test("from one page to the next only the difference is said", () => {
  const before = desired([tile("ann"), tile("bo"), tile("cem")], 49, NOTHING);
  const after = desired([tile("bo"), tile("cem", 700), tile("dag")], 49, before);
  expect(diff(before, after)).toEqual({
    unsubscribe: [{ account_id: "ann", source: "camera" }],
    subscribe: [
      { account_id: "cem", source: "camera", height: 720 },
      { account_id: "dag", source: "camera", height: 360 },
    ],
  });
  expect(diff(after, desired([tile("dag"), tile("bo"), tile("cem", 700)], 49, after))).toBeNull();
});

function subscriptions(up: () => boolean = () => true): { sent: Change[]; subscriptions: Subscriptions } {
  const sent: Change[] = [];
  return { sent, subscriptions: new Subscriptions((change) => up() && sent.push(change) > 0, () => Date.now()) };
}

test("the first page is asked for at once, and of pages that are turned quickly only the last", () => {
  const { sent, subscriptions: s } = subscriptions();
  s.show([tile("ann")], 49);
  vi.advanceTimersByTime(0);
  expect(sent.length).toBe(1);
  for (const name of ["bo", "cem", "dag"]) {
    s.show([tile(name)], 49);
    vi.advanceTimersByTime(50);
  }
  expect(sent.length).toBe(1);
  vi.advanceTimersByTime(100);
  expect(sent[1]).toEqual({ unsubscribe: [{ account_id: "ann", source: "camera" }], subscribe: [{ account_id: "dag", source: "camera", height: 360 }] });
});

test("who keeps paging is shown something now and then", () => {
  const { sent, subscriptions: s } = subscriptions();
  for (let n = 0; n < 40; n += 1) {
    s.show([tile(`p${n}`)], 49);
    vi.advanceTimersByTime(50);
  }
  expect(sent.length).toBeGreaterThanOrEqual(4);
  expect(sent.length).toBeLessThanOrEqual(8);
});

test("a page that is turned back before it was asked for costs nothing", () => {
  const { sent, subscriptions: s } = subscriptions();
  s.show([tile("ann")], 49);
  vi.advanceTimersByTime(0);
  s.show([tile("bo")], 49);
  vi.advanceTimersByTime(50);
  s.show([tile("ann")], 49);
  vi.advanceTimersByTime(1_000);
  expect(sent.length).toBe(1);
});

test("after a cut line only what the server does not know is asked for", () => {
  let up = true;
  const { sent, subscriptions: s } = subscriptions(() => up);
  s.show([tile("ann"), tile("bo")], 49);
  vi.advanceTimersByTime(0);
  up = false;
  s.show([tile("bo"), tile("cem")], 49);
  vi.advanceTimersByTime(1_000);
  up = true;
  s.resume([{ account_id: "ann", source: "camera" }, { account_id: "bo", source: "camera" }]);
  expect(sent.at(-1)).toEqual({ unsubscribe: [{ account_id: "ann", source: "camera" }], subscribe: [{ account_id: "cem", source: "camera", height: 360 }] });
  s.resume([]);
  expect(sent.at(-1)?.subscribe.map(({ account_id }) => account_id)).toEqual(["bo", "cem"]);
});

test("what was refused is asked for again with the next change, and not before", () => {
  const { sent, subscriptions: s } = subscriptions();
  s.show([tile("ann"), tile("bo")], 49);
  vi.advanceTimersByTime(0);
  s.refused({ account_id: "bo", source: "camera" });
  vi.advanceTimersByTime(5_000);
  expect(sent.length).toBe(1);
  s.show([tile("ann"), tile("bo"), tile("cem")], 49);
  vi.advanceTimersByTime(100);
  expect(sent[1]?.subscribe.map(({ account_id }) => account_id)).toEqual(["bo", "cem"]);
});

test("a phone has few slots, and nobody more than the server allows", () => {
  expect([slotsFor(390, 49), slotsFor(1920, 49), slotsFor(1920, 16), slotsFor(1920, 0)]).toEqual([12, 49, 16, 1]);
});

test("an offer of fifty sections names two codecs and their repair", () => {
  const of = (mimeType: string, sdpFmtpLine?: string): { mimeType: string; sdpFmtpLine?: string } => (sdpFmtpLine === undefined ? { mimeType } : { mimeType, sdpFmtpLine });
  const kept = essential([
    of("video/AV1"), of("video/VP9"), of("video/H264", "packetization-mode=0;profile-level-id=42e01f"), of("video/H264", "packetization-mode=1;profile-level-id=42e01f"),
    of("video/H264", "packetization-mode=1;profile-level-id=64001f"), of("video/rtx"), of("video/red"), of("video/ulpfec"), of("video/VP8"),
  ]);
  expect(kept.map(({ mimeType }) => mimeType)).toEqual(["video/VP8", "video/H264", "video/rtx"]);
});
