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
  try {
    transceiver.setCodecPreferences(preferring(sending.codec, sendable()));
  } catch {
    // A browser that does not let us choose offers its own order; the session works with that too.
  }
}

/** Sends another track of the same kind without asking the server. False when that kind is not being sent. */
export async function replaceTrack(pc: RTCPeerConnection, kind: "audio" | "video", track: MediaStreamTrack): Promise<boolean> {
  const sender = pc.getTransceivers().find((t) => t.receiver.track.kind === kind)?.sender;
  if (sender === undefined) return false;
  await sender.replaceTrack(track);
  return true;
}

export function addReceivers(pc: RTCPeerConnection): void {
  pc.addTransceiver("audio", { direction: "recvonly" });
  pc.addTransceiver("video", { direction: "recvonly" });
}
