// Messages of applications: their bytes, the channels they go over, and who is writing.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Messages } from "../../src/protocol/meeting/messages";
import { decodeMessage, encodeMessage, type Said } from "../../src/protocol/meeting/message";
import { Typing, TYPING } from "../../src/ui/meeting/typing";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
/** As the server says it. */
const said = (topic: string, from: string, payload: string): ArrayBuffer => bytes(`\x01\x00${String.fromCharCode(topic.length, from.length)}${topic}${from}${payload}`).slice().buffer;

class FakeChannel {
  readyState: RTCDataChannelState = "connecting";
  bufferedAmount = 0;
  binaryType = "";
  sent: Uint8Array[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly label: string;
  readonly how: RTCDataChannelInit;
  constructor(label: string, how: RTCDataChannelInit) {
    this.label = label;
    this.how = how;
  }
  send(message: Uint8Array): void {
    this.sent.push(message);
  }
  open(): void {
    this.readyState = "open";
    this.onopen?.();
  }
  shut(): void {
    this.readyState = "closed";
    this.onclose?.();
  }
}

class FakePeer {
  connectionState = "connected";
  channels: FakeChannel[] = [];
  createDataChannel(label: string, how: RTCDataChannelInit): FakeChannel {
    const channel = new FakeChannel(label, how);
    this.channels.push(channel);
    return channel;
  }
  last(label: string): FakeChannel {
    const channel = this.channels.findLast((channel) => channel.label === label);
    if (channel === undefined) throw new Error(`no channel ${label}`);
    return channel;
  }
}

function connect(messages: Messages): FakePeer {
  const pc = new FakePeer();
  messages.prepare(pc as unknown as RTCPeerConnection);
  for (const channel of pc.channels) channel.open();
  return pc;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a message", () => {
  test("has the bytes that the server reads and writes", () => {
    expect(encodeMessage("lossy", "cursor", Uint8Array.of(0, 1, 255), ["gbo", "adora"])).toEqual(bytes("\x01\x06\x02cursor\x03gbo\x05adora\x00\x01\xff"));
    expect(decodeMessage(bytes("\x01\x01\x06\x04cursorgannx"))).toEqual({ topic: "cursor", from: "gann", isPrivate: true, payload: bytes("x") });
  });

  test("that the server would refuse is not made", () => {
    const make = (topic: string, length: number, to = 0): unknown => encodeMessage("lossy", topic, new Uint8Array(length), Array.from({ length: to }, () => "g"));
    expect([make("", 1), make("x".repeat(65), 1), make("ü".repeat(33), 1), make("x", 961), make("x", 1, 17)]).toEqual([null, null, null, null, null]);
    expect(make("ü".repeat(32), 960, 16)).not.toBeNull();
  });

  test("that is none is passed over", () => {
    for (const text of ["", "\x01", "\x02\x00\x01\x01tg", "\x01\x00\x00\x01g", "\x01\x00\x05\x01tg", "\x01\x00\x01\x01\xffg"]) expect(decodeMessage(bytes(text))).toBeNull();
  });
});

