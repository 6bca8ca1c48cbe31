import { expect, test } from "vitest";
import { unreachable } from "../src/protocol/failure";
import { sparkline } from "../src/ui/parts/sparkline";
import { placeOf } from "../src/ui/place";
import { actionOf } from "../src/ui/watch/keys";
import { situation } from "../src/ui/watch/situation";
import { age, bitrate, duration, percent } from "../src/ui/words";

test("every address leads to its page and no other", () => {
  expect(placeOf("/")).toEqual({ page: "landing" });
  expect(placeOf("/live")).toEqual({ page: "live", room: null });
  expect(placeOf("/live/")).toEqual({ page: "live", room: null });
  expect(placeOf("/live/demo")).toEqual({ page: "live", room: "demo" });
  expect(placeOf("/watch/a~b")).toEqual({ page: "watch", room: "a~b" });
  expect(placeOf("/rooms")).toEqual({ page: "rooms" });
  for (const page of ["login", "signup", "forgot", "reset", "confirm", "settings", "meetings"]) expect(placeOf(`/${page}`)).toEqual({ page });
  expect(placeOf("/m/QKFDmzwhpxbtr")).toEqual({ page: "meeting", id: "qkfd-mzwhp-xbtr" });
  for (const path of ["/m", "/m/abc", "/m/qkfd-mzwhp-xbtr/x", "/login/x", "/watch", "/watch/", "/rooms/x", "/live/a/b", "/x", "/watch/%", "/watch/two%20words"]) expect(placeOf(path), path).toEqual({ page: "unknown" });
  // Where a name is typed in, a bad one is there to be corrected.
  expect(placeOf("/live/two%20words")).toEqual({ page: "live", room: "two words" });
});

test("one sentence at a time says what a viewer waits for", () => {
  const failure = (status: number): typeof unreachable => ({ ...unreachable, status });
  expect(situation({ at: "connected" }, null).kind).toBe("fine");
  expect(situation({ at: "connected" }, 5).title).toMatch(/paused/);
  expect(situation({ at: "waiting", sinceMs: 0, failure: failure(409) }, null).title).toBe("Waiting for the stream…");
  expect(situation({ at: "reconnecting", sinceMs: 0, failure: null }, null)).toMatchObject({ kind: "reconnecting", offerRetryAfterMs: 15_000 });
  expect(situation({ at: "reconnecting", sinceMs: 0, failure: failure(409) }, null).title).toMatch(/stopped/);
  expect(situation({ at: "failed", failure: failure(401) }, null)).toMatchObject({ kind: "failed", needsToken: true, offerRetryAfterMs: 0 });
  expect(situation({ at: "failed", failure: failure(400) }, null).needsToken).toBe(false);
});

test("keys act on the player, but not away from a control that uses them", () => {
  const press = (key: string, focused: Parameters<typeof actionOf>[1], ctrlKey = false): string | null =>
    actionOf({ key, ctrlKey, metaKey: false, altKey: false }, focused);
  expect([" ", "k", "M", "f", "p", "s", "i", "?"].map((key) => press(key, "page"))).toEqual(["play", "play", "mute", "full", "pip", "statistics", "why", "help"]);
  expect(press(" ", "button")).toBeNull();
  expect(press("k", "button")).toBe("play");
  expect(press("ArrowUp", "slider")).toBeNull();
  expect(press("m", "text")).toBeNull();
  expect(press("f", "page", true)).toBeNull();
  expect(press("x", "page")).toBeNull();
});

test("a line ends at the right edge, and noise near zero stays low", () => {
  expect(sparkline([1], 60, 1)).toBe("");
  expect(sparkline([0, 10], 3, 10)).toBe("50.0,22.5 100.0,1.5");
  expect(sparkline([0, 1], 3, 100)).toBe("50.0,22.5 100.0,22.3");
});

test("numbers read as people say them", () => {
  expect([0, 850, 2500].map(bitrate)).toEqual(["0 kbit/s", "850 kbit/s", "2.5 Mbit/s"]);
  expect([0, 65_000, 3_661_000].map(duration)).toEqual(["0:00", "1:05", "1:01:01"]);
  expect([12, 86, 5423].map(age)).toEqual(["12 s", "1 min", "1 h 30 min"]);
  expect([0, 0.0004, 0.0213].map(percent)).toEqual(["0 %", "< 0.1 %", "2.1 %"]);
});
