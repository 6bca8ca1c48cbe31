// Keeps a line to a meeting: says hello, goes on where it was when it breaks, and knows when it is over. What is said over it, it
// does not know. Whether the network or the page is there, it is told (`nudge`).
//
//   connecting ── WELCOME, WAITING ──▶ open ── broken, silent, `slow` ──▶ reconnecting ──▶ open
//        └────────────────────── left, ended, denied, taken over, removed ──────────────────▶ over

import type { Resume, ServerPacket } from "../generated/meeting";
import { backoffMs } from "../retry";
import { readPacket, type Saying } from "./packets";

export type Line =
  | { at: "connecting" }
  | { at: "open" }
  /** Times are `performance.now()`. */
  | { at: "reconnecting"; sinceMs: number }
  | { at: "over"; because: Over };

export type Over = "left" | "ended" | "denied" | "taken_over" | "removed";

export type Plan = {
  url: URL;
  meetingId: string;
  ticket: string;
  /** Where to go on; asked for each time. */
  resumption: () => Resume | undefined;
  onpacket: (packet: ServerPacket) => void;
  online: (line: Line) => void;
};

/** Of this protocol; a server that speaks another says so. */
const VERSION = 1;
const OPEN_WITHIN_MS = 8_000;
/** A line that carries nothing is asked this often whether it is there. The others are told that we are away 3 s after it breaks. */
const PING_MS = 5_000;
/** Longer than a bad mobile network keeps a packet back: after so long the line is dead, whatever the browser believes. */
const SILENT_MS = 5_000;
/** Back from a tunnel or from sleep: whoever looks at the page waits for this. */
const NUDGED_SILENT_MS = 2_000;
/** A server that restarts loses everybody in the same instant; they come back over this long. */
const SPREAD_MS = 400;

/** What the server closes a socket with (4000 to 4999 are an application's own). The others are accidents. */
const CODES: ReadonlyMap<number, Over> = new Map([
  [4000, "left"],
  [4001, "ended"],
  [4002, "denied"],
  [4003, "taken_over"],
  [4005, "removed"],
]);

export class Socket {
  #line: Line = { at: "connecting" };
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pinging: ReturnType<typeof setInterval> | null = null;
  #silence: ReturnType<typeof setTimeout> | null = null;
  #attempt = 0;
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#connect();
  }

  get line(): Line {
    return this.#line;
  }

  /** False without a line: it is not kept for later, because later it may not be true any more. */
  send(saying: Saying): boolean {
    if (this.#line.at !== "open" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#write(this.#socket, saying);
    return true;
  }

  /** The network is back, or somebody looks at the page again: is the line still there? */
  nudge(): void {
    if (this.#line.at === "open") return this.#ping(NUDGED_SILENT_MS);
    // Whatever it waits for, waiting is over.
    if (this.#line.at === "reconnecting" && this.#socket === null) {
      this.#attempt = 0;
      this.#connect();
    }
  }

  /** Says goodbye; the server closes. */
  leave(): void {
    this.send({ content_type: "LEAVE" });
    this.#finish("left");
  }

  #connect(): void {
    this.#stop();
    const { url, ticket, resumption } = this.#plan;
    let socket: WebSocket;
    try {
      socket = new WebSocket(url);
    } catch {
      return this.#again();
    }
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#broken(socket), OPEN_WITHIN_MS);
    socket.onopen = () => {
      const resume = resumption();
      const hello = { ticket, version: VERSION, ...(resume === undefined ? {} : { resume }) };
      this.#write(socket, { content_type: "JOIN", ...hello });
    };
    socket.onmessage = (event: MessageEvent<unknown>) => this.#hear(socket, event.data);
    socket.onclose = ({ code }) => {
      if (socket !== this.#socket) return;
      const over = CODES.get(code);
      if (over === undefined) this.#broken(socket);
      else this.#finish(over);
    };
  }

  #write(socket: WebSocket, saying: Saying): void {
    socket.send(JSON.stringify({ meeting_id: this.#plan.meetingId, ...saying }));
  }

  #hear(socket: WebSocket, text: unknown): void {
    if (socket !== this.#socket) return;
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
    const packet = readPacket(text);
    if (packet === null) return;
    // First what it says, then that there is a line: whoever sends on that knows what has been missed and what not.
    this.#plan.onpacket(packet);
    if (packet.content_type === "WELCOME" || packet.content_type === "WAITING") this.#welcomed();
  }

  #welcomed(): void {
    if (this.#line.at === "over") return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#attempt = 0;
    this.#pinging ??= setInterval(() => {
      // One that has not been answered yet is waited for; another would only put off the verdict.
      if (this.#silence === null) this.#ping(SILENT_MS);
    }, PING_MS);
    this.#set({ at: "open" });
  }

  #ping(patienceMs: number): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.send({ content_type: "PING", seq: this.#plan.resumption()?.seq ?? 0 });
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#broken(socket), patienceMs);
  }

  #broken(socket: WebSocket): void {
    if (socket === this.#socket) this.#again();
  }

  #again(): void {
    this.#stop();
    if (this.#line.at === "open") this.#set({ at: "reconnecting", sinceMs: performance.now() });
    // The first try is nearly at once: most lines break because a network was exchanged for another.
    const delay = this.#attempt === 0 ? Math.random() * SPREAD_MS : backoffMs(this.#attempt - 1, null, Math.random);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#connect(), delay);
  }

  #finish(because: Over): void {
    if (this.#line.at === "over") return;
    this.#set({ at: "over", because });
    this.#stop();
  }

  #stop(): void {
    for (const timer of [this.#timer, this.#silence]) if (timer !== null) clearTimeout(timer);
    if (this.#pinging !== null) clearInterval(this.#pinging);
    this.#timer = this.#silence = this.#pinging = null;
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #set(line: Line): void {
    this.#line = line;
    this.#plan.online(line);
  }
}
