// What the page before a meeting knows: the meeting, as the server tells it, and what is typed to get in.

import { computed, signal } from "@preact/signals";
import type { Denied } from "../../protocol/ask";
import { joinMeeting, viewMeeting } from "../../protocol/meeting";
import { isHosted, type Seat, type SeenMeeting } from "../../protocol/people";
import { me } from "../account/me";
import { deniedBy } from "../asking";
import { rememberedName, rememberName } from "../remembered";
import { outlook } from "./outlook";

/** Often enough to see who comes, seldom enough for a thousand people who wait at once. */
const LOOK_MS = 5_000;

export class PreJoinModel {
  readonly id: string;
  readonly meeting = signal<SeenMeeting | null>(null);
  /** Why there is no meeting to show. */
  readonly denied = signal<Denied | null>(null);
  readonly typedName = signal<string | null>(null);
  readonly passcode = signal("");
  readonly joining = signal(false);
  /** Why the last try to join failed. */
  readonly refused = signal<Denied | null>(null);
  readonly tried = signal(false);

  readonly name = computed(() => this.typedName.value ?? me.value?.name ?? rememberedName());
  readonly asksPasscode = computed(() => {
    const meeting = this.meeting.value;
    return (meeting !== null && meeting.passcode && !isHosted(meeting)) || this.refused.value?.kind === "passcode-required";
  });
  readonly outlook = computed(() => outlook(this.meeting.value, me.value !== null));

  readonly #abort = new AbortController();

  constructor(id: string) {
    this.id = id;
  }

  /** Looks at the meeting until the page is left: who is inside changes, and so may what is allowed. */
  async follow(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      if (document.visibilityState === "visible") await this.look();
      if (this.denied.value?.kind === "not-found" || this.outlook.value === "over") return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  readonly look = async (): Promise<void> => {
    try {
      this.meeting.value = await viewMeeting(this.id, this.#abort.signal);
      this.denied.value = null;
    } catch (cause) {
      if (this.#abort.signal.aborted) return;
      // A short cut of the line does not take away what is known already.
      const denied = deniedBy(cause);
      if (this.meeting.value === null || denied.kind === "not-found" || denied.kind === "gone") this.denied.value = denied;
    }
  };

  /** A seat in the meeting, or null with the reason in `refused`. */
  readonly join = async (): Promise<Seat | null> => {
    this.tried.value = true;
    const name = this.name.value.trim();
    const passcode = this.passcode.value.trim();
    if (this.joining.value || name === "" || (this.asksPasscode.value && passcode === "")) return null;
    this.joining.value = true;
    this.refused.value = null;
    try {
      const seat = await joinMeeting(this.id, name, this.asksPasscode.value ? passcode : null);
      if (me.value === null) rememberName(name);
      return seat;
    } catch (cause) {
      this.refused.value = deniedBy(cause);
      return null;
    } finally {
      this.joining.value = false;
    }
  };

  close(): void {
    this.#abort.abort();
  }
}