describe("a topic", () => {
  test("goes over the channel of its lane, and hears what comes over that one alone", () => {
    const messages = new Messages();
    const pc = connect(messages);
    expect(pc.channels.map(({ label, how }) => [label, how])).toEqual([
      ["reliable", {}],
      ["lossy", { ordered: false, maxRetransmits: 0 }],
    ]);
    const topic = messages.topic("t", "lossy");
    const heard: Said[] = [];
    const stop = topic.onmessage((message) => heard.push(message));
    expect(topic.send(bytes("x"))).toBe(true);
    expect(pc.last("lossy").sent).toEqual([bytes("\x01\x01\x00tx")]);
    pc.last("lossy").onmessage?.({ data: said("t", "ga", "1") });
    pc.last("lossy").onmessage?.({ data: said("u", "ga", "2") });
    pc.last("reliable").onmessage?.({ data: said("t", "ga", "3") });
    pc.last("lossy").onmessage?.({ data: "text" });
    expect(heard.map(({ payload }) => payload)).toEqual([bytes("1")]);
    stop();
    pc.last("lossy").onmessage?.({ data: said("t", "ga", "4") });
    expect(heard).toHaveLength(1);
  });

  test("says no when it cannot send, and holds back no more than a moment", () => {
    const messages = new Messages();
    const topic = messages.topic("t", "lossy");
    expect(topic.send(bytes("x"))).toBe(false);
    const pc = connect(messages);
    pc.last("lossy").bufferedAmount = 4096;
    expect(topic.send(bytes("x"))).toBe(false);
    pc.last("lossy").bufferedAmount = 0;
    expect(topic.send(bytes("x"))).toBe(true);
  });

  test("comes back by itself when the server has closed it, and says that something is missed", async () => {
    const messages = new Messages();
    const pc = connect(messages);
    const topic = messages.topic("t", "reliable");
    let gaps = 0;
    topic.ongap(() => (gaps += 1));
    pc.last("reliable").shut();
    expect(topic.send(bytes("x"))).toBe(false);
    await vi.advanceTimersByTimeAsync(700);
    expect(pc.channels).toHaveLength(3);
    pc.last("reliable").open();
    expect([gaps, topic.send(bytes("x"))]).toEqual([1, true]);
    // Closed again it waits for longer.
    pc.last("reliable").shut();
    await vi.advanceTimersByTimeAsync(700);
    expect(pc.channels).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(700);
    expect(pc.channels).toHaveLength(4);
    // A connection that has gone is another part's to bring back; the next one has missed something too.
    pc.connectionState = "closed";
    pc.last("lossy").shut();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(pc.channels).toHaveLength(4);
    connect(messages);
    expect(gaps).toBe(2);
  });
});

describe("who writes", () => {
  type Page = { typing: Typing; pc: FakePeer; hears: (from: string, payload: string) => void; says: () => string[] };
  const page = (): Page => {
    const messages = new Messages();
    const pc = connect(messages);
    const typing = new Typing(messages.topic(TYPING, "lossy"), () => Date.now());
    const hears = (from: string, payload: string): void => pc.last("lossy").onmessage?.({ data: said(TYPING, from, payload) });
    const says = (): string[] => pc.last("lossy").sent.splice(0).map((message) => String.fromCharCode(...message).replace(`\x01\x0b`, "").replace(TYPING, ""));
    return { typing, pc, hears, says };
  };

  test("is shown until they stop, have said it, or are heard of no more", async () => {
    const { typing, hears } = page();
    hears("ga", "\x01");
    hears("gb", "\x01");
    hears("gc", "\x01");
    expect(typing.writers.value).toEqual(["ga", "gb", "gc"]);
    hears("ga", "\x00");
    typing.done("gb");
    expect(typing.writers.value).toEqual(["gc"]);
    await vi.advanceTimersByTimeAsync(5_900);
    expect(typing.writers.value).toEqual(["gc"]);
    await vi.advanceTimersByTimeAsync(200);
    expect(typing.writers.value).toEqual([]);
  });

  test("is said now and then while somebody does, to whom they write, and once when they stop", async () => {
    const { typing, says } = page();
    typing.wrote("h", null);
    typing.wrote("he", null);
    expect(says()).toEqual(["\x00\x01"]);
    await vi.advanceTimersByTimeAsync(2_100);
    typing.wrote("hel", null);
    expect(says()).toEqual(["\x00\x01"]);
    typing.wrote("hell", "gb");
    expect(says()).toEqual(["\x00\x00", "\x01\x02gb\x01"]);
    typing.wrote(" ", "gb");
    typing.wrote("", "gb");
    typing.stopped();
    expect(says()).toEqual(["\x01\x02gb\x00"]);
  });
});
