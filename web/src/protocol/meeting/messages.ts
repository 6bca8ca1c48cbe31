// Messages of applications to the others in a meeting, over two data channels of the receiving connection: everything in order, or at once or
// not at all.
//
//   const cursor = messages.topic("cursor", "lossy");
//   cursor.onmessage(({ from, payload }) => draw(from, payload));
//   cursor.send(Uint8Array.of(x, y));

import { decodeMessage, encodeMessage, type Lane, type Said } from "./message";
import { backoffMs } from "../retry";

export type Topic = {
  /** False when there is no connection, too much waits, or the message is longer than a lane carries (reliable 16 kB, lossy 960 bytes). */
  send: (payload: Uint8Array, to?: readonly string[]) => boolean;
  onmessage: (listener: (said: Said) => void) => () => void;
  /** What was said since the channel closed is missed: the connection was another one, or the page read too slowly. Lossy topics never hear this. */
  ongap: (listener: () => void) => () => void;
};

const LANES: readonly Lane[] = ["reliable", "lossy"];
/** What a browser may hold back before a page is told no: a second of what one person may send, and a few moments of a pointer. */
const WAITING_BYTES_MAX: Record<Lane, number> = { reliable: 64 * 1024, lossy: 4 * 1024 };

export class Messages {
  readonly #channels: Record<Lane, RTCDataChannel | null> = { reliable: null, lossy: null };
  readonly #listeners = new Map<string, Set<(said: Said) => void>>();
  readonly #gaps = new Set<() => void>();
  #pc: RTCPeerConnection | null = null;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #wasOpen = false;

  /** Adds the channels of a fresh connection, before its offer is made. */
  readonly prepare = (pc: RTCPeerConnection): void => {
    this.#forget();
    this.#pc = pc;
    for (const lane of LANES) this.#open(pc, lane);
  };

  topic(name: string, lane: Lane): Topic {
    const key = `${lane} ${name}`;
    return {
      send: (payload, to = []) => {
        const channel = this.#channels[lane];
        const message = encodeMessage(lane, name, payload, to);
        if (message === null || channel?.readyState !== "open" || channel.bufferedAmount + message.length > WAITING_BYTES_MAX[lane]) return false;
        channel.send(message);
        return true;
      },
      onmessage: (listener) => {
        const listeners = this.#listeners.get(key) ?? new Set();
        this.#listeners.set(key, listeners.add(listener));
        return () => void listeners.delete(listener);
      },
      ongap: (listener) => {
        if (lane === "lossy") return () => undefined;
        this.#gaps.add(listener);
        return () => void this.#gaps.delete(listener);
      },
    };
  }

  close(): void {
    this.#forget();
    this.#listeners.clear();
    this.#gaps.clear();
  }

  #open(pc: RTCPeerConnection, lane: Lane): void {
    const channel = pc.createDataChannel(lane, lane === "lossy" ? { ordered: false, maxRetransmits: 0 } : {});
    channel.binaryType = "arraybuffer";
    this.#channels[lane] = channel;
    channel.onopen = () => {
      if (lane !== "reliable") return;
      // The first one misses nothing that anybody could have had.
      if (this.#wasOpen) for (const listener of this.#gaps) listener();
      this.#wasOpen = true;
    };
    channel.onmessage = ({ data }: MessageEvent<unknown>) => this.#hear(lane, data);
    channel.onclose = () => {
      if (this.#channels[lane] !== channel) return;
      this.#channels[lane] = null;
      // The server closes it for who reads too slowly; whoever still does is closed again, and waits for longer.
      if (pc === this.#pc && pc.connectionState === "connected") this.#reopen(pc, lane);
    };
  }

  #reopen(pc: RTCPeerConnection, lane: Lane): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (pc !== this.#pc || pc.connectionState !== "connected") return;
      for (const closed of LANES) if (this.#channels[closed] === null) this.#open(pc, closed);
    }, backoffMs(this.#attempt, null, Math.random));
    if (lane === "reliable") this.#attempt += 1;
  }

  #hear(lane: Lane, data: unknown): void {
    if (!(data instanceof ArrayBuffer)) return;
    const said = decodeMessage(new Uint8Array(data));
    if (said === null) return;
    for (const listener of this.#listeners.get(`${lane} ${said.topic}`) ?? []) listener(said);
  }

  #forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#pc = null;
    this.#attempt = 0;
    for (const lane of LANES) {
      const channel = this.#channels[lane];
      this.#channels[lane] = null;
      if (channel !== null) channel.onmessage = channel.onopen = channel.onclose = null;
    }
  }
}
