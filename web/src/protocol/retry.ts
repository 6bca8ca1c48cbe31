// When to try again, and when to stop trying.

import type { Failure, Side } from "./failure";

/** Seconds or an HTTP date (RFC 9110 §10.2.3), as milliseconds from now; null when absent or unreadable. */
export function parseRetryAfter(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

const FIRST_MS = 500;
/** Somebody who waits for a stream to begin should not wait longer for us than for it. */
const LONGEST_MS = 8_000;
/** A server may ask for patience; more than this and a person would rather press a button. */
const RETRY_AFTER_LONGEST_MS = 60_000;

/**
 * Doubles from 0.5 s to 8 s. A `Retry-After` is a lower bound. Up to a quarter is added at random, so that the viewers
 * of a stream that broke do not all come back in the same instant.
 */
export function backoffMs(attempt: number, retryAfterMs: number | null, random: () => number): number {
  const doubled = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  const base = retryAfterMs === null ? doubled : Math.min(retryAfterMs, RETRY_AFTER_LONGEST_MS);
  return Math.round(base * (1 + random() / 4));
}

export type History = {
  side: Side;
  /** Media has flowed on this connection before. */
  everConnected: boolean;
  /** Since the first try of this outage. */
  tryingMs: number;
};

/**
 * A publisher that never got in is told why after this long: longer than the 2 s of silence after which the server lets a
 * newcomer take over from a dead session (a reloaded page), short enough that nobody stares at "Connecting".
 */
const PUBLISHER_PATIENCE_MS = 8_000;

/** Whether another try can help. Who watches waits for as long as the page is open; so does who has been live. */
export function worthRetrying(failure: Failure, history: History): boolean {
  const passes = failure.status === 0 || failure.status === 409 || failure.status === 429 || failure.status >= 500;
  if (!passes) return false;
  if (history.side === "watch" || history.everConnected) return true;
  return history.tryingMs < PUBLISHER_PATIENCE_MS;
}
