// Why is it frozen? The server knows what it sent, the browser what came of it: only both together tell where it ends.

import type { Sample } from "../../media/statistics";
import type { SessionTrack, SessionView } from "../../protocol/generated/api";
import { bitrate, codec, count } from "../words";

export type Diagnosis = {
  mid: string;
  /** "Picture" or "Sound". */
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
      title: track.kind === "video" ? "Picture" : "Sound",
      good: plays && problem === null,
      sentence: problem ?? track.sentence,
      facts: facts(track, track.kind === "video" ? samples.at(-1) : undefined),
      layers: layers(track),
      chosen: track.chosen,
    };
  });
}

/** What is wrong on this side, when the server sends. */
function here(track: SessionTrack, samples: readonly Sample[]): string | null {
  if (samples.length < SECONDS) return null;
  if (samples.every((sample) => sample.packetsReceived === 0)) {
    return "The server sends, but nothing arrives in this browser; the network on this side swallows it, so try another one.";
  }
  if (track.kind === "video" && samples.every((sample) => sample.framesDecoded === 0)) {
    return "The picture arrives, but this browser does not decode it; reload the page, and if that does not help, try another browser.";
  }
  return null;
}

function facts(track: SessionTrack, sample: Sample | undefined): string {
  const several = track.layers.length > 1;
  return [
    codec(track.codec),
    ...(several && track.layer !== null ? [`layer ${track.layer}`] : []),
    ...(several && track.target !== null && track.target !== track.layer ? [`${track.target} to come`] : []),
    count(track.packets, "packet sent", "packets sent"),
    ...(track.repairs > 0 ? [count(track.repairs, "repair", "repairs")] : []),
    ...(sample === undefined || sample.framesDecoded === null ? [] : [`${count(sample.framesDecoded, "frame", "frames")} decoded in a second`]),
    ...(sample === undefined || sample.freezes === null ? [] : [count(sample.freezes, "freeze", "freezes")]),
  ].join(" · ");
}

function layers(track: SessionTrack): { rid: string; label: string }[] {
  const named = track.layers.flatMap((layer) => (layer.rid === undefined ? [] : [{ ...layer, rid: layer.rid }]));
  if (named.length < 2) return [];
  const best = [...named].sort((a, b) => b.kbps - a.kbps);
  return best.map(({ rid, kbps, silent }) => ({ rid, label: silent ? `${rid} (not sent now)` : `${rid} (${bitrate(kbps)})` }));
}

/** The line under the title. */
export function summary(view: SessionView): string {
  return [
    `Room ${view.room}`,
    `${bitrate(view.sent_kbps)} sent`,
    ...(view.estimate_kbps === null ? [] : [`the line carries ${bitrate(view.estimate_kbps)}`]),
    ...(view.rtt_ms === null ? [] : [`round trip ${view.rtt_ms} ms`]),
    ...(view.loss_percent === 0 ? [] : [`${view.loss_percent.toFixed(1)} % lost`]),
  ].join(" · ");
}
