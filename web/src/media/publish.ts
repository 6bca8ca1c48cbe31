// What a publisher's peer connection is made of.

import { preferring, sendable } from "./codecs";
import { encodings, type Preset } from "./quality";

export type Sending = {
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
  codec: string;
  simulcast: boolean;
  preset: Preset;
};

export function addSenders(pc: RTCPeerConnection, sending: Sending): void {
  // One stream for both, so that a player keeps them in sync.
  const streams = [new MediaStream()];
  if (sending.audio !== null) pc.addTransceiver(sending.audio, { direction: "sendonly", streams });
  if (sending.video === null) return;
  const transceiver = pc.addTransceiver(sending.video, {
    direction: "sendonly",
    streams,
    sendEncodings: encodings(sending.preset, sending.simulcast, sending.codec),
  });
  if (sending.simulcast) listenForLayers(pc, transceiver.sender);
  try {
    transceiver.setCodecPreferences(preferring(sending.codec, sendable()));
  } catch {
    // A browser that does not let us choose offers its own order; the session works with that too.
  }
}

/** The server says on this channel which simulcast layers somebody watches: the others need not be encoded and sent. */
export function listenForLayers(pc: RTCPeerConnection, sender: RTCRtpSender): void {
  const channel = pc.createDataChannel("layers");
  channel.onmessage = (event) => {
    const wanted = readLayers(event.data);
    if (wanted === null) return;
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) {
      if (encoding.rid !== undefined && encoding.rid in wanted) encoding.active = wanted[encoding.rid] === true;
    }
    // Refused while the track is being replaced: what is sent too much then does no harm, and the next message says all again.
    sender.setParameters(parameters).catch(() => undefined);
  };
}

/** `{"layers": {"f": false, "h": true}}`, or null for anything else. */
export function readLayers(message: unknown): Record<string, unknown> | null {
  if (typeof message !== "string") return null;
  try {
    const said: unknown = JSON.parse(message);
    if (typeof said !== "object" || said === null || !("layers" in said)) return null;
    return typeof said.layers === "object" ? (said.layers as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

/** Sends another track of the same kind without asking the server. False when that kind is not being sent. */
export async function replaceTrack(pc: RTCPeerConnection, kind: "audio" | "video", track: MediaStreamTrack): Promise<boolean> {
  const sender = pc.getTransceivers().find((t) => t.receiver.track.kind === kind)?.sender;
  if (sender === undefined) return false;
  await sender.replaceTrack(track);
  return true;
}

/** As many voices as a server lets be heard at a time unless told otherwise (`stream.voices_max`). */
export const VOICES = 5;

export function addReceivers(pc: RTCPeerConnection): void {
  pc.addTransceiver("audio", { direction: "recvonly" });
  pc.addTransceiver("video", { direction: "recvonly" });
  for (let more = 1; more < VOICES; more += 1) pc.addTransceiver("audio", { direction: "recvonly" });
}
