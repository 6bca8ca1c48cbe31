import { expect, test } from "vitest";
import { covering } from "../src/media/background/cover";
import { blend } from "../src/media/background/mask";
import { Pace } from "../src/media/background/pace";
import { codecNames, preferring } from "../src/media/codecs";
import { merged, trouble } from "../src/media/devices";
import { loudness } from "../src/media/level";
import { readLayers } from "../src/media/publish";
import { encodings, preset } from "../src/media/quality";
import { Silence } from "../src/media/silence";
import { digest, snapshot, type Report } from "../src/media/statistics";

const CODECS = [
  { mimeType: "video/VP8" },
  { mimeType: "video/rtx" },
  { mimeType: "video/H264", sdpFmtpLine: "packetization-mode=0;profile-level-id=42e01f" },
  { mimeType: "video/H264", sdpFmtpLine: "packetization-mode=1;profile-level-id=640c1f" },
  { mimeType: "video/H264", sdpFmtpLine: "packetization-mode=1;profile-level-id=42e01f" },
  { mimeType: "video/AV1" },
  { mimeType: "video/ulpfec" },
];

test("codecs are offered by name, once each, VP8 first", () => {
  expect(codecNames(CODECS)).toEqual(["VP8", "H264", "AV1"]);
});

test("the chosen codec leads, the others stay as a fall-back, repair comes last", () => {
  expect(preferring("AV1", CODECS).map((c) => c.mimeType)).toEqual(["video/AV1", "video/VP8", "video/H264", "video/H264", "video/H264", "video/rtx", "video/ulpfec"]);
  expect(preferring("H264", CODECS).slice(0, 3).map((c) => c.sdpFmtpLine)).toEqual([
    "packetization-mode=1;profile-level-id=42e01f",
    "packetization-mode=0;profile-level-id=42e01f",
    "packetization-mode=1;profile-level-id=640c1f",
  ]);
});

test("simulcast sends a quarter, a half and the whole, smallest first", () => {
  const layers = encodings(preset("standard"), true, "VP8");
  expect(layers.map(({ rid, scaleResolutionDownBy }) => [rid, scaleResolutionDownBy])).toEqual([["q", 4], ["h", 2], ["f", 1]]);
  expect(layers.at(-1)?.maxBitrate).toBe(2_500_000);
  expect(layers.every((layer) => !("scalabilityMode" in layer))).toBe(true);
  expect(encodings(preset("standard"), true, "VP9").every((layer) => "scalabilityMode" in layer)).toBe(true);
  expect(encodings(preset("saver"), false, "VP8")).toEqual([{ maxBitrate: 700_000, maxFramerate: 30 }]);
});

test("silence is zero, full scale is one, and half the amplitude is a tenth less", () => {
  expect(loudness(new Float32Array(64))).toBe(0);
  expect(loudness(new Float32Array(64).fill(1))).toBe(1);
  expect(loudness(new Float32Array(64).fill(0.5))).toBeCloseTo(0.9, 2);
});

test("what is wrong with a device is known by its reason, and told once when both have it", () => {
  const named = (name: string): DOMException => new DOMException("", name);
  expect(trouble("video", named("NotAllowedError"))).toEqual({ kind: "video", reason: "refused" });
  expect(trouble("audio", named("NotReadableError"))).toEqual({ kind: "audio", reason: "busy" });
  expect(trouble("screen", named("NotAllowedError"))).toEqual({ kind: "screen", reason: "refused" });
  const missing = [trouble("audio", named("NotFoundError")), trouble("video", named("NotFoundError"))];
  expect(merged(missing)).toHaveLength(1);
  expect(merged([trouble("audio", named("NotFoundError")), trouble("video", named("NotReadableError"))])).toHaveLength(2);
});

const report = (id: string, type: string, timestamp: number, fields: Record<string, unknown>): Report => ({ id, type, timestamp, ...fields });

test("a publisher's counters become rates, per layer and in sum, in a steady order", () => {
  const at = (t: number, q: number, f: number): Report[] => [
    report("q", "outbound-rtp", t, { kind: "video", rid: "q", bytesSent: q, packetsSent: q / 100, frameWidth: 320, frameHeight: 180, framesPerSecond: 30, codecId: "c" }),
    report("f", "outbound-rtp", t, { kind: "video", rid: "f", bytesSent: f, packetsSent: f / 100, frameWidth: 1280, frameHeight: 720, framesPerSecond: 29, qualityLimitationReason: "bandwidth", codecId: "c" }),
    report("a", "outbound-rtp", t, { kind: "audio", bytesSent: t, packetsSent: 0 }),
    report("c", "codec", t, { mimeType: "video/VP8" }),
    report("r", "remote-inbound-rtp", t, { packetsLost: f / 10_000, roundTripTime: 0.02 }),
  ];
  const sample = digest(snapshot(at(1000, 0, 0)), snapshot(at(3000, 10_000, 90_000)));
  expect(sample.streams.map((s) => [s.rid, s.kbps, s.codec, s.limited])).toEqual([["f", 360, "VP8", "bandwidth"], ["q", 40, "VP8", null], [null, 8, null, null]]);
  expect(sample).toMatchObject({ videoKbps: 400, audioKbps: 8, width: 1280, height: 720, fps: 29, rttMs: 20 });
  expect(sample.loss).toBeCloseTo(9 / 1000);
});

