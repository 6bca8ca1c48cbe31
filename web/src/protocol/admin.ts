// What whoever looks after a server asks of it. The cookie says who that is, or a token with the right to.

import { ask } from "./ask";
import type { AdminOverview, AdminRooms, AdminSessionView, AdminSessions, DrainView } from "./generated/api";
import type { EventsView } from "./generated/events";

export class Admin {
  readonly #headers: Record<string, string>;

  constructor(token: string | null) {
    this.#headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  }

  overview(signal: AbortSignal): Promise<AdminOverview> {
    return ask("/api/admin/overview", { headers: this.#headers, signal });
  }

  rooms(find: string, after: string | null, signal: AbortSignal): Promise<AdminRooms> {
    const wish = new URLSearchParams({ ...(find === "" ? {} : { find }), ...(after === null ? {} : { after }) });
    return ask(`/api/admin/rooms?${wish}`, { headers: this.#headers, signal });
  }

  sessions(room: string, after: string | null, signal: AbortSignal): Promise<AdminSessions> {
    const wish = new URLSearchParams(after === null ? {} : { after });
    return ask(`/api/admin/rooms/${room}/sessions?${wish}`, { headers: this.#headers, signal });
  }

  session(id: string, signal: AbortSignal): Promise<AdminSessionView> {
    return ask(`/api/admin/sessions/${id}`, { headers: this.#headers, signal });
  }

  /** The log behind this number. */
  events(after: number, signal: AbortSignal): Promise<EventsView> {
    return ask(`/api/admin/events?after=${after}`, { headers: this.#headers, signal });
  }

  removeSession(id: string, reason: string): Promise<void> {
    return ask(`/api/admin/sessions/${id}`, { method: "DELETE", body: { reason }, headers: this.#headers });
  }

  removePerson(meeting: string, person: string, reason: string): Promise<void> {
    return ask(`/api/admin/meetings/${meeting}/people/${person}`, { method: "DELETE", body: { reason }, headers: this.#headers });
  }

  drain(on: boolean): Promise<DrainView> {
    return ask("/api/admin/drain", { method: on ? "POST" : "DELETE", headers: this.#headers });
  }
}
