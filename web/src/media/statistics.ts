// From `getStats` to the dozen numbers that somebody reads. Counters become rates by comparing two snapshots.

export type StreamSample = {
  kind: "audio" | "video";
  /** Of simulcast, when sending. */
  rid: string | null;
  codec: string | null;
  kbps: number;
  fps: number | null;
  width: number | null;
  height: number | null;
  /** Why the encoder sends less than it could: "bandwidth", "cpu", ... */
  limited: string | null;
};

export type Sample = {
  /** Sums over the streams of each kind. */
  videoKbps: number;
  audioKbps: number;
  /** The largest picture that flows. */
  width: number | null;
  height: number | null;
  fps: number | null;
  rttMs: number | null;
  /** Share of packets lost on the way since the last sample, 0..1. */
  loss: number | null;
  jitterMs: number | null;
  /** Waiting in the jitter buffer before being shown. */
  bufferMs: number | null;
  framesDropped: number | null;
  /** Pictures that came out of the decoder since the last sample; null without a picture to decode. */
  framesDecoded: number | null;
  freezes: number | null;
  /** "UDP" or "TCP", and how the network was reached. */
  path: string | null;
  /** Packets that arrived since the last sample; 0 means silence on the line. */
  packetsReceived: number;
  streams: StreamSample[];
};

/** A `getStats` entry; which fields are there depends on its type and on the browser. */
export type Report = { id: string; type: string; timestamp: number } & Record<string, unknown>;

export type Snapshot = ReadonlyMap<string, Report>;

export const snapshot = (reports: Iterable<Report>): Snapshot => new Map([...reports].map((report) => [report.id, report]));

export function digest(before: Snapshot | null, now: Snapshot): Sample {
  const reports = [...now.values()];
  const rate = (report: Report, field: string): number => perSecond(before?.get(report.id), report, field);

  const sent = reports.filter((r) => r.type === "outbound-rtp");
  const received = reports.filter((r) => r.type === "inbound-rtp");
  const streams = [
    ...sent.map((r) => stream(r, now, rate(r, "bytesSent"))),
    ...received.map((r) => stream(r, now, rate(r, "bytesReceived"))),
  ].toSorted((a, b) => place(a) - place(b));

  const sum = (kind: string): number => streams.filter((s) => s.kind === kind).reduce((total, s) => total + s.kbps, 0);
  const pictures = streams.filter((s) => s.kind === "video");
  const picture = pictures.filter((s) => s.kbps > 0).toSorted((a, b) => (b.width ?? 0) - (a.width ?? 0))[0] ?? pictures[0];
  const remote = reports.filter((r) => r.type === "remote-inbound-rtp");
  const watched = received.find((r) => r["kind"] === "video") ?? received[0];
  const pair = selectedPair(reports, now);

  return {
    videoKbps: sum("video"),
    audioKbps: sum("audio"),
    width: picture?.width ?? null,
    height: picture?.height ?? null,
    fps: picture?.fps ?? null,
    rttMs: milliseconds(number(pair?.["currentRoundTripTime"]) ?? number(remote[0]?.["roundTripTime"])),
    loss: received.length > 0 ? lossReceived(before, received) : lossSent(before, sent, remote),
    jitterMs: milliseconds(number(watched?.["jitter"])),
    bufferMs: watched === undefined ? null : buffered(before?.get(watched.id), watched),
    framesDropped: number(watched?.["framesDropped"]),
    framesDecoded: watched?.["kind"] === "video" ? since(before?.get(watched.id), watched, "framesDecoded") : null,
    freezes: number(watched?.["freezeCount"]),
    path: pair === undefined ? null : pathOf(pair, now),
    packetsReceived: received.reduce((total, r) => total + since(before?.get(r.id), r, "packetsReceived"), 0),
    streams,
  };
}

function stream(report: Report, now: Snapshot, bytesPerSecond: number): StreamSample {
  const codec = text(now.get(text(report["codecId"]) ?? "")?.["mimeType"]);
  const limited = text(report["qualityLimitationReason"]);
  return {
    kind: report["kind"] === "audio" ? "audio" : "video",
    rid: text(report["rid"]),
    codec: codec?.split("/")[1] ?? null,
    kbps: (bytesPerSecond * 8) / 1000,
    fps: number(report["framesPerSecond"]),
    width: number(report["frameWidth"]),
    height: number(report["frameHeight"]),
    limited: limited === "none" ? null : limited,
  };
}

/** Largest picture first, sound last; by name, so that a line stays where it is when its numbers change. */
function place({ kind, rid }: StreamSample): number {
  return kind === "audio" ? 9 : ["f", "h", "q"].indexOf(rid ?? "");
}

function lossReceived(before: Snapshot | null, received: Report[]): number | null {
  const sum = (field: string): number => received.reduce((total, r) => total + since(before?.get(r.id), r, field), 0);
  return share(sum("packetsLost"), sum("packetsReceived") + sum("packetsLost"));
}

/** What the server reports to have missed, against what was sent. */
function lossSent(before: Snapshot | null, sent: Report[], remote: Report[]): number | null {
  if (remote.length === 0) return null;
  const lost = remote.reduce((total, r) => total + since(before?.get(r.id), r, "packetsLost"), 0);
  return share(lost, sent.reduce((total, r) => total + since(before?.get(r.id), r, "packetsSent"), 0));
}

// A repaired packet can take a loss back, so the difference may be negative for a moment.
const share = (part: number, whole: number): number | null => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : null);

function buffered(before: Report | undefined, now: Report): number | null {
  const emitted = since(before, now, "jitterBufferEmittedCount");
  return emitted > 0 ? (since(before, now, "jitterBufferDelay") / emitted) * 1000 : null;
}

function selectedPair(reports: Report[], now: Snapshot): Report | undefined {
  const transport = reports.find((r) => r.type === "transport");
  const named = now.get(text(transport?.["selectedCandidatePairId"]) ?? "");
  // Firefox marks the pair instead of naming it.
  return named ?? reports.find((r) => r.type === "candidate-pair" && (r["selected"] === true || r["nominated"] === true));
}

function pathOf(pair: Report, now: Snapshot): string | null {
  const local = now.get(text(pair["localCandidateId"]) ?? "");
  if (local === undefined) return null;
  const relayed = local["candidateType"] === "relay";
  const protocol = text(local[relayed ? "relayProtocol" : "protocol"]) ?? text(local["protocol"]);
  return `${(protocol ?? "udp").toUpperCase()}${relayed ? " by relay" : ""}`;
}

function perSecond(before: Report | undefined, now: Report, field: string): number {
  const seconds = before === undefined ? 0 : (now.timestamp - before.timestamp) / 1000;
  return seconds > 0 ? since(before, now, field) / seconds : 0;
}

/** A counter that went backwards belongs to something new. */
function since(before: Report | undefined, now: Report, field: string): number {
  const to = number(now[field]) ?? 0;
  const from = number(before?.[field]) ?? 0;
  return field === "packetsLost" || to >= from ? to - from : to;
}

const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
const milliseconds = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000);
