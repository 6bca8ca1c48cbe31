// Questions that the page asks about who is in a meeting.

import type { PersonView, SlotState, Source } from "../generated/meeting";
import { feedKey, type Meeting } from "./model";

/** A co-host may do what a host may, but for a few things that the server knows. */
export const hosts = (person: PersonView | undefined): boolean => person?.role === "host" || person?.role === "co_host";

export const myself = (meeting: Meeting): PersonView | undefined => meeting.people.get(meeting.me);

/** Whom one sees: everybody but oneself and recorders, in the order in which they came. */
export function others(meeting: Meeting): PersonView[] {
  return [...meeting.people.values()].filter((person) => person.account_id !== meeting.me && person.role !== "recorder");
}

/** Raised hands, the first one first. */
export function hands(meeting: Meeting): PersonView[] {
  return [...meeting.people.values()].filter((person) => person.hand !== undefined).toSorted((a, b) => (a.hand ?? 0) - (b.hand ?? 0));
}

export const sharers = (meeting: Meeting): PersonView[] => [...meeting.people.values()].filter((person) => person.screen);

export const nameOf = (meeting: Meeting, account_id: string): string | null => meeting.people.get(account_id)?.name ?? null;

/** What comes of somebody's camera or screen, and on which slot; null where it is not received. */
export function feedState(meeting: Meeting, account_id: string, source: Source): { mid: string; state: SlotState } | null {
  const mid = meeting.feeds.get(feedKey({ account_id, source })) ?? null;
  if (mid === null) return null;
  const slot = meeting.slots.get(mid);
  const theirs = slot?.account_id === account_id && (slot.source ?? "camera") === source;
  return { mid, state: theirs ? slot.state : { is: "waiting" } };
}
