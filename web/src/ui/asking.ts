// A question to the server that a person waits for: busy while it runs, and a sentence when it was denied.

import { useSignal, type Signal } from "@preact/signals";
import { Denied, type ProblemKind } from "../protocol/ask";
import { words } from "./language";

export type Asking = {
  busy: Signal<boolean>;
  denied: Signal<Denied | null>;
  /** Runs one question at a time; true when it was answered. */
  run: (work: () => Promise<void>) => Promise<boolean>;
};

export function useAsking(): Asking {
  const busy = useSignal(false);
  const denied = useSignal<Denied | null>(null);
  const run = async (work: () => Promise<void>): Promise<boolean> => {
    if (busy.value) return false;
    busy.value = true;
    denied.value = null;
    try {
      await work();
      return true;
    } catch (cause) {
      denied.value = deniedBy(cause);
      return false;
    } finally {
      busy.value = false;
    }
  };
  return { busy, denied, run };
}

/** Anything else that was thrown is a bug of ours, and belongs on the console. */
export function deniedBy(cause: unknown): Denied {
  if (cause instanceof Denied) return cause;
  throw cause;
}

/** `instead` says it better where a page knows what was asked. */
export function sentenceOf(denied: Denied, instead: Partial<Record<ProblemKind, string>> = {}): string {
  const known = instead[denied.kind];
  if (known !== undefined) return known;
  if (denied.kind === "too-many" && denied.retryAfterMs !== null) return words.value.waitSeconds(Math.ceil(denied.retryAfterMs / 1000));
  return words.value.problems[denied.kind];
}
