// Messages of applications as they travel over data channels: lengths first, then the parts, the payload last. The same as `proto::data` in Rust.

export type Lane = "reliable" | "lossy";

export type Said = {
  topic: string;
  /** As the server says; no message says it of itself. */
  from: string;
  /** It was sent to some, the reader among them. */
  isPrivate: boolean;
  payload: Uint8Array;
};

const VERSION = 1;
const IS_PRIVATE = 1;
export const TOPIC_BYTES_MAX = 64;
export const RECIPIENTS_MAX = 16;
export const PAYLOAD_BYTES_MAX: Record<Lane, number> = { reliable: 16 * 1024, lossy: 960 };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Null for what the server would refuse. Without recipients it goes to everybody else in the meeting. */
export function encodeMessage(lane: Lane, topic: string, payload: Uint8Array, to: readonly string[]): Uint8Array<ArrayBuffer> | null {
  const name = encoder.encode(topic);
  const recipients = to.map((id) => encoder.encode(id));
  if (name.length === 0 || name.length > TOPIC_BYTES_MAX || recipients.length > RECIPIENTS_MAX || payload.length > PAYLOAD_BYTES_MAX[lane]) return null;
  const parts = [Uint8Array.of(VERSION, name.length, recipients.length), name, ...recipients.flatMap((id) => [Uint8Array.of(id.length), id]), payload];
  const message = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}

/** Null for what is no message, or one of a newer server. */
export function decodeMessage(bytes: Uint8Array): Said | null {
  const [version, flags = 0, topicLength = 0, fromLength = 0] = bytes;
  const fromAt = 4 + topicLength;
  const payloadAt = fromAt + fromLength;
  if (version !== VERSION || topicLength === 0 || fromLength === 0 || bytes.length < payloadAt) return null;
  try {
    return {
      topic: decoder.decode(bytes.subarray(4, fromAt)),
      from: decoder.decode(bytes.subarray(fromAt, payloadAt)),
      isPrivate: (flags & IS_PRIVATE) !== 0,
      payload: bytes.subarray(payloadAt),
    };
  } catch {
    return null;
  }
}