test("the picture is the largest layer that flows", () => {
  const layer = (rid: string, width: number, bytes: number, t: number): Report =>
    report(rid, "outbound-rtp", t, { kind: "video", rid, bytesSent: bytes, frameWidth: width, frameHeight: width / 2, framesPerSecond: 30 });
  const sample = digest(snapshot([layer("f", 1280, 500, 0), layer("q", 320, 0, 0)]), snapshot([layer("f", 1280, 500, 1000), layer("q", 320, 9000, 1000)]));
  expect(sample.width).toBe(320);
});

test("a viewer's path, loss, buffer and silence are read from what arrived", () => {
  const at = (t: number, n: number): Report[] => [
    report("v", "inbound-rtp", t, { kind: "video", bytesReceived: n * 1000, packetsReceived: n, packetsLost: n / 10, jitter: 0.004, jitterBufferDelay: n * 0.05, jitterBufferEmittedCount: n, freezeCount: 2 }),
    report("t", "transport", t, { selectedCandidatePairId: "p" }),
    report("p", "candidate-pair", t, { localCandidateId: "l", currentRoundTripTime: 0.031 }),
    report("l", "local-candidate", t, { protocol: "udp", candidateType: "relay", relayProtocol: "tls" }),
  ];
  const sample = digest(snapshot(at(0, 0)), snapshot(at(1000, 100)));
  expect(sample).toMatchObject({ videoKbps: 800, rttMs: 31, jitterMs: 4, freezes: 2, path: "TLS by relay", packetsReceived: 100 });
  expect(sample.bufferMs).toBeCloseTo(50);
  expect(sample.loss).toBeCloseTo(10 / 110);
  expect(digest(snapshot(at(0, 100)), snapshot(at(1000, 100))).packetsReceived).toBe(0);
});

test("counters that start over do not become negative rates", () => {
  const at = (t: number, n: number): Report[] => [report("v", "inbound-rtp", t, { kind: "video", bytesReceived: n, packetsReceived: n })];
  expect(digest(snapshot(at(0, 5000)), snapshot(at(1000, 1000))).videoKbps).toBe(8);
});

test("silence is said after three seconds, and asked about after eight, then more and more rarely", () => {
  const silence = new Silence();
  const run = (seconds: number): string[] => Array.from({ length: seconds }, () => silence.push(0));
  expect(run(8)).toEqual([...Array<string>(2).fill("flowing"), ...Array<string>(5).fill("quiet"), "rejoin"]);
  expect(run(16).indexOf("rejoin")).toBe(15);
  expect(silence.push(1)).toBe("flowing");
  expect(run(8).at(-1)).toBe("rejoin");
});

test("a message about layers is read, and anything else is passed over", () => {
  expect(readLayers('{"layers":{"f":false,"h":true}}')).toEqual({ f: false, h: true });
  for (const other of ["", "[]", "null", '{"layers":1}', '{"layers":null}', "{", 7, new ArrayBuffer(2)]) {
    expect(readLayers(other)).toBeNull();
  }
});

test("a machine that needs long for a frame is given fewer, and a fast one no more than a camera has", () => {
  const frames = (costMs: number): number => {
    const pace = new Pace();
    let done = 0;
    for (let now = 0; now < 1000; now += 1) {
      if (!pace.admits(now)) continue;
      pace.spent(now, now + costMs);
      done += 1;
    }
    return done;
  };
  expect(frames(2)).toBeGreaterThanOrEqual(30);
  expect(frames(2)).toBeLessThanOrEqual(32);
  expect(frames(60)).toBe(10);
});

test("a machine that cannot keep up sends smaller pictures, and larger ones again when it can well afford them", () => {
  const pace = new Pace();
  let now = 0;
  const work = (frames: number, cost: (scale: number) => number): number => {
    for (let i = 0; i < frames; i += 1) {
      while (!pace.admits(now)) now += 1;
      pace.spent(now, (now += cost(pace.scaleOf(720))));
    }
    return pace.scaleOf(720);
  };
  expect(work(500, () => 25), "fast enough").toBe(1);
  // 20 ms whatever the size, and 40 ms for the pixels of a whole picture.
  expect(work(500, (scale) => 20 + 40 * scale * scale)).toBe(0.5);
  expect(work(2000, (scale) => 20 + 40 * scale * scale), "no going up and down").toBe(0.5);
  expect([360, 480, 1080].map((lines) => pace.scaleOf(lines)), "small ones are not made smaller").toEqual([1, 0.75, 0.5]);
  expect(work(1000, () => 10), "the machine is free again").toBe(1);
});

test("a picture fills a frame of another shape without being stretched", () => {
  expect(covering({ width: 1600, height: 900 }, { width: 640, height: 360 })).toEqual([0, 0, 1600, 900]);
  expect(covering({ width: 1000, height: 1000 }, { width: 200, height: 100 })).toEqual([0, 250, 1000, 500]);
  expect(covering({ width: 400, height: 100 }, { width: 100, height: 100 })).toEqual([150, 0, 100, 100]);
});

test("what is surely background is not shown, and a person comes in over some frames", () => {
  const shown = new Float32Array(3);
  const pixels = new Uint8ClampedArray(12);
  const confidence = new Float32Array([0.1, 0.5, 0.95]);
  blend(confidence, shown, pixels);
  const first = [3, 7, 11].map((i) => pixels[i] ?? 0);
  for (let i = 0; i < 20; i += 1) blend(confidence, shown, pixels);
  const last = [3, 7, 11].map((i) => pixels[i] ?? 0);
  expect(last[0]).toBe(0);
  expect(last[1]).toBeGreaterThan(100);
  expect(last[1]).toBeLessThan(180);
  expect(last[2]).toBe(255);
  expect(first[2]).toBeGreaterThan(150);
  expect(first[2]).toBeLessThan(255);
});
