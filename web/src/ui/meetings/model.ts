// The meetings of somebody who is logged in: the pages fetched so far, and what is changed in them.

import { signal } from "@preact/signals";
import type { Denied } from "../../protocol/ask";
import { deleteMeeting, listMeetings } from "../../protocol/meeting";
import type { HostedMeeting } from "../../protocol/people";
import { deniedBy } from "../asking";

export class MeetingsModel {
  /** Null until the first answer. */
  readonly meetings = signal<readonly HostedMeeting[] | null>(null);
  readonly next = signal<string | null>(null);
  readonly busy = signal(false);
  readonly denied = signal<Denied | null>(null);
  readonly #abort = new AbortController();

  /** The first page, or the one after those that are here. */
  readonly more = async (): Promise<void> => {
    if (this.busy.value) return;
    this.busy.value = true;
    try {
      const page = await listMeetings(this.next.value, this.#abort.signal);
      this.meetings.value = joined(this.meetings.value ?? [], page.meetings);
      this.next.value = page.next ?? null;
      this.denied.value = null;
    } catch (cause) {
      if (this.#abort.signal.aborted) return;
      this.denied.value = deniedBy(cause);
    } finally {
      this.busy.value = false;
    }
  };

  readonly changed = (meeting: HostedMeeting): void => {
    this.meetings.value = (this.meetings.value ?? []).map((other) => (other.meeting_id === meeting.meeting_id ? meeting : other));
  };

  readonly remove = async (id: string): Promise<void> => {
    await deleteMeeting(id);
    this.meetings.value = (this.meetings.value ?? []).filter((other) => other.meeting_id !== id);
  };

  close(): void {
    this.#abort.abort();
  }
}

/** A meeting that was made between two pages moves the others down: it may come a second time. */
export function joined(before: readonly HostedMeeting[], page: readonly HostedMeeting[]): HostedMeeting[] {
  const known = new Set(before.map((meeting) => meeting.meeting_id));
  return [...before, ...page.filter((meeting) => !known.has(meeting.meeting_id))];
}
