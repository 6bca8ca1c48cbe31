// What a picture is sent as: sizes and bitrates by preset, and the simulcast layers made of them.

export type PresetId = "saver" | "standard" | "high" | "smooth";

export type Preset = {
  id: PresetId;
  width: number;
  height: number;
  frameRate: number;
  videoKbps: number;
};

export const PRESETS: readonly Preset[] = [
  { id: "saver", width: 640, height: 360, frameRate: 30, videoKbps: 700 },
  { id: "standard", width: 1280, height: 720, frameRate: 30, videoKbps: 2500 },
  { id: "high", width: 1920, height: 1080, frameRate: 30, videoKbps: 4500 },
  { id: "smooth", width: 1280, height: 720, frameRate: 60, videoKbps: 3500 },
];

export const preset = (id: PresetId): Preset => PRESETS.find((p) => p.id === id) ?? STANDARD;
const STANDARD: Preset = { id: "standard", width: 1280, height: 720, frameRate: 30, videoKbps: 2500 };

/**
 * A quarter of the pixels needs about a third of the bits: small pictures have more detail per pixel.
 */
const LAYERS = [
  { rid: "q", scale: 4, share: 0.08 },
  { rid: "h", scale: 2, share: 0.28 },
  { rid: "f", scale: 1, share: 1 },
] as const;

/** Smallest first: browsers give up layers from the end of the list when bandwidth is short. */
export function encodings(chosen: Preset, simulcast: boolean, codec: string): RTCRtpEncodingParameters[] {
  const maxFramerate = chosen.frameRate;
  if (!simulcast) return [{ maxBitrate: chosen.videoKbps * 1000, maxFramerate }];
  return LAYERS.map(({ rid, scale, share }) => ({
    rid,
    scaleResolutionDownBy: scale,
    maxBitrate: Math.round(chosen.videoKbps * share) * 1000,
    maxFramerate,
    // Chrome makes one scalable stream of VP9 or AV1 encodings, unless each is said to have one spatial layer.
    ...(codec === "VP9" || codec === "AV1" ? { scalabilityMode: "L1T1" } : {}),
  }));
}
