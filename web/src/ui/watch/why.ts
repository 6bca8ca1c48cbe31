// Why is it frozen? The server knows what it sent, the browser what came of it: only both together tell where it ends.

import type { Sample } from "../../media/statistics";
import type { SessionTrack, SessionView } from "../../protocol/generated/api";
import { streams } from "../streams";
import { bitrate, codec } from "../words";

export type Diagnosis = {
  mid: string;
  is: "picture" | "sound";
  title: string;
  good: boolean;
  sentence: string;
  facts: string;
  /** Layers to choose from; empty when there is only one. */
  layers: { rid: string; label: string }[];
  chosen: string | null;
};

/** So many packets in a second are more than what may still be on its way. */
const SENT_AT_LEAST = 5;
/** A second without a picture is a pause in many streams; two are none. */
const SECONDS = 2;

export function diagnose(views: readonly SessionView[], samples: readonly Sample[]): Diagnosis[] {
  const now = views.at(-1);
  const before = views.at(-2);
  return (now?.tracks ?? []).map((track) => {
    const plays = ["playing", "catching-up", "paused-for-bandwidth"].includes(track.verdict.is);
    const sent = track.packets - (before?.tracks.find(({ mid }) => mid === track.mid)?.packets ?? track.packets);
    const problem = plays && sent >= SENT_AT_LEAST ? here(track, samples.slice(-SECONDS)) : null;
    return {
      mid: track.mid,
      is: track.kind === "video" ? "picture" : "sound",
      title: track.kind === "video" ? streams.value.why.picture : streams.value.why.sound,
      good: plays && problem === null,
      sentence: problem ?? sentenceOf(track),
      facts: facts(track, track.kind === "video" ? samples.at(-1) : undefined),
      layers: layers(track),
      chosen: track.chosen,
    };
  });
}

/** The server's verdict in the page's language; one of a newer server in the server's own words. */
function sentenceOf({ verdict, sentence }: SessionTrack): string {
  const w = streams.value.verdicts;
  switch (verdict.is) {
    case "playing":
      return w.playing;
    case "no-source":
      return w.noSource;
    case "idle-clip":
      return w.idleClip;
    case "source-silent":
      return w.sourceSilent(seconds(verdict.since_ms));
    case "waiting-for-keyframe":
      return w.waitingForKeyframe(seconds(verdict.since_ms), verdict.asked);
    case "catching-up":
      return w.catchingUp(seconds(verdict.behind_ms));
    case "paused-for-bandwidth":
      return w.pausedForBandwidth(bitrate(verdict.needs_kbps), bitrate(verdict.has_kbps));
    case "too-narrow":
      return w.tooNarrow(bitrate(verdict.needs_kbps), bitrate(verdict.has_kbps));
    case "paused-by-viewer":
      return w.pausedByViewer;
    case "loss":
      return (verdict.hop === "publisher" ? w.lossToServer : w.lossToViewer)(verdict.percent.toFixed(1));
    case "not-acknowledging":
      return w.notAcknowledging(seconds(verdict.since_ms));
    case "ended":
      return w.ended(verdict.reason);
    case "codec-not-playable":
      return w.codecNotPlayable(codec(verdict.codec));
    default:
      verdict satisfies never;
      return sentence;
  }
}

const seconds = (ms: number): string => `${ms < 10_000 ? (Math.floor(ms / 100) / 10).toFixed(1) : Math.floor(ms / 1000)} s`;

/** What is wrong on this side, when the server sends. */
function here(track: SessionTrack, samples: readonly Sample[]): string | null {
  if (samples.length < SECONDS) return null;
  if (samples.every((sample) => sample.packetsReceived === 0)) {
    return streams.value.why.swallowed;
  }
  if (track.kind === "video" && samples.every((sample) => sample.framesDecoded === 0)) {
    return streams.value.why.undecoded;
  }
  return null;
}

function facts(track: SessionTrack, sample: Sample | undefined): string {
  const w = streams.value.why;
  const several = track.layers.length > 1;
  return [
    codec(track.codec),
    ...(several && track.layer !== null ? [w.onLayer(track.layer)] : []),
    ...(several && track.target !== null && track.target !== track.layer ? [w.toCome(track.target)] : []),
    w.packets(track.packets),
    ...(track.repairs > 0 ? [w.repairs(track.repairs)] : []),
    ...(sample === undefined || sample.framesDecoded === null ? [] : [w.frames(sample.framesDecoded)]),
    ...(sample === undefined || sample.freezes === null ? [] : [w.freezes(sample.freezes)]),
  ].join(" · ");
}

function layers(track: SessionTrack): { rid: string; label: string }[] {
  const named = track.layers.flatMap((layer) => (layer.rid === undefined ? [] : [{ ...layer, rid: layer.rid }]));
  if (named.length < 2) return [];
  const best = [...named].sort((a, b) => b.kbps - a.kbps);
  return best.map(({ rid, kbps, silent }) => ({ rid, label: silent ? streams.value.why.notSent(rid) : `${rid} (${bitrate(kbps)})` }));
}

/** The line under the title. */
export function summary(view: SessionView): string {
  const w = streams.value.why;
  return [
    w.room(view.room),
    w.sent(bitrate(view.sent_kbps)),
    ...(view.estimate_kbps === null ? [] : [w.carries(bitrate(view.estimate_kbps))]),
    ...(view.rtt_ms === null ? [] : [w.roundTrip(view.rtt_ms)]),
    ...(view.loss_percent === 0 ? [] : [w.lost(view.loss_percent.toFixed(1))]),
  ].join(" · ");
}
