// The list of rooms, kept fresh: by events while the server sends them, by asking again while it does not.

import { failureOf, unreachable, type Failure } from "./failure";
import { EventParser } from "./events";
import type { NodeView, RoomsView } from "./generated/api";

export type RoomsNews =
  | { kind: "rooms"; view: RoomsView; by: "events" | "polling" }
  | { kind: "trouble"; failure: Failure };

const POLL_MS = 5_000;
/** The stream may have been cut by a proxy that buffers; asking for it anew once in a while finds out. */
const POLLS_BETWEEN_STREAMS = 6;
const STREAM_AGAIN_MS = 1_000;

type Outcome = "worked" | "failed";

type Tell = (news: RoomsNews) => void;

/** Reports until the signal aborts. `base` is where the API is, when that is not where the page came from. */
export async function followRooms(token: string | null, signal: AbortSignal, tell: Tell, base = ""): Promise<void> {
  for (let polls = 0; !signal.aborted; ) {
    if (polls % POLLS_BETWEEN_STREAMS === 0 && (await stream(base, token, signal, tell)) === "worked") {
      await pause(STREAM_AGAIN_MS, signal);
      continue;
    }
    if (stopped(signal)) return;
    // A server that was away and is back deserves a stream at once.
    polls = (await poll(base, token, signal, tell)) === "worked" ? polls + 1 : 0;
    await pause(POLL_MS, signal);
  }
}

export async function fetchNode(signal: AbortSignal): Promise<NodeView> {
  const response = await fetch("/api/node", { signal, cache: "no-store" });
  if (!response.ok) throw new Error(`/api/node answered ${response.status}`);
  return (await response.json()) as NodeView;
}

/** Returns when the stream ends or cannot be had. */
async function stream(base: string, token: string | null, signal: AbortSignal, tell: Tell): Promise<Outcome> {
  let outcome: Outcome = "failed";
  try {
    const response = await fetch(`${base}/api/rooms/events`, {
      headers: { Accept: "text/event-stream", ...authorization(token) },
      signal,
      cache: "no-store",
    });
    const type = response.headers.get("Content-Type") ?? "";
    if (!response.ok || response.body === null || !type.startsWith("text/event-stream")) return outcome;
    const parser = new EventParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      for (const event of parser.push(chunk.value)) {
        if (event.name !== "rooms") continue;
        tell({ kind: "rooms", view: JSON.parse(event.data) as RoomsView, by: "events" });
        outcome = "worked";
      }
    }
  } catch {
    // Cut off or unreadable; polling goes on and says so if it fails as well.
  }
  return outcome;
}

async function poll(base: string, token: string | null, signal: AbortSignal, tell: Tell): Promise<Outcome> {
  try {
    const response = await fetch(`${base}/api/rooms`, { headers: authorization(token), signal, cache: "no-store" });
    if (response.ok) {
      tell({ kind: "rooms", view: (await response.json()) as RoomsView, by: "polling" });
      return "worked";
    }
    tell({ kind: "trouble", failure: await failureOf(response, "watch") });
  } catch {
    if (!stopped(signal)) tell({ kind: "trouble", failure: unreachable });
  }
  return "failed";
}

// A function, because the compiler believes that a property checked once stays so across an await.
const stopped = (signal: AbortSignal): boolean => signal.aborted;

const authorization = (token: string | null): Record<string, string> =>
  token === null ? {} : { Authorization: `Bearer ${token}` };

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
