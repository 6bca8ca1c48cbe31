// What is known of a meeting, whatever happens to the line on the way.

import { describe, expect, test } from "vitest";
import { heard, NO_CHAT, readAll, told, unread } from "../../src/protocol/meeting/chat";
import { OUTSIDE, reduce, resumption, type Meeting } from "../../src/protocol/meeting/model";
import { newsIn } from "../../src/protocol/meeting/news";
import { readPacket } from "../../src/protocol/meeting/packets";
import { feedState, hands, others } from "../../src/protocol/meeting/people";
import type { ServerPacket } from "../../src/protocol/generated/meeting";
import { line, packet, person, STORY, welcome } from "./packets";

const follow = (from: Meeting, packets: readonly ServerPacket[]): Meeting => packets.reduce(reduce, from);
const unbroken = follow(OUTSIDE, [welcome("new", 0), ...STORY]);

test("people stand in the order in which they came, and hands in the order in which they went up", () => {
  const meeting = follow(OUTSIDE, [welcome("new", 0), ...STORY.slice(0, 12)]);
  expect([...meeting.people.keys()]).toEqual(["ann", "me", "bo"]);
  expect(others(meeting).map(({ account_id }) => account_id)).toEqual(["ann", "bo"]);
  expect(hands(meeting).map(({ account_id }) => account_id)).toEqual(["ann", "bo"]);
  expect(meeting.lobby.map(({ account_id }) => account_id)).toEqual(["cem"]);
});

test("somebody's picture is found on its slot, and nobody's where the slot was given away", () => {
  const live = follow(OUTSIDE, [welcome("new", 0), ...STORY.slice(0, 9)]);
  expect(feedState(live, "ann", "camera")).toEqual({ mid: "5", state: { is: "live", height: 360 } });
  expect(feedState(unbroken, "ann", "camera")).toBeNull();
  expect(feedState(unbroken, "bo", "camera")).toEqual({ mid: "6", state: { is: "paused" } });
  expect(feedState(unbroken, "bo", "screen")).toBeNull();
});

describe("after a cut line", () => {
  test("a replay from anywhere ends where an unbroken line would have", () => {
    for (let cut = 0; cut <= STORY.length; cut += 1) {
      const before = follow(OUTSIDE, [welcome("new", 0), ...STORY.slice(0, cut)]);
      expect(resumption(before)?.seq).toBe(cut);
      const after = follow(before, [welcome("replayed", cut), ...STORY.slice(cut)]);
      expect(after, `cut after ${cut}`).toEqual(unbroken);
    }
  });

  test("packets that come twice change nothing and are no news", () => {
    const again = follow(unbroken, STORY);
    expect(again).toEqual(unbroken);
    expect(STORY.flatMap((said) => newsIn(unbroken, said))).toEqual([]);
  });

  test("everything anew has the same people, messages and pictures", () => {
    const cut = follow(OUTSIDE, [welcome("new", 0), ...STORY.slice(0, 9)]);
    const { chat, me } = unbroken;
    const everything: ServerPacket[] = [
      { ...packet({ content_type: "SETTINGS", settings: unbroken.settings, recording: true }), seq: 18 },
      { ...packet({ content_type: "MEETING_USERS", users: [], people: [...unbroken.people.values()] }), seq: 19 },
      { ...packet({ content_type: "ENDING", ends_at_ms: 99 }), seq: 20 },
      { ...packet({ content_type: "SUBSCRIBED", subscribed: [{ account_id: "bo", source: "camera", mid: "6" }], unsubscribed: [], refused: [] }), seq: 21 },
      { ...packet({ content_type: "LOBBY", full: true, waiting: [...unbroken.lobby], gone: [] }), seq: 22 },
      { ...packet({ content_type: "HISTORY", messages: chat.lines.filter(({ number }) => number > (resumption(cut)?.chat ?? 0)) }), seq: 23 },
    ];
    const after = follow(cut, [welcome("refreshed", 17), ...everything]);
    expect(after.chat.lines).toEqual(chat.lines);
    expect(unread(after.chat, me)).toBe(1);
    for (const part of ["people", "lobby", "settings", "recording", "endsAtMs", "feeds"] as const) expect(after[part], part).toEqual(unbroken[part]);
  });

  test("another session begins at its own number and doubles no message", () => {
    const history = unbroken.chat.lines.filter(({ to }) => to === undefined).map((said, i) => ({ ...said, number: i + 1 }));
    const after = follow(unbroken, [welcome("new", 0, "s2"), { ...packet({ content_type: "HISTORY", messages: history }), seq: 1 }]);
    expect(after.chat.lines.map(({ id }) => id)).toEqual(["a1", "a2", "b1", "m1"]);
    expect(resumption(after)).toEqual({ session: "s2", seq: 1, chat: 3 });
    expect(after.feeds.size + after.slots.size).toBe(0);
  });
});

test("what was said before one came is no news; what others say afterwards is, until it is looked at", () => {
  const before = told(NO_CHAT, [line(1, "ann", "a1")], "read");
  const after = heard(heard(before, line(2, "ann", "a2")), line(3, "me", "m1"));
  expect([unread(before, "me"), unread(after, "me"), unread(readAll(after), "me")]).toEqual([0, 1, 0]);
});

test("a chat that goes on for hours is bounded", () => {
  const lines = Array.from({ length: 1_000 }, (_, i) => line(i + 1, "ann", `a${i}`));
  const chat = lines.reduce(heard, NO_CHAT);
  expect(chat.lines.length).toBe(400);
  expect(chat.lines.at(-1)?.id).toBe("a999");
  expect(unread(chat, "me")).toBe(400);
});

test("what is worth saying aloud is said of others and not of oneself", () => {
  const news = STORY.reduce<{ meeting: Meeting; kinds: string[] }>(
    ({ meeting, kinds }, said) => ({ meeting: reduce(meeting, said), kinds: [...kinds, ...newsIn(meeting, said).map(({ is }) => is)] }),
    { meeting: reduce(OUTSIDE, welcome("new", 0)), kinds: [] },
  );
  expect(news.kinds).toEqual(["knocks", "knocks", "came", "said", "hand", "hand", "left", "recording"]);
  expect(newsIn(unbroken, packet({ content_type: "JOIN", account_id: "me", person: person("me", 20) }))).toEqual([]);
});

test("what is no packet, or a packet of a newer server, is passed over", () => {
  const fine = '{"meeting_id":"x","content_type":"PONG","acknowledged":3,"mood":{"deep":[1]}}';
  expect(readPacket(fine)?.content_type).toBe("PONG");
  for (const wrong of ["", "[]", "null", "{}", "7", '{"content_type":"DANCE"}', '{"content_type":"toString"}', '{"content_type":"PONG"}', '{"content_type":"HISTORY","messages":{}}', new ArrayBuffer(2)]) {
    expect(readPacket(wrong), JSON.stringify(wrong)).toBeNull();
  }
});
