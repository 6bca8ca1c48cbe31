// What a person receives, in one peer connection with a fixed number of slots. Which slot carries whom is the server's to say, and changes
// without a new offer: a page that is turned costs no negotiation.

import { preferring, type Codec } from "../codecs";
import { VOICES } from "../publish";

/** A large screen shows seven rows of seven. */
const SLOTS_WIDE = 49;
/** A phone shows two columns of six, or what is shared and a strip. Each slot costs memory before it carries anything. */
const SLOTS_SMALL = 12;
/** In CSS pixels: the shorter side of the screens that hands hold. */
const SMALL_PX = 640;

/** Slots for the largest page that this screen (not this window: it may grow) can show, as far as the server allows. */
export const slotsFor = (shorterSidePx: number, limit: number): number => Math.max(1, Math.min(limit, shorterSidePx < SMALL_PX ? SLOTS_SMALL : SLOTS_WIDE));

export class Reception {
  readonly #slots: number;
  readonly #onvoices: (voices: readonly MediaStreamTrack[]) => void;
  #pc: RTCPeerConnection | null = null;

  /** `onvoices`: all tracks that may carry sound; which of them does changes all the time. */
  constructor(slots: number, onvoices: (voices: readonly MediaStreamTrack[]) => void) {
    this.#slots = slots;
    this.#onvoices = onvoices;
  }

  readonly prepare = (pc: RTCPeerConnection): void => {
    const voices = Array.from({ length: VOICES }, () => pc.addTransceiver("audio", { direction: "recvonly" }));
    const codecs = receivable();
    for (let n = 0; n < this.#slots; n += 1) {
      const slot = pc.addTransceiver("video", { direction: "recvonly" });
      try {
        if (codecs.length > 0) slot.setCodecPreferences(codecs);
      } catch {
        // A longer offer, and no worse one.
      }
    }
    this.#pc = pc;
    this.#onvoices(voices.map(({ receiver }) => receiver.track));
  };

  /** The picture of a slot; null before the slots have their names. */
  track(mid: string): MediaStreamTrack | null {
    return this.#pc?.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver.track ?? null;
  }
}

/**
 * Two codecs and their repair instead of a dozen: fifty sections that name everything do not fit into one packet. Of H.264 there is the
 * one profile that every browser sends.
 */
export function essential<T extends Codec>(codecs: readonly T[]): T[] {
  const name = (codec: T): string => codec.mimeType.toUpperCase();
  const plain = (codec: T): boolean => /profile-level-id=42/i.test(codec.sdpFmtpLine ?? "") && (codec.sdpFmtpLine ?? "").includes("packetization-mode=1");
  // Constrained baseline before baseline, which decodes the same streams.
  const baseline = preferring("H264", codecs.filter((codec) => name(codec) === "VIDEO/H264" && plain(codec))).slice(0, 1);
  return [...codecs.filter((codec) => name(codec) === "VIDEO/VP8"), ...baseline, ...codecs.filter((codec) => name(codec) === "VIDEO/RTX")];
}

const receivable = (): RTCRtpCodec[] => essential(RTCRtpReceiver.getCapabilities("video")?.codecs ?? []);
