// Asks the server for what is wanted: the first wish at once, and while somebody pages or drags a window only what they end up with.

import { desired, diff, NOTHING, type Change, type Feed, type Seen, type Wanted } from "./desired";

/** A page that is shown for less is one that is passed by. */
const QUIET_MS = 100;
/** Who keeps paging sees pictures now and then all the same. */
const LATEST_MS = 400;

export class Subscriptions {
  /** What the server has been asked for. */
  #asked: Wanted = NOTHING;
  #seen: readonly Seen[] = [];
  #limit = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** When the oldest wish that waits was made, and when the last one was sent. */
  #since: number | null = null;
  #sentAt = -Infinity;
  readonly #send: (change: Change) => boolean;
  readonly #now: () => number;

  constructor(send: (change: Change) => boolean, now: () => number) {
    this.#send = send;
    this.#now = now;
  }

  show(seen: readonly Seen[], limit: number): void {
    this.#seen = seen;
    this.#limit = limit;
    if (diff(this.#asked, this.#wanted()) === null) return this.#cancel();
    const now = this.#now();
    this.#since ??= now;
    const quiet = now - this.#sentAt >= QUIET_MS && this.#timer === null;
    const wait = quiet ? 0 : Math.max(0, Math.min(QUIET_MS, this.#since + LATEST_MS - now));
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), wait);
  }

  /** There is a line again, and the server knows of these. */
  resume(known: Iterable<Feed>): void {
    const heights = this.#asked;
    this.#asked = new Map(
      [...known].map((feed) => {
        const key = `${feed.source} ${feed.account_id}`;
        return [key, heights.get(key) ?? feed];
      }),
    );
    this.#flush();
  }

  /** Somebody has left: the server has forgotten them too. */
  forget(account_id: string): void {
    this.#asked = new Map([...this.#asked].filter(([, feed]) => feed.account_id !== account_id));
  }

  /** The server has not followed this one: it is asked for again with the next change. */
  refused(feed: Feed): void {
    const kept = [...this.#asked].filter(([, asked]) => asked.account_id !== feed.account_id || asked.source !== feed.source);
    this.#asked = new Map(kept);
  }

  close(): void {
    this.#cancel();
  }

  #wanted(): Wanted {
    return desired(this.#seen, this.#limit, this.#asked);
  }

  #flush(): void {
    this.#cancel();
    const wanted = this.#wanted();
    const change = diff(this.#asked, wanted);
    if (change === null || !this.#send(change)) return;
    this.#asked = wanted;
    this.#sentAt = this.#now();
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#since = null;
  }
}
