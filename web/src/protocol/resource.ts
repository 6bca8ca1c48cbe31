// The HTTP half of a WHIP (RFC 9725) or WHEP session: what is posted, patched and deleted. Knows no peer connection.

import { failureOf, Refused, unreachable, type Failure, type Side } from "./failure";
import { readFragment, type Fragment } from "./fragment";
import { iceServers } from "./link";

const SDP = "application/sdp";
const FRAGMENT = "application/trickle-ice-sdpfrag";

export type Opened = { answer: string; resource: Resource; iceServers: RTCIceServer[] };

/** Posts an offer. Throws `Refused` with the reason when there is no session. */
export async function open(
  side: Side,
  endpoint: URL,
  token: string | null,
  offer: string,
  signal: AbortSignal,
): Promise<Opened> {
  const response = await send(endpoint, "POST", token, signal, { "Content-Type": SDP }, offer);
  if (response.status !== 201) throw new Refused(await failureOf(response, side));
  const location = response.headers.get("Location");
  if (location === null) {
    throw new Refused({ ...unreachable, status: 502, why: "no-session-address" });
  }
  return {
    answer: await response.text(),
    // A redirect may have moved the endpoint; what it names is relative to where it ended.
    resource: new Resource(side, new URL(location, response.url), token, response.headers.get("ETag")),
    iceServers: iceServers(response.headers.get("Link")),
  };
}

export class Resource {
  readonly url: URL;
  readonly #side: Side;
  readonly #token: string | null;
  #etag: string | null;
  /** One PATCH at a time: two on their way may arrive in either order, and the older one would win. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(side: Side, url: URL, token: string | null, etag: string | null) {
    this.#side = side;
    this.url = url;
    this.#token = token;
    this.#etag = etag;
  }

  /** No entity tag, no ICE session to restart: the server said so by leaving it out. */
  get canRestart(): boolean {
    return this.#etag !== null;
  }

  trickle(fragment: string): Promise<void> {
    return this.#enqueue(async () => {
      const response = await this.#patch(fragment, this.#etag);
      if (!response.ok) throw new Refused(await failureOf(response, this.#side));
    });
  }

  /** Asks for an ICE restart and returns the server's new credentials. On a refusal the old ICE session goes on. */
  restart(fragment: string): Promise<Fragment> {
    return this.#enqueue(async () => {
      const response = await this.#patch(fragment, "*");
      const answer = response.status === 200 ? readFragment(await response.text()) : null;
      if (answer === null) throw new Refused(await failureOf(response, this.#side));
      this.#etag = response.headers.get("ETag") ?? this.#etag;
      return answer;
    });
  }

  /** Whether the session is still there: null, or what the server says instead. */
  async farewell(): Promise<Failure | null> {
    const response = await send(this.url, "GET", this.#token, null);
    return response.ok ? null : failureOf(response, this.#side);
  }

  /** Ends the session. `keepalive` lets the request outlive the page that sent it; nobody is left to read a failure. */
  end(): void {
    void send(this.url, "DELETE", this.#token, null).catch(() => undefined);
  }

  #patch(body: string, etag: string | null): Promise<Response> {
    const match: Record<string, string> = etag === null ? {} : { "If-Match": etag };
    return send(this.url, "PATCH", this.#token, null, { "Content-Type": FRAGMENT, ...match }, body);
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

async function send(
  url: URL,
  method: "GET" | "POST" | "PATCH" | "DELETE",
  token: string | null,
  signal: AbortSignal | null,
  headers: Record<string, string> = {},
  body: string | null = null,
): Promise<Response> {
  const authorization: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  try {
    return await fetch(url, {
      method,
      headers: { ...headers, ...authorization },
      body,
      signal,
      keepalive: method === "DELETE",
      cache: "no-store",
    });
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new Refused(unreachable);
  }
}
