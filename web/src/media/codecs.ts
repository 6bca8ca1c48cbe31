// Which video codecs this browser sends, and the order in which an offer should name them.

export type Codec = { mimeType: string; sdpFmtpLine?: string };

/** Names for people and for a choice, best known first. */
const KNOWN = ["VP8", "H264", "VP9", "AV1", "H265"];

const nameOf = (codec: Codec): string => codec.mimeType.replace(/^video\//i, "").toUpperCase();

export function codecNames(codecs: readonly Codec[]): string[] {
  const names = new Set(codecs.map(nameOf));
  return KNOWN.filter((name) => names.has(name));
}

/**
 * The chosen codec first, then the rest as a fall-back for a server that does not take it. Repair formats (rtx, red,
 * ulpfec) keep their place after the codecs. Of the H.264 profiles, constrained baseline in packetization mode 1 is the
 * one that every browser decodes.
 */
export function preferring<T extends Codec>(name: string, codecs: readonly T[]): T[] {
  const rank = (codec: T): number => {
    if (nameOf(codec) === name) return profileRank(codec);
    return KNOWN.includes(nameOf(codec)) ? 10 : 20;
  };
  return codecs.toSorted((a, b) => rank(a) - rank(b));
}

function profileRank({ sdpFmtpLine = "" }: Codec): number {
  if (!sdpFmtpLine.includes("profile-level-id=")) return 0;
  const baseline = /profile-level-id=42e0/i.test(sdpFmtpLine);
  const whole = sdpFmtpLine.includes("packetization-mode=1");
  return (baseline ? 0 : 2) + (whole ? 0 : 1);
}

export const sendable = (): RTCRtpCodec[] => RTCRtpSender.getCapabilities("video")?.codecs ?? [];
