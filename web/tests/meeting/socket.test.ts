// The line to a meeting, over a WebSocket that the test holds the other end of.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ChatLine, ClientPacket, Resume, ServerPacket } from "../../src/protocol/generated/meeting";
import { Outbox, type Unsent } from "../../src/protocol/meeting/outbox";
import { Socket, type Line } from "../../src/protocol/meeting/socket";
import { line, MEETING, packet, welcome } from "./packets";

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: ClientPacket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor() {
    FakeSocket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientPacket);
  }
  close(): void {
    this.readyState = 3;
  }
  accept(...packets: ServerPacket[]): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
    for (const said of packets) this.say(said);
  }
  say(said: ServerPacket): void {
    this.onmessage?.({ data: JSON.stringify(said) });
  }
  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

const newest = (): FakeSocket => {
  const socket = FakeSocket.all.at(-1);
  if (socket === undefined) throw new Error("nobody has connected");
  return socket;
};

function open(resumption: () => Resume | undefined = () => undefined): { socket: Socket; lines: Line["at"][]; packets: string[] } {
  const lines: Line["at"][] = [];
  const packets: string[] = [];
  const socket = new Socket({
    url: new URL("ws://weir.test/meeting/socket"),
    meetingId: MEETING,
    ticket: "sesame",
    resumption,
    onpacket: ({ content_type }) => void packets.push(content_type),
    online: ({ at }) => void lines.push(at),
  });
  return { socket, lines, packets };
}

beforeEach(() => {
  FakeSocket.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("the first packet shows the ticket, and a later one where to go on", () => {
  let came = false;
  const where = { session: "s1", seq: 12, chat: 3 };
  const { lines } = open(() => (came ? where : undefined));
  newest().accept(welcome("new", 0));
  expect(newest().sent).toEqual([{ meeting_id: MEETING, content_type: "JOIN", ticket: "sesame", version: 1 }]);
  came = true;
  newest().drop();
  vi.advanceTimersByTime(400);
  newest().accept(welcome("replayed", 12));
  expect(FakeSocket.all.length).toBe(2);
  expect(newest().sent[0]).toMatchObject({ content_type: "JOIN", resume: where });
  expect(lines).toEqual(["open", "reconnecting", "open"]);
});

test("what the server says comes before the news that there is a line", () => {
  const order: string[] = [];
  new Socket({ url: new URL("ws://x"), meetingId: MEETING, ticket: "t", resumption: () => undefined, onpacket: () => void order.push("packet"), online: () => void order.push("line") });
  newest().accept(welcome("new", 0));
  expect(order).toEqual(["packet", "line"]);
});

test("a server that is away is asked with growing patience, and at once when the network is back", () => {
  const { socket } = open();
  newest().accept(welcome("new", 0));
  const waits = Array.from({ length: 6 }, () => {
    const count = FakeSocket.all.length;
    newest().drop();
    let ms = 0;
    for (; FakeSocket.all.length === count; ms += 100) vi.advanceTimersByTime(100);
    return ms;
  });
  expect(waits[0]).toBeLessThanOrEqual(400);
  expect(waits.slice(1)).toEqual(waits.slice(1).toSorted((a, b) => a - b));
  expect(waits[5]).toBeGreaterThanOrEqual(8_000);
  const count = FakeSocket.all.length;
  newest().drop();
  vi.advanceTimersByTime(1_000);
  expect(FakeSocket.all.length).toBe(count);
  socket.nudge();
  expect(FakeSocket.all.length).toBe(count + 1);
});

test("a line that has gone silent is given up, sooner when somebody comes back to the page", () => {
  const { socket, lines } = open();
  newest().accept(welcome("new", 0));
  vi.advanceTimersByTime(5_000);
  expect(newest().sent.at(-1)).toMatchObject({ content_type: "PING", seq: 0 });
  newest().say(packet({ content_type: "PONG", acknowledged: 0 }));
  vi.advanceTimersByTime(4_900);
  expect(lines).toEqual(["open"]);
  socket.nudge();
  vi.advanceTimersByTime(2_000);
  expect(lines).toEqual(["open", "reconnecting"]);
});

test("slowness is forgiven; what is over is over", () => {
  const slow = open();
  newest().accept(welcome("new", 0));
  newest().drop(4008);
  expect(slow.lines.at(-1)).toBe("reconnecting");
  slow.socket.leave();
  for (const [code, because] of [[4001, "ended"], [4002, "denied"], [4003, "taken_over"], [4005, "removed"]] as const) {
    const { socket } = open();
    newest().accept(welcome("new", 0));
    const count = FakeSocket.all.length;
    newest().drop(code);
    vi.advanceTimersByTime(60_000);
    expect(socket.line).toEqual({ at: "over", because });
    expect(FakeSocket.all.length).toBe(count);
  }
});

test("leaving says goodbye and hears nothing more", () => {
  const { socket, packets, lines } = open();
  newest().accept(welcome("new", 0));
  const last = newest();
  socket.leave();
  last.say(packet({ content_type: "PONG", acknowledged: 0 }));
  expect(last.sent.at(-1)).toMatchObject({ content_type: "LEAVE" });
  expect(packets).toEqual(["WELCOME"]);
  expect(lines).toEqual(["open", "over"]);
});

test("every message is said once, whatever becomes of the line and of the echo", () => {
  // A server that drops what comes while `up` is false, and whose echoes get lost while `hears` is.
  const said: string[] = [];
  let [up, hears] = [true, true];
  const echoes: ChatLine[] = [];
  let unsent: readonly Unsent[] = [];
  const outbox = new Outbox(
    ({ id }) => {
      if (!up) return false;
      if (!said.includes(id)) echoes.push(line(said.push(id), "me", id));
      return true;
    },
    (now) => (unsent = now),
  );
  const echo = (): void => {
    const lines = echoes.splice(0);
    if (hears && lines.length > 0) {
      outbox.seen(lines, "me");
      echo();
    }
  };
  outbox.say({ id: "1", text: "one" });
  outbox.say({ id: "2", text: "two" });
  echo();
  expect(unsent).toEqual([]);
  hears = false;
  outbox.say({ id: "3", text: "three" });
  echo();
  up = false;
  outbox.say({ id: "4", text: "four" });
  vi.advanceTimersByTime(20_000);
  [up, hears] = [true, true];
  // The replay brings the echo that was lost.
  outbox.seen([line(3, "me", "3")], "me");
  outbox.resume();
  echo();
  expect(said).toEqual(["1", "2", "3", "4"]);
  expect(unsent).toEqual([]);
});

test("a refusal is about the message that was sent last, and the next one follows", () => {
  const sent: string[] = [];
  let unsent: readonly Unsent[] = [];
  const outbox = new Outbox(({ id }) => (sent.push(id), true), (now) => (unsent = now));
  outbox.say({ id: "1", text: "one" });
  outbox.say({ id: "2", text: "two" });
  outbox.refused("not_allowed", "a host has switched the chat off");
  expect(sent).toEqual(["1", "2"]);
  expect(unsent.map(({ refused }) => refused !== null)).toEqual([true, false]);
  outbox.refused("too_fast", "wait");
  expect(sent).toEqual(["1", "2"]);
  vi.advanceTimersByTime(600);
  expect(sent).toEqual(["1", "2", "2"]);
  outbox.forget("1");
  expect(unsent.map(({ id }) => id)).toEqual(["2"]);
});
