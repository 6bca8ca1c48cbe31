// One question to our own server: JSON out, JSON back, and a refusal that says what kind it is. The cookie that says who asks
// travels by itself, because the server is the one that the page came from.

import { problemOf } from "./problem";
import { parseRetryAfter } from "./retry";

/** Every way in which the server says no that a page has words for. */
export const PROBLEMS = [
  "meeting-locked",
  "passcode-required",
  "passcode-wrong",
  "guests-not-allowed",
  "banned",
  "unreachable",
  "bad-input",
  "unauthorized",
  "forbidden",
  "not-found",
  "conflict",
  "gone",
  "too-many",
  "server",
] as const;
export type ProblemKind = (typeof PROBLEMS)[number];

export class Denied extends Error {
  readonly kind: ProblemKind;
  /** The server's own explanation, for what our words leave open. */
  readonly detail: string | null;
  readonly retryAfterMs: number | null;

  constructor(kind: ProblemKind, detail: string | null = null, retryAfterMs: number | null = null) {
    super(detail ?? kind);
    this.kind = kind;
    this.detail = detail;
    this.retryAfterMs = retryAfterMs;
  }
}

export type Question = { method?: "GET" | "POST" | "PATCH" | "DELETE"; body?: object; headers?: Record<string, string>; signal?: AbortSignal; keepalive?: boolean };

/** `base` is where the API is, when that is not where the page came from. Throws `Denied`, or what an aborted signal throws. */
export async function ask<T>(path: string, question: Question = {}, base = ""): Promise<T> {
  const { method = "GET", body, headers = {}, signal, keepalive = false } = question;
  let response: Response;
  try {
    response = await fetch(base + path, {
      method,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      keepalive,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new Denied("unreachable");
  }
  if (!response.ok) throw await denied(response);
  const text = await response.text();
  try {
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch {
    throw new Denied("server");
  }
}

async function denied(response: Response): Promise<Denied> {
  const problem = await problemOf(response);
  // "urn:weir:problem:meeting-locked": the last part is stable, and says more than the status.
  const named = PROBLEMS.find((kind) => kind === problem?.type?.split(/[:/]/).at(-1));
  const retryAfterMs = parseRetryAfter(response.headers.get("Retry-After"), Date.now());
  return new Denied(named ?? byStatus(response.status), problem?.detail ?? problem?.title ?? null, retryAfterMs);
}

function byStatus(status: number): ProblemKind {
  switch (status) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not-found";
    case 409:
      return "conflict";
    case 410:
      return "gone";
    case 429:
      return "too-many";
    default:
      return status >= 500 ? "server" : "bad-input";
  }
}
