// A meeting as its server tells it, for the tests.

import type { ChatLine, PersonView, ServerBody, ServerPacket } from "../../src/protocol/generated/meeting";
import type { Packet } from "../../src/protocol/meeting/packets";

export const MEETING = "qkfd-mzwhp-xbtr";

export const packet = (body: ServerBody & { seq?: number }): ServerPacket => ({ meeting_id: MEETING, ...body });

export function person(account_id: string, since_ms: number, more: Partial<PersonView> = {}): PersonView {
  const rest = { role: "person", microphone: true, camera: true, screen: false, away: false, quality: { level: "good", reason: "" } } as const;
  return { account_id, name: `Name of ${account_id}`, since_ms, ...rest, ...more };
}

export const line = (number: number, from: string, id: string, more: Partial<ChatLine> = {}): ChatLine => ({
  number,
  from,
  id,
  name: `Name of ${from}`,
  text: `text ${id}`,
  at_ms: 1_000 + number,
  ...more,
});

export const welcome = (place: Packet<"WELCOME">["place"], last_seq: number, session = "s1"): ServerPacket =>
  packet({ content_type: "WELCOME", version: 1, account_id: "me", session, place, last_seq, limits: { feeds: 49, chat_bytes: 4000, resume_ms: 15_000 } });

/** What happened in a meeting of four, numbered from 1. */
export const STORY: readonly ServerPacket[] = (
  [
    { content_type: "SETTINGS", settings: { locked: false, lobby: true, chat: true, reactions: true, share: true, unmute: true }, recording: false },
    { content_type: "MEETING_USERS", users: ["ann", "me"], people: [person("me", 20, { role: "host" }), person("ann", 10)] },
    { content_type: "LOBBY", full: true, waiting: [{ account_id: "bo", name: "Bo" }], gone: [] },
    { content_type: "HISTORY", messages: [line(1, "ann", "a1"), line(2, "ann", "a2")] },
    { content_type: "LOBBY", full: false, waiting: [{ account_id: "cem", name: "Cem" }], gone: ["bo"] },
    { content_type: "JOIN", account_id: "bo", person: person("bo", 30) },
    { content_type: "SUBSCRIBED", subscribed: [{ account_id: "ann", source: "camera" }, { account_id: "bo", source: "camera", mid: "6" }], unsubscribed: [], refused: [] },
    { content_type: "SLOTS", slots: [{ mid: "5", account_id: "ann", source: "camera", state: { is: "waiting" } }] },
    { content_type: "SLOTS", slots: [{ mid: "5", account_id: "ann", source: "camera", state: { is: "live", height: 360 } }] },
    { content_type: "CHAT", message: line(3, "bo", "b1") },
    { content_type: "STATE", account_id: "bo", person: person("bo", 30, { hand: 7 }) },
    { content_type: "STATE", account_id: "ann", person: person("ann", 10, { hand: 4, away: true }) },
    { content_type: "CHAT", message: line(4, "me", "m1", { to: "bo" }) },
    { content_type: "SLOTS", slots: [{ mid: "5", state: { is: "waiting" } }, { mid: "6", account_id: "bo", source: "camera", state: { is: "paused" } }] },
    { content_type: "LEAVE", account_id: "ann", reason: "left" },
    { content_type: "ENDING", ends_at_ms: 99 },
    { content_type: "SETTINGS", settings: { locked: true, lobby: true, chat: true, reactions: true, share: true, unmute: true }, recording: true },
  ] satisfies ServerBody[]
).map((body, i) => packet({ ...body, seq: i + 1 }));
