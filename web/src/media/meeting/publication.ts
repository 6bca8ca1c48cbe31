// A person's camera and microphone in one peer connection. Both have their place in it from the beginning, whether there is a track or
// not: switching on, switching off and another device are then a matter of a track, and the server is not asked.

import { preferring, sendable } from "../codecs";
import { listenForLayers } from "../publish";
import { encodings, preset } from "../quality";

/** Everybody in a meeting can decode it, and everybody's simulcast of it works. */
const CODEC = "VP8";

type Kind = "audio" | "video";

export class Publication {
  readonly #tracks: Record<Kind, MediaStreamTrack | null> = { audio: null, video: null };
  #senders: Record<Kind, RTCRtpSender> | null = null;
  /** One exchange after the other: two at once may end in either order. */
  #queue: Promise<void> = Promise.resolve();

  /** What a fresh connection sends. */
  readonly prepare = (pc: RTCPeerConnection): void => {
    // One stream for both, so that a player keeps them in sync.
    const streams = [new MediaStream()];
    const { audio, video } = this.#tracks;
    const voice = pc.addTransceiver(audio ?? "audio", { direction: "sendonly", streams });
    const picture = pc.addTransceiver(video ?? "video", {
      direction: "sendonly",
      streams,
      sendEncodings: encodings(preset("standard"), true, CODEC),
    });
    try {
      picture.setCodecPreferences(preferring(CODEC, sendable()));
    } catch {
      // A browser that does not let us choose offers its own order; the connection works with that too.
    }
    listenForLayers(pc, picture.sender);
    this.#senders = { audio: voice.sender, video: picture.sender };
  };

  /** Null is silence, or no picture. */
  send(kind: Kind, track: MediaStreamTrack | null): Promise<void> {
    if (this.#tracks[kind] === track) return this.#queue;
    this.#tracks[kind] = track;
    this.#queue = this.#queue.then(async () => {
      // The last wish counts; what came in between need not be sent at all.
      if (this.#tracks[kind] !== track) return;
      // A connection that closes meanwhile is followed by one that is prepared with this track.
      await this.#senders?.[kind].replaceTrack(track).catch(() => undefined);
    });
    return this.#queue;
  }
}
