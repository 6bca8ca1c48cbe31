// Asking the server about one's own session, and telling it which layer to send.

import { failureOf, unreachable, type Failure } from "./failure";
import type { SessionView } from "./generated/api";

/** Either is null: there is a view, or why there is none. */
export type Looked = { view: SessionView; problem: null } | { view: null; problem: Failure };

const EVERY_MS = 1_000;

/** Looks once a second until the signal aborts. `session` may be another one each time. */
export async function lookAt(
  session: () => URL | null,
  token: string | null,
  tell: (looked: Looked) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const url = session();
    if (url !== null) {
      const looked = await look(url, token, signal);
      if (!isOver(signal)) tell(looked);
    }
    await pause(signal);
  }
}

/** `rid` null: by what the line carries. Returns what was wrong. */
export async function chooseLayer(session: URL, token: string | null, mid: string, rid: string | null): Promise<Failure | null> {
  const url = new URL(session);
  url.pathname += "/layer";
  const wish = rid === null ? { mediaId: mid } : { mediaId: mid, rid };
  const headers = { "Content-Type": "application/json", ...authorization(token) };
  try {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(wish), cache: "no-store" });
    if (response.ok) return null;
    return await failureOf(response, "watch");
  } catch {
    return unreachable;
  }
}

async function look(session: URL, token: string | null, signal: AbortSignal): Promise<Looked> {
  const id = session.pathname.split("/").at(-1) ?? "";
  try {
    const url = new URL(`/api/sessions/${id}`, session);
    const response = await fetch(url, { headers: authorization(token), signal, cache: "no-store" });
    if (response.ok) return { view: (await response.json()) as SessionView, problem: null };
    return { view: null, problem: await failureOf(response, "watch") };
  } catch {
    return { view: null, problem: unreachable };
  }
}

const authorization = (token: string | null): Record<string, string> =>
  token === null ? {} : { Authorization: `Bearer ${token}` };

// A function, because the compiler believes that a property checked once stays so across an await.
const isOver = (signal: AbortSignal): boolean => signal.aborted;

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, EVERY_MS);
    signal.addEventListener("abort", done);
  });
