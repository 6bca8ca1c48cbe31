// Messages on their way. One is said again under the same id until its echo comes, so that a cut line neither loses nor doubles it.
// One at a time: a refusal names no message, and so can only be about the one that was sent last.

import type { Chat as ChatSaying, ChatLine, ErrorCode } from "../generated/meeting";

export type Unsent = ChatSaying & {
  /** Why the server does not take it; null: on its way. */
  refused: string | null;
};

/** An echo takes a round trip; after so long the packet or its echo is lost. */
const AGAIN_MS = 5_000;
/** The server lets one message through every half second once somebody has been very quick. */
const TOO_FAST_MS = 600;

export class Outbox {
  #unsent: Unsent[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #send: (message: ChatSaying) => boolean;
  readonly #onchange: (unsent: readonly Unsent[]) => void;

  /** `send` says whether there was a line to send over. */
  constructor(send: (message: ChatSaying) => boolean, onchange: (unsent: readonly Unsent[]) => void) {
    this.#send = send;
    this.#onchange = onchange;
  }

  say(message: ChatSaying): void {
    const idle = this.#head() === undefined;
    this.#set([...this.#unsent, { ...message, refused: null }]);
    if (idle) this.#push();
  }

  /** There is a line again, and what came over it while we were away has been read. */
  resume(): void {
    this.#push();
  }

  /** Our own messages come back like everybody's. */
  seen(lines: readonly ChatLine[], me: string): void {
    const echoed = new Set(lines.filter((line) => line.from === me).map((line) => line.id));
    if (!this.#unsent.some(({ id }) => echoed.has(id))) return;
    const before = this.#head();
    this.#set(this.#unsent.filter(({ id }) => !echoed.has(id)));
    if (this.#head() !== before) this.#push();
  }

  refused(code: ErrorCode, msg: string): void {
    const head = this.#head();
    if (head === undefined) return;
    if (code === "too_fast") return this.#after(TOO_FAST_MS);
    this.#set(this.#unsent.map((message) => (message === head ? { ...message, refused: msg } : message)));
    this.#push();
  }

  /** Takes back what was refused. */
  forget(id: string): void {
    this.#set(this.#unsent.filter((message) => message.id !== id || message.refused === null));
  }

  close(): void {
    this.#cancel();
  }

  #head(): Unsent | undefined {
    return this.#unsent.find(({ refused }) => refused === null);
  }

  #push(): void {
    this.#cancel();
    const head = this.#head();
    if (head === undefined) return;
    const { id, text, to } = head;
    if (this.#send({ id, text, ...(to === undefined ? {} : { to }) })) this.#after(AGAIN_MS);
  }

  #after(ms: number): void {
    this.#cancel();
    this.#timer = setTimeout(() => this.#push(), ms);
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #set(unsent: Unsent[]): void {
    this.#unsent = unsent;
    this.#onchange(unsent);
  }
}
