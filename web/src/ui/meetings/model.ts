// The meetings of somebody who is logged in: the pages fetched so far, and what is changed in them.

import { signal } from "@preact/signals";
import type { Denied } from "../../protocol/ask";
import { deleteMeeting, listMeetings } from "../../protocol/meeting";
import type { HostedMeeting } from "../../protocol/people";
import { deniedBy } from "../asking";
import { joined } from "./joined";

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
