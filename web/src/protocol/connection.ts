// Keeps a person connected to a room: opens a session, restarts ICE when the path breaks, opens another when that does
// not help, and waits with growing patience in between. What it is doing at any moment is one `State`.

import { noMediaPath, Refused, unreachable, type Failure } from "./failure";
import { backoffMs, worthRetrying } from "./retry";
import { Session, type Health, type Plan } from "./session";

export type State =
  | { at: "connecting" }
  | { at: "connected" }
  /** Was connected; the picture should stay until it comes back. Times are `performance.now()`. */
  | { at: "reconnecting"; sinceMs: number; failure: Failure | null }
  /** Never connected yet, and another try will follow. */
  | { at: "waiting"; sinceMs: number; failure: Failure }
  | { at: "failed"; failure: Failure }
  | { at: "closed" };

/** A Wi-Fi roam takes 2-5 s; browsers notice after about as long, so half of it again before help is asked for. */
const SHAKY_MS = 2_000;
/** A server that restarts loses everybody in the same instant; they come back over this long. */
const SPREAD_MS = 400;
/** Not merely unknown: somebody has decided it. */
const GONE = 410;
/** Time for a restart, or for a fresh session, to carry media. */
const CONNECT_MS = 8_000;

export class Connection {
  #state: State = { at: "connecting" };
  #session: Session | null = null;
  #restarting: Session | null = null;
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #attempt = 0;
  #everConnected = false;
  #outageSince = performance.now();
  readonly #plan: Plan;
  readonly #onstate: (state: State) => void;

  constructor(plan: Plan, onstate: (state: State) => void) {
    this.#plan = plan;
    this.#onstate = onstate;
    void this.#open();
  }

  get pc(): RTCPeerConnection | null {
    return this.#session?.pc ?? null;
  }

  /** Where the server keeps the session that there is now. */
  get sessionUrl(): URL | null {
    return this.#session?.url ?? null;
  }

  /** Drops the session and opens another. For whoever sees that no media comes although the transport is well. */
  renew(): void {
    if (this.#over()) return;
    this.#outage(null);
    this.#reopen(0);
  }

  close(): void {
    if (this.#state.at === "closed") return;
    this.#drop();
    this.#set({ at: "closed" });
  }

  async #open(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const timeout = setTimeout(() => abort.abort(), CONNECT_MS);
    try {
      const session = await Session.open(this.#plan, (health) => this.#hear(session, health), abort.signal);
      this.#session = session;
      this.#after(CONNECT_MS, () => this.#retry(noMediaPath));
    } catch (cause) {
      // Aborted by close() or renew(): somebody else decides what follows. By the timeout: nobody answered.
      if (this.#abort !== abort || this.#over()) return;
      this.#retry(cause instanceof Refused ? cause.failure : abort.signal.aborted ? unreachable : described(cause));
    } finally {
      clearTimeout(timeout);
    }
  }

  #hear(session: Session, health: Health): void {
    if (session !== this.#session || this.#over()) return;
    switch (health) {
      case "connecting":
        return;
      case "connected":
        this.#cancelTimer();
        this.#attempt = 0;
        this.#everConnected = true;
        return this.#set({ at: "connected" });
      case "shaky":
        this.#outage(null);
        return this.#after(SHAKY_MS, () => void this.#restart(session));
      case "lost":
        this.#outage(null);
        return void this.#restart(session);
      default:
        return health satisfies never;
    }
  }

  async #restart(session: Session): Promise<void> {
    if (!session.canRestart || !this.#everConnected) {
      await this.#succeed(session);
      return;
    }
    // "Disconnected" is followed by "failed" while the first restart is still on its way; two would undo each other.
    if (this.#restarting === session) return;
    this.#restarting = session;
    this.#after(CONNECT_MS, () => this.#reopen(0));
    try {
      await session.restart();
    } catch {
      if (session === this.#session && !this.#over()) this.#reopen(0);
    } finally {
      if (this.#restarting === session) this.#restarting = null;
    }
  }

  /** Another session in the place of one that is over, unless the server says that this one was ended on purpose. */
  async #succeed(session: Session): Promise<void> {
    this.#after(CONNECT_MS, () => this.#reopen(0));
    const failure = await session.farewell().catch(() => null);
    if (session !== this.#session || this.#over()) return;
    if (failure?.status === GONE) {
      this.#drop();
      this.#set({ at: "failed", failure });
    } else {
      this.#reopen(Math.random() * SPREAD_MS);
    }
  }

  #reopen(delayMs: number): void {
    this.#drop();
    this.#after(delayMs, () => void this.#open());
  }

  #retry(failure: Failure): void {
    const tryingMs = performance.now() - this.#outageSince;
    if (!worthRetrying(failure, { side: this.#plan.side, everConnected: this.#everConnected, tryingMs })) {
      this.#drop();
      return this.#set({ at: "failed", failure });
    }
    this.#outage(failure);
    const delay = backoffMs(this.#attempt, failure.retryAfterMs, Math.random);
    this.#attempt += 1;
    this.#reopen(delay);
  }

  #outage(failure: Failure | null): void {
    if (this.#state.at === "connected") this.#outageSince = performance.now();
    const sinceMs = this.#outageSince;
    if (this.#everConnected) this.#set({ at: "reconnecting", sinceMs, failure });
    else if (failure !== null) this.#set({ at: "waiting", sinceMs, failure });
  }

  #drop(): void {
    this.#cancelTimer();
    this.#session?.close();
    this.#session = null;
    const abort = this.#abort;
    this.#abort = new AbortController();
    abort.abort();
  }

  #over(): boolean {
    return this.#state.at === "closed" || this.#state.at === "failed";
  }

  #set(state: State): void {
    this.#state = state;
    this.#onstate(state);
  }

  #after(ms: number, then: () => void): void {
    this.#cancelTimer();
    this.#timer = setTimeout(then, ms);
  }

  #cancelTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** The browser itself refused, for example an answer it cannot apply. Trying again would end the same way. */
function described(cause: unknown): Failure {
  return {
    status: 400,
    why: "not-understood",
    detail: cause instanceof Error ? cause.message : null,
    retryAfterMs: null,
  };
}
