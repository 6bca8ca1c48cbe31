// Who is writing in the chat. It is said over the lossy lane: what is lost is said again while somebody goes on, and nobody misses it afterwards.

import { signal } from "@preact/signals";
import type { Topic } from "../../protocol/meeting/messages";

/** Of `proto::data::TYPING`. */
export const TYPING = "weir.typing";

const WRITES = Uint8Array.of(1);
const STOPS = Uint8Array.of(0);
/** Somebody who writes says so as often. */
const SAID_EVERY_MS = 2_000;
/** Two of these may be lost. */
const LASTS_MS = 3 * SAID_EVERY_MS;

export class Typing {
  /** The ids of the others who write, to everybody or to us; who began first stands first. */
  readonly writers = signal<readonly string[]>([]);
  readonly #topic: Topic;
  readonly #now: () => number;
  readonly #until = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** What was said last of ourselves. */
  #said: { to: string | null; at: number } | null = null;

  constructor(topic: Topic, now: () => number) {
    this.#topic = topic;
    this.#now = now;
    topic.onmessage(({ from, payload }) => {
      if (payload[0] === WRITES[0]) this.#until.set(from, now() + LASTS_MS);
      else this.#until.delete(from);
      this.#show();
    });
  }

  /** The text in the box is another one. */
  readonly wrote = (text: string, to: string | null): void => {
    if (text.trim() === "" || (this.#said !== null && this.#said.to !== to)) this.stopped();
    if (text.trim() === "" || (this.#said !== null && this.#now() - this.#said.at < SAID_EVERY_MS)) return;
    if (this.#say(WRITES, to)) this.#said = { to, at: this.#now() };
  };

  /** Sent, or given up. */
  readonly stopped = (): void => {
    if (this.#said !== null) this.#say(STOPS, this.#said.to);
    this.#said = null;
  };

  /** What somebody wrote has come, or they have gone. */
  readonly done = (id: string): void => {
    if (this.#until.delete(id)) this.#show();
  };

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#until.clear();
  }

  #say(what: Uint8Array, to: string | null): boolean {
    return this.#topic.send(what, to === null ? [] : [to]);
  }

  #show(): void {
    const now = this.#now();
    for (const [id, until] of this.#until) if (until <= now) this.#until.delete(id);
    const writers = [...this.#until.keys()];
    if (writers.join() !== this.writers.value.join()) this.writers.value = writers;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = writers.length === 0 ? null : setTimeout(() => this.#show(), Math.max(1, Math.min(...this.#until.values()) - now));
  }
}
