// What the admin's page knows, asked for every two seconds while it is open, and what it does about it. Draws nothing.

import { signal } from "@preact/signals";
import { Admin } from "../../protocol/admin";
import type { Denied } from "../../protocol/ask";
import type { AdminOverview, AdminRoom, AdminSession, AdminSessionView } from "../../protocol/generated/api";
import type { Event } from "../../protocol/generated/events";
import { deniedBy } from "../asking";
import { followed, NO_HISTORY, seen, type SessionHistory } from "./history";

const EVERY_MS = 2_000;
/** What has happened lately. The log itself has a month of it. */
export const EVENTS_SHOWN = 30;

export class AdminModel {
  /** Null until the first answer. */
  readonly overview = signal<AdminOverview | null>(null);
  readonly history = signal(NO_HISTORY);
  readonly rooms = signal<readonly AdminRoom[] | null>(null);
  readonly moreRooms = signal(false);
  readonly find = signal("");
  /** The room that is open, and who is in it. */
  readonly room = signal<string | null>(null);
  readonly sessions = signal<readonly AdminSession[] | null>(null);
  readonly moreSessions = signal(false);
  /** The session that is open. */
  readonly session = signal<string | null>(null);
  readonly view = signal<AdminSessionView | null>(null);
  readonly past = signal<SessionHistory | null>(null);
  /** The last that happened, newest first; null until the first answer. */
  readonly events = signal<readonly Event[] | null>(null);
  /** Why the server says nothing. */
  readonly denied = signal<Denied | null>(null);

  readonly admin: Admin;
  readonly #abort = new AbortController();
  #roomPages = 1;
  #sessionPages = 1;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Counts the looks: of two that cross, the later one counts. */
  #looks = 0;
  /** Where the log goes on that is not shown yet. */
  #next: number | null = null;

  constructor(token: string | null) {
    this.admin = new Admin(token);
    void this.look();
  }

  close(): void {
    this.#abort.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Looks at everything that is shown, now and from then on. */
  readonly look = async (): Promise<void> => {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const look = (this.#looks += 1);
    const { signal: stop } = this.#abort;
    let again = true;
    try {
      await this.#overview(stop);
      await Promise.all([this.#rooms(stop, look), this.#sessions(stop, look), this.#session(stop, look), this.#events(stop, look)]);
      this.denied.value = null;
    } catch (cause) {
      if (stop.aborted) return;
      const denied = deniedBy(cause);
      this.denied.value = denied;
      // Asking again does not make somebody an administrator.
      again = denied.kind !== "unauthorized" && denied.kind !== "forbidden";
    }
    if (again && !stop.aborted && look === this.#looks) this.#timer = setTimeout(() => void this.look(), EVERY_MS);
  };

  readonly search = (text: string): void => {
    this.find.value = text;
    this.#roomPages = 1;
    void this.look();
  };

  readonly showMoreRooms = (): void => {
    this.#roomPages += 1;
    void this.look();
  };

  readonly showMoreSessions = (): void => {
    this.#sessionPages += 1;
    void this.look();
  };

  readonly toggleRoom = (name: string): void => {
    this.room.value = this.room.value === name ? null : name;
    this.sessions.value = null;
    this.#sessionPages = 1;
    this.#close();
    void this.look();
  };

  readonly toggleSession = (id: string): void => {
    const open = this.session.value !== id;
    this.#close();
    if (open) this.session.value = id;
    void this.look();
  };

  #close(): void {
    this.session.value = null;
    this.view.value = null;
    this.past.value = null;
  }

  async #overview(stop: AbortSignal): Promise<void> {
    const overview = await this.admin.overview(stop);
    this.overview.value = overview;
    this.history.value = seen(this.history.value, overview, performance.now());
  }

  async #rooms(stop: AbortSignal, look: number): Promise<void> {
    const find = this.find.value.trim();
    const rooms = await pages(this.#roomPages, async (after) => {
      const page = await this.admin.rooms(encodable(find), after, stop);
      return { items: page.rooms, next: page.next ?? null };
    });
    if (look !== this.#looks) return;
    this.rooms.value = rooms.items;
    this.moreRooms.value = rooms.more;
  }

  async #sessions(stop: AbortSignal, look: number): Promise<void> {
    const room = this.room.value;
    if (room === null) return;
    const sessions = await pages(this.#sessionPages, async (after) => {
      const page = await this.admin.sessions(room, after, stop);
      return { items: page.sessions, next: page.next ?? null };
    });
    if (look !== this.#looks) return;
    this.sessions.value = sessions.items;
    this.moreSessions.value = sessions.more;
  }

  async #events(stop: AbortSignal, look: number): Promise<void> {
    const after = this.#next ?? Math.max(0, (await this.admin.events(Number.MAX_SAFE_INTEGER, stop)).last - EVENTS_SHOWN);
    const { events, next } = await this.admin.events(after, stop);
    if (look !== this.#looks) return;
    this.#next = next;
    this.events.value = [...events.reverse(), ...(this.events.value ?? [])].slice(0, EVENTS_SHOWN);
  }

  async #session(stop: AbortSignal, look: number): Promise<void> {
    const id = this.session.value;
    if (id === null) return;
    try {
      const view = await this.admin.session(id, stop);
      if (look !== this.#looks) return;
      this.view.value = view;
      this.past.value = followed(this.past.value, view, performance.now());
    } catch (cause) {
      if (stop.aborted || deniedBy(cause).kind !== "not-found") throw cause;
      // It has ended, as sessions do.
      if (look === this.#looks) this.#close();
    }
  }
}

/** Only these are in a room's name, and travel in a URL as they are. */
const encodable = (text: string): string => text.replaceAll(/[^A-Za-z0-9._~-]/g, "");

type Page<T> = { items: readonly T[]; next: string | null };

/** The first so many pages, as one. */
async function pages<T>(count: number, page: (after: string | null) => Promise<Page<T>>): Promise<{ items: T[]; more: boolean }> {
  const items: T[] = [];
  let after: string | null = null;
  for (let n = 0; n < count; n += 1) {
    const { items: some, next }: Page<T> = await page(after);
    items.push(...some);
    after = next;
    if (next === null) break;
  }
  return { items, more: after !== null };
}
