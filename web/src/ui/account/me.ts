// Who uses this page. The cookie is the browser's business; what is here is what the server says it stands for.

import { computed, signal } from "@preact/signals";
import { logOut, verify } from "../../protocol/account";
import { Denied } from "../../protocol/ask";
import type { Me } from "../../protocol/people";

export type Who =
  | { at: "asking" }
  | { at: "in"; me: Me }
  | { at: "out" }
  /** This server keeps no accounts. */
  | { at: "unavailable" };

export const who = signal<Who>({ at: "asking" });
export const me = computed(() => (who.value.at === "in" ? who.value.me : null));
/** Meetings need accounts; pages show them unless it is certain that there are none. */
export const hasMeetings = computed(() => who.value.at !== "unavailable");

let asked = false;

/** Once for each load of the page; logging in and out tell the rest. */
export async function learnWho(): Promise<void> {
  if (asked) return;
  asked = true;
  try {
    welcome(await verify(AbortSignal.timeout(10_000)));
  } catch (cause) {
    who.value = { at: cause instanceof Denied && cause.kind === "not-found" ? "unavailable" : "out" };
  }
}

export function welcome(person: Me): void {
  who.value = { at: "in", me: person };
}

export function forget(): void {
  who.value = { at: "out" };
}

export async function leave(): Promise<void> {
  try {
    await logOut();
  } catch (cause) {
    // A login that is over already is what was asked for.
    if (!(cause instanceof Denied && cause.kind === "unauthorized")) throw cause;
  }
  forget();
}
