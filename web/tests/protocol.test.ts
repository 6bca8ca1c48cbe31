import { expect, test } from "vitest";
import { EventParser } from "../src/protocol/events";
import { unreachable, type Failure } from "../src/protocol/failure";
import { readFragment, restartedAnswer, writeFragment } from "../src/protocol/fragment";
import { iceServers } from "../src/protocol/link";
import { backoffMs, parseRetryAfter, worthRetrying } from "../src/protocol/retry";

const OFFER = [
  "v=0", "a=group:BUNDLE 0 1", "a=ice-options:trickle",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=ice-ufrag:aa", "a=ice-pwd:pp", "a=sendonly",
  "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=ice-ufrag:aa", "a=ice-pwd:pp", "",
].join("\r\n");

test("a fragment names the first section only, with whose candidates they are", () => {
  expect(writeFragment(OFFER, ["candidate:1 1 udp 1 10.0.0.1 5000 typ host"], "complete")).toBe(
    [
      "a=group:BUNDLE 0 1", "a=ice-options:trickle", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=ice-ufrag:aa", "a=ice-pwd:pp",
      "a=candidate:1 1 udp 1 10.0.0.1 5000 typ host", "a=end-of-candidates", "",
    ].join("\r\n"),
  );
  expect(writeFragment(OFFER, [], "more")).not.toContain("end-of-candidates");
});

test("after a restart the old answer carries the new credentials everywhere and the new candidates once", () => {
  const answer = [
    "v=0", "a=ice-lite",
    "m=audio 9 X 111", "a=ice-ufrag:old", "a=ice-pwd:old", "a=candidate:1 old", "a=end-of-candidates",
    "m=video 9 X 96", "a=ice-ufrag:old", "a=ice-pwd:old", "a=candidate:1 old", "",
  ].join("\r\n");
  const fragment = readFragment("a=ice-lite\r\na=ice-ufrag:new\r\na=ice-pwd:npw\r\na=candidate:2 new\r\n");
  if (fragment === null) throw new Error("the fragment names credentials");
  expect(restartedAnswer(answer, fragment).split("\r\n")).toEqual([
    "v=0", "a=ice-lite",
    "m=audio 9 X 111", "a=ice-ufrag:new", "a=ice-pwd:npw", "a=candidate:2 new", "a=end-of-candidates",
    "m=video 9 X 96", "a=ice-ufrag:new", "a=ice-pwd:npw", "",
  ]);
  expect(readFragment("a=candidate:2 new\r\n")).toBeNull();
});

test("servers come from links, one address each, whatever else is linked", () => {
  const header =
    '<stun:stun.example.net>; rel="ice-server", </docs>; rel=help, ' +
    '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="u,\\"x"; credential="p;q"; credential-type="password", <https://evil>; rel="ice-server"';
  expect(iceServers(header)).toEqual([
    { urls: "stun:stun.example.net" },
    { urls: "turn:turn.example.net?transport=udp", username: 'u,"x', credential: "p;q" },
  ]);
  expect(iceServers(null)).toEqual([]);
});

test("a wish for patience is seconds or a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(parseRetryAfter("2", now)).toBe(2000);
  expect(parseRetryAfter("Thu, 01 Jan 2026 00:00:05 GMT", now)).toBe(5000);
  expect(parseRetryAfter("Wed, 31 Dec 2025 00:00:00 GMT", now)).toBe(0);
  expect(parseRetryAfter("soon", now)).toBeNull();
  expect(parseRetryAfter(null, now)).toBeNull();
});

test("patience doubles up to eight seconds, is spread, and is never shorter than asked for", () => {
  const none = (): number => 0;
  expect([0, 1, 2, 3, 4, 5, 50].map((attempt) => backoffMs(attempt, null, none))).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
  expect(backoffMs(0, null, () => 0.999)).toBeGreaterThan(600);
  expect(backoffMs(0, 3000, none)).toBe(3000);
  expect(backoffMs(0, 86_400_000, none)).toBe(60_000);
});

test("who watches waits for ever; who was never live is told after a while; a refusal is final", () => {
  const failure = (status: number): Failure => ({ ...unreachable, status });
  const watch = { side: "watch", everConnected: false, tryingMs: 1e9 } as const;
  expect([0, 409, 429, 500, 503].map((s) => worthRetrying(failure(s), watch))).toEqual([true, true, true, true, true]);
  expect([400, 401, 403, 404, 422].map((s) => worthRetrying(failure(s), watch))).toEqual([false, false, false, false, false]);
  const publish = { side: "publish", everConnected: false, tryingMs: 1_000 } as const;
  expect(worthRetrying(failure(409), publish)).toBe(true);
  expect(worthRetrying(failure(409), { ...publish, tryingMs: 10_000 })).toBe(false);
  expect(worthRetrying(failure(409), { ...publish, tryingMs: 10_000, everConnected: true })).toBe(true);
});

test("events come out the same wherever the bytes were cut", () => {
  const text = ": hi\r\nevent: rooms\r\ndata: {\"a\":\ndata:1}\n\nid: 7\n\ndata: x\r\n\r\n";
  const expected = [{ name: "rooms", data: '{"a":\n1}' }, { name: "message", data: "x" }];
  for (let cut = 0; cut <= text.length; cut += 1) {
    const parser = new EventParser();
    expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))], `cut at ${cut}`).toEqual(expected);
  }
});
