// Turns an answer that is not a success into what is the matter.
//
// A person reads the sentence that their language has for `why`; `detail` is the server's own explanation (RFC 9457), shown smaller. Codes
// that are not known here count by their class, as RFC 9725 asks of clients.

import { problemOf } from "./problem";
import { parseRetryAfter } from "./retry";

export type Side = "publish" | "watch";

export type Why =
  | "unreachable"
  | "no-media-path"
  | "codec-refused"
  | "codec-unplayable"
  | "too-many-sessions"
  | "node-draining"
  | "taken-off-the-air"
  | "disconnected"
  | "bad-room-name"
  | "token-needed"
  | "may-not-publish"
  | "may-not-watch"
  | "unknown-address"
  | "room-taken"
  | "not-live"
  | "too-many-tries"
  | "full"
  | "server"
  | "not-accepted"
  | "no-session-address"
  | "not-understood";

export type Failure = {
  /** HTTP status; 0 when no answer arrived at all. */
  status: number;
  why: Why;
  detail: string | null;
  retryAfterMs: number | null;
};

export class Refused extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.why);
    this.failure = failure;
  }
}

export const unreachable: Failure = { status: 0, why: "unreachable", detail: null, retryAfterMs: null };
export const noMediaPath: Failure = { status: 0, why: "no-media-path", detail: null, retryAfterMs: null };

export async function failureOf(response: Response, side: Side): Promise<Failure> {
  const problem = await problemOf(response);
  // "urn:weir:problem:codec-mismatch": the last part is stable, and says more than the status.
  const kind = problem?.type?.split(/[:/]/).at(-1) ?? "";
  return {
    status: response.status,
    why: byKind(kind, side) ?? byStatus(response.status, side),
    detail: problem?.detail ?? problem?.title ?? null,
    retryAfterMs: parseRetryAfter(response.headers.get("Retry-After"), Date.now()),
  };
}

function byKind(kind: string, side: Side): Why | null {
  switch (kind) {
    case "codec-mismatch":
      return side === "publish" ? "codec-refused" : "codec-unplayable";
    case "too-many-sessions":
    case "node-draining":
      return kind;
    case "removed":
      return side === "publish" ? "taken-off-the-air" : "disconnected";
    case "bad-room-name":
      return kind;
    default:
      return null;
  }
}

function byStatus(status: number, side: Side): Why {
  switch (status) {
    case 401:
      return "token-needed";
    case 403:
      return side === "publish" ? "may-not-publish" : "may-not-watch";
    case 404:
      return "unknown-address";
    case 409:
      return side === "publish" ? "room-taken" : "not-live";
    case 429:
      return "too-many-tries";
    case 503:
      return "full";
    default:
      return status >= 500 ? "server" : "not-accepted";
  }
}
