// Turns an answer that is not a success into something to say and something to do.
//
// A person reads `sentence`; `detail` is the server's own explanation (RFC 9457), shown smaller. Codes that are not
// known here count by their class, as RFC 9725 asks of clients.

import { problemOf } from "./problem";
import { parseRetryAfter } from "./retry";

export type Side = "publish" | "watch";

export type Failure = {
  /** HTTP status; 0 when no answer arrived at all. */
  status: number;
  sentence: string;
  detail: string | null;
  retryAfterMs: number | null;
};

export class Refused extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.sentence);
    this.failure = failure;
  }
}

export const unreachable: Failure = {
  status: 0,
  sentence: "The server does not answer. Check your connection.",
  detail: null,
  retryAfterMs: null,
};

export const noMediaPath: Failure = {
  status: 0,
  sentence: "The server answers, but no media gets through. A firewall may block UDP on this network; try another one.",
  detail: null,
  retryAfterMs: null,
};

export async function failureOf(response: Response, side: Side): Promise<Failure> {
  const problem = await problemOf(response);
  // "urn:weir:problem:codec-mismatch": the last part is stable, and says more than the status.
  const kind = problem?.type?.split(/[:/]/).at(-1) ?? "";
  return {
    status: response.status,
    sentence: byKind(kind, side) ?? byStatus(response.status, side),
    detail: problem?.detail ?? problem?.title ?? null,
    retryAfterMs: parseRetryAfter(response.headers.get("Retry-After"), Date.now()),
  };
}

function byKind(kind: string, side: Side): string | null {
  switch (kind) {
    case "codec-mismatch":
      return side === "publish"
        ? "The server does not take this codec. Choose another one and try again."
        : "This browser cannot play the codec of this stream. Try another browser.";
    case "too-many-sessions":
      return "This token is in use in too many places. Close another page that uses it and try again.";
    case "node-draining":
      return "The server is being restarted.";
    case "removed":
      return side === "publish" ? "Whoever runs this server has taken you off the air." : "Whoever runs this server has disconnected you.";
    case "bad-room-name":
      return "The server does not accept this room's name. Choose another one.";
    default:
      return null;
  }
}

function byStatus(status: number, side: Side): string {
  switch (status) {
    case 401:
      return "This server asks for a token. Paste the one you were given and try again.";
    case 403:
      return side === "publish"
        ? "This token does not allow going live in this room. Ask for one with the right to publish here."
        : "This token does not allow watching this room. Ask for one with the right to watch it.";
    case 404:
      return "The server does not know this address. Check the room's name.";
    case 409:
      return side === "publish"
        ? "Somebody else is live in this room. Choose another room, or wait until they stop."
        : "This room is not live yet.";
    case 429:
      return "Too many tries in a short time. Wait a moment.";
    case 503:
      return "The server cannot take anybody else at the moment.";
    default:
      return status >= 500
        ? "The server has a problem of its own."
        : "The server does not accept what this browser offers. Try another codec or another browser.";
  }
}
