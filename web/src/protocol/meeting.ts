// Meetings: making them, looking at them, and asking to be let in.

import { ask } from "./ask";
import type { HostedMeeting, MeetingChange, MeetingPage, SeenMeeting, Seat } from "./people";

/** `once` names the wish: sent again after a cut line, it makes no second meeting. */
export const createMeeting = (wish: MeetingChange, once: string): Promise<HostedMeeting> =>
  ask("/meeting", { method: "POST", body: wish, headers: { "Idempotency-Key": once } });

const PAGE = 20;

/** The caller's own meetings, newest first; `after` is the `next` of the page before. */
export const listMeetings = (after: string | null, signal: AbortSignal): Promise<MeetingPage> =>
  ask(`/meeting?${new URLSearchParams({ limit: String(PAGE), ...(after === null ? {} : { after }) })}`, { signal });

export const viewMeeting = (id: string, signal: AbortSignal): Promise<SeenMeeting> => ask(one(id), { signal });

export const changeMeeting = (id: string, change: MeetingChange): Promise<HostedMeeting> => ask(one(id), { method: "PATCH", body: change });

export const endMeeting = (id: string): Promise<void> => ask(`/meeting/end/${encodeURIComponent(id)}`, { method: "POST" });

export const deleteMeeting = (id: string): Promise<void> => ask(one(id), { method: "DELETE" });

/** A guest says a name; who is logged in has one. */
export const joinMeeting = (id: string, name: string | null, passcode: string | null): Promise<Seat> =>
  ask("/meeting/join", { method: "POST", body: { meeting_id: id, ...(name === null ? {} : { name }), ...(passcode === null ? {} : { passcode }) } });

/** Outlives the page that sends it, so that closing the tab is leaving too. */
export const leaveMeeting = (seat: Seat): Promise<void> =>
  ask("/meeting/leave", {
    method: "POST",
    // A guest has no cookie: the ticket says who goes.
    body: { meeting_id: seat.meeting_id, ticket: seat.ticket },
    keepalive: true,
  });

const one = (id: string): string => `/meeting/${encodeURIComponent(id)}`;
