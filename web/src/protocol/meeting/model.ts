// What is known of a meeting: a pure function of the packets that came. Numbered packets that come a second time change nothing, so
// a replay after a cut line ends where an unbroken line would have.

import type {
  DenyCode,
  EndReason,
  Limits,
  PersonView,
  Place,
  ServerPacket,
  Settings,
  SlotView,
  Source,
  WaitingPerson,
  WaitReason,
  Resume,
} from "../generated/meeting";
import { heard, NO_CHAT, renumbered, told, type Chat } from "./chat";

export type Meeting = {
  stage: Stage;
  /** Our own account's id; empty before we are in. */
  me: string;
  session: string;
  /** Of the last numbered packet. */
  seq: number;
  /** When everything was told last, rather than what had been missed. */
  told: Exclude<Place, "replayed">;
  limits: Limits;
  /** In the order in which they came, which never changes while they are here. */
  people: ReadonlyMap<string, PersonView>;
  /** To hosts only. */
  lobby: readonly WaitingPerson[];
  chat: Chat;
  /** What the server has confirmed that we receive, and on which slot; null while there is none. */
  feeds: ReadonlyMap<FeedKey, string | null>;
  slots: ReadonlyMap<string, SlotView>;
  speaker: string | null;
  heard: ReadonlySet<string>;
  settings: Settings;
  recording: boolean;
  /** By the calendar; null: it goes on. */
  endsAtMs: number | null;
};

export type Stage =
  | { at: "knocking" }
  | { at: "waiting"; because: WaitReason }
  | { at: "inside" }
  | { at: "denied"; code: DenyCode; reason: string }
  | { at: "ended"; reason: EndReason };

export type FeedKey = `${Source} ${string}`;

export const feedKey = (feed: { account_id: string; source?: Source }): FeedKey => `${feed.source ?? "camera"} ${feed.account_id}`;

export const OUTSIDE: Meeting = {
  stage: { at: "knocking" },
  me: "",
  session: "",
  seq: 0,
  told: "new",
  limits: { feeds: 49, chat_bytes: 4000, resume_ms: 15_000 },
  people: new Map(),
  lobby: [],
  chat: NO_CHAT,
  feeds: new Map(),
  slots: new Map(),
  speaker: null,
  heard: new Set(),
  settings: { locked: false, lobby: false, chat: true, reactions: true, share: true, unmute: true },
  recording: false,
  endsAtMs: null,
};

/** With what a JOIN goes on where the last one was; undefined before the first WELCOME. */
export const resumption = ({ session, seq, chat }: Meeting): Resume | undefined =>
  session === "" ? undefined : { session, seq, chat: chat.last };

export function reduce(before: Meeting, packet: ServerPacket): Meeting {
  if (packet.seq !== undefined && packet.seq <= before.seq) return before;
  const meeting = packet.seq === undefined ? before : { ...before, seq: packet.seq };
  switch (packet.content_type) {
    case "WELCOME":
      return welcomed(meeting, packet);
    case "WAITING":
      return { ...meeting, stage: { at: "waiting", because: packet.because } };
    case "JOIN_DENIED":
      return { ...meeting, stage: { at: "denied", code: packet.code, reason: packet.reason } };
    case "END":
      return { ...meeting, stage: { at: "ended", reason: packet.reason } };
    case "MEETING_USERS":
      return { ...meeting, people: inOrder(packet.people) };
    case "JOIN":
    case "STATE":
      return { ...meeting, people: withPerson(meeting.people, packet.person) };
    case "LEAVE":
      return without(meeting, packet.account_id);
    case "ENDING":
      return { ...meeting, endsAtMs: packet.ends_at_ms ?? null };
    case "SETTINGS":
      return { ...meeting, settings: packet.settings, recording: packet.recording };
    case "LOBBY":
      return { ...meeting, lobby: waiting(meeting.lobby, packet) };
    case "SUBSCRIBED": {
      const feeds = new Map(meeting.feeds);
      for (const feed of packet.unsubscribed) feeds.delete(feedKey(feed));
      for (const feed of packet.subscribed) feeds.set(feedKey(feed), feed.mid ?? null);
      return { ...meeting, feeds };
    }
    case "SLOTS":
      return { ...meeting, ...assigned(meeting, packet.slots) };
    case "SPEAKER":
      return { ...meeting, speaker: packet.account_id ?? null, heard: new Set(packet.heard) };
    case "CHAT":
      return { ...meeting, chat: heard(meeting.chat, packet.message) };
    case "HISTORY":
      return { ...meeting, chat: told(meeting.chat, packet.messages, meeting.told === "new" ? "read" : "unread") };
    case "ERROR":
    case "ANSWER":
    case "ICE":
    case "MEDIA_ENDED":
    case "REACTION":
    case "MODERATED":
    case "PONG":
      // They pass by: who cares hears them from the socket.
      return meeting;
    default:
      return packet satisfies never;
  }
}

function welcomed(before: Meeting, packet: Extract<ServerPacket, { content_type: "WELCOME" }>): Meeting {
  const { account_id: me, session, place, last_seq: seq, limits } = packet;
  const meeting: Meeting = { ...before, stage: { at: "inside" }, me, session, seq, limits };
  switch (place) {
    case "replayed":
      return meeting;
    case "refreshed":
      // Everything that there is follows; what does not follow is not there any more.
      return { ...meeting, told: place, feeds: new Map(), lobby: [], endsAtMs: null };
    case "new":
      return { ...meeting, told: place, feeds: new Map(), slots: new Map(), lobby: [], endsAtMs: null, chat: renumbered(before.chat) };
    default:
      return place satisfies never;
  }
}

function inOrder(people: Iterable<PersonView>): Map<string, PersonView> {
  const sorted = [...people].toSorted((a, b) => a.since_ms - b.since_ms || (a.account_id < b.account_id ? -1 : 1));
  return new Map(sorted.map((person) => [person.account_id, person]));
}

function withPerson(before: ReadonlyMap<string, PersonView>, person: PersonView): ReadonlyMap<string, PersonView> {
  if (before.get(person.account_id)?.since_ms === person.since_ms) return new Map(before).set(person.account_id, person);
  return inOrder([...before.values()].filter(({ account_id }) => account_id !== person.account_id).concat(person));
}

/** The server forgets the subscriptions to somebody who has left without saying so. */
function without(meeting: Meeting, account_id: string): Meeting {
  const people = new Map(meeting.people);
  people.delete(account_id);
  const feeds = new Map(meeting.feeds);
  for (const source of ["camera", "screen"] as const) feeds.delete(feedKey({ account_id, source }));
  return { ...meeting, people, feeds };
}

function waiting(before: readonly WaitingPerson[], packet: Extract<ServerPacket, { content_type: "LOBBY" }>): readonly WaitingPerson[] {
  if (packet.full) return packet.waiting;
  const changed = new Set([...packet.gone, ...packet.waiting.map((person) => person.account_id)]);
  return [...before.filter((person) => !changed.has(person.account_id)), ...packet.waiting];
}

function assigned(meeting: Meeting, news: readonly SlotView[]): Pick<Meeting, "slots" | "feeds"> {
  const slots = new Map(meeting.slots);
  const feeds = new Map(meeting.feeds);
  for (const slot of news) {
    // Whoever was on this slot is there no more, unless this says so again.
    for (const [key, mid] of feeds) if (mid === slot.mid) feeds.set(key, null);
    slots.set(slot.mid, slot);
  }
  for (const { mid, account_id, source = "camera" } of news) {
    if (account_id !== undefined) feeds.set(feedKey({ account_id, source }), mid);
  }
  return { slots, feeds };
}
