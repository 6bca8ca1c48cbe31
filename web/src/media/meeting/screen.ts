// What somebody shows: a screen, a window or a tab, with its sound, in a peer connection of its own that lasts as long as the sharing.

import { preferring, sendable } from "../codecs";
import { listenForLayers } from "../publish";

/** What matters in it: letters stay sharp, or movement stays smooth. */
export type Content = "text" | "motion";

const CODEC = "VP8";

/** A slide is readable at half of its size; below that nobody would want it, and so there is no third layer. */
const LAYERS = [
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 600_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 3_000_000 },
];
/** Text changes seldom, and each of its frames is large. */
const FRAMES: Record<Content, number> = { text: 15, motion: 30 };

export type Shared = { video: MediaStreamTrack; audio: MediaStreamTrack | null };

export class Screen {
  readonly shared: Shared;
  #content: Content;
  #sender: RTCRtpSender | null = null;

  /** `onend`: also by the browser's own bar. */
  constructor(shared: Shared, content: Content, onend: () => void) {
    this.shared = shared;
    this.#content = content;
    shared.video.contentHint = hint(content);
    shared.video.addEventListener("ended", onend);
  }

  get content(): Content {
    return this.#content;
  }

  readonly prepare = (pc: RTCPeerConnection): void => {
    const streams = [new MediaStream()];
    const maxFramerate = FRAMES[this.#content];
    const picture = pc.addTransceiver(this.shared.video, {
      direction: "sendonly",
      streams,
      sendEncodings: LAYERS.map((layer) => ({ ...layer, maxFramerate })),
    });
    try {
      picture.setCodecPreferences(preferring(CODEC, sendable()));
    } catch {
      // As in a publication: the browser's own order works too.
    }
    listenForLayers(pc, picture.sender);
    if (this.shared.audio !== null) pc.addTransceiver(this.shared.audio, { direction: "sendonly", streams });
    this.#sender = picture.sender;
  };

  optimise(content: Content): void {
    this.#content = content;
    this.shared.video.contentHint = hint(content);
    const parameters = this.#sender?.getParameters();
    if (parameters === undefined) return;
    for (const encoding of parameters.encodings) encoding.maxFramerate = FRAMES[content];
    // Refused by a browser that is changing something else just then; the hint alone does most of it.
    this.#sender?.setParameters(parameters).catch(() => undefined);
  }

  close(): void {
    this.shared.video.stop();
    this.shared.audio?.stop();
  }
}

const hint = (content: Content): string => (content === "text" ? "detail" : "motion");
