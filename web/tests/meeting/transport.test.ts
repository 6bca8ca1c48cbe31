// A peer connection that is negotiated over the meeting's socket; the browser's half of it is fake.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Transport, type Health } from "../../src/protocol/meeting/transport";
import type { Packet, Saying } from "../../src/protocol/meeting/packets";
import { packet } from "./packets";

const SDP = (ufrag: string): string => ["v=0", "a=group:BUNDLE 0", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:0", `a=ice-ufrag:${ufrag}`, "a=ice-pwd:pp", ""].join("\r\n");

class FakePeer {
  static all: FakePeer[] = [];
  connectionState: RTCPeerConnectionState = "new";
  signalingState: RTCSignalingState = "stable";
  localDescription: { sdp: string } | null = null;
  remote: string[] = [];
  closed = false;
  onicecandidate: ((event: { candidate: { candidate: string } | null }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  #restarts = 0;
  constructor() {
    FakePeer.all.push(this);
  }
  createOffer(): Promise<{ sdp: string }> {
    return Promise.resolve({ sdp: SDP(`mine${this.#restarts}`) });
  }
  setLocalDescription(offer: { sdp: string }): Promise<void> {
    this.localDescription = offer;
    this.signalingState = "have-local-offer";
    return Promise.resolve();
  }
  setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    if (sdp === "nonsense") return Promise.reject(new Error("no"));
    this.remote.push(sdp);
    this.signalingState = "stable";
    return Promise.resolve();
  }
  restartIce(): void {
    this.#restarts += 1;
  }
  close(): void {
    this.closed = true;
  }
  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

const newest = (): FakePeer => {
  const pc = FakePeer.all.at(-1);
  if (pc === undefined) throw new Error("nothing was opened");
  return pc;
};

type Line = { transport: Transport; sent: Saying[]; healths: Health[]; up: boolean };

async function open(): Promise<Line> {
  const line = { sent: [] as Saying[], healths: [] as Health[], up: true };
  const transport = new Transport({
    what: "camera",
    send: (saying) => line.up && line.sent.push(saying) > 0,
    prepare: () => undefined,
    onanswer: () => undefined,
    onhealth: (health) => void line.healths.push(health),
  });
  await vi.advanceTimersByTimeAsync(0);
  return Object.assign(line, { transport });
}

const offerIn = ({ sent }: Line): number => {
  const offer = sent.findLast((saying) => saying.content_type === "OFFER");
  if (offer?.content_type !== "OFFER") throw new Error("nothing was offered");
  return offer.id;
};
const answer = (id: number, sdp = SDP("theirs0")): Packet<"ANSWER"> => packet({ content_type: "ANSWER", what: "camera", id, sdp }) as Packet<"ANSWER">;
const ice = (ufrag: string): Packet<"ICE"> => packet({ content_type: "ICE", what: "camera", fragment: `a=ice-ufrag:${ufrag}\r\na=ice-pwd:qq\r\n` }) as Packet<"ICE">;
const kinds = ({ sent }: Line): string[] => sent.map(({ content_type }) => content_type);

async function connected(): Promise<Line> {
  const line = await open();
  await line.transport.hear(answer(offerIn(line)));
  newest().become("connected");
  return line;
}

beforeEach(() => {
  FakePeer.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("RTCPeerConnection", FakePeer);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("it offers, is answered once, and sends its candidates together when the server knows whose they are", async () => {
  const line = await open();
  newest().onicecandidate?.({ candidate: { candidate: "candidate:1" } });
  newest().onicecandidate?.({ candidate: { candidate: "candidate:2" } });
  await vi.advanceTimersByTimeAsync(200);
  expect(kinds(line)).toEqual(["OFFER"]);
  await line.transport.hear(answer(offerIn(line) - 1));
  expect(newest().remote).toEqual([]);
  await line.transport.hear(answer(offerIn(line)));
  await line.transport.hear(answer(offerIn(line), SDP("late")));
  await vi.advanceTimersByTimeAsync(200);
  expect(newest().remote).toEqual([SDP("theirs0")]);
  const said = line.sent.at(-1);
  expect(said?.content_type === "ICE" && said.fragment.match(/candidate:\d/g)).toEqual(["candidate:1", "candidate:2"]);
  line.transport.close();
  expect(kinds(line)).toEqual(["OFFER", "ICE", "STOP"]);
  expect(newest().closed).toBe(true);
});

test("a path that breaks is looked for again without a new connection", async () => {
  const line = await connected();
  newest().become("disconnected");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(kinds(line)).toEqual(["OFFER", "ICE"]);
  await line.transport.hear(ice("theirs1"));
  expect(newest().remote.at(-1)).toContain("a=ice-ufrag:theirs1");
  newest().become("connected");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakePeer.all.length).toBe(1);
  expect(line.healths).toEqual(["connecting", "connected", "shaky", "connected"]);
});

test("when that does not help there is another connection, under another id", async () => {
  const line = await connected();
  const first = offerIn(line);
  newest().become("disconnected");
  newest().become("failed");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(FakePeer.all.length).toBe(2);
  expect(FakePeer.all[0]?.closed).toBe(true);
  expect(offerIn(line)).toBeGreaterThan(first);
});

test("a new socket restarts what is broken and leaves alone what is not", async () => {
  const line = await connected();
  line.transport.resumed("replayed");
  await vi.advanceTimersByTimeAsync(0);
  expect(kinds(line)).toEqual(["OFFER"]);
  newest().become("disconnected");
  line.transport.resumed("refreshed");
  await vi.advanceTimersByTimeAsync(0);
  expect(kinds(line)).toEqual(["OFFER", "ICE"]);
  line.transport.resumed("new");
  await vi.advanceTimersByTimeAsync(0);
  expect(kinds(line)).toEqual(["OFFER", "ICE", "OFFER"]);
});

test("an offer that may have been lost with the line is made again", async () => {
  const line = await open();
  line.up = false;
  line.transport.resumed("replayed");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(kinds(line)).toEqual(["OFFER"]);
  line.up = true;
  line.transport.resumed("replayed");
  await vi.advanceTimersByTimeAsync(0);
  expect(kinds(line)).toEqual(["OFFER", "OFFER"]);
});

test("what the server ends, and what the browser does not take, is begun anew with growing patience", async () => {
  const line = await connected();
  await line.transport.hear(packet({ content_type: "MEDIA_ENDED", what: "camera", reason: "timeout" }) as Packet<"MEDIA_ENDED">);
  await vi.advanceTimersByTimeAsync(700);
  expect(FakePeer.all.length).toBe(2);
  await line.transport.hear(answer(offerIn(line), "nonsense"));
  await vi.advanceTimersByTimeAsync(700);
  expect(FakePeer.all.length).toBe(2);
  await vi.advanceTimersByTimeAsync(700);
  expect(FakePeer.all.length).toBe(3);
  line.transport.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakePeer.all.length).toBe(3);
});
