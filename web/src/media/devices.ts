// Cameras, microphones and screens: asking for them, and telling why one cannot be had.

import type { Preset } from "./quality";

export type Kind = "audio" | "video";

export type Device = { id: string; label: string };
export type Devices = { audio: Device[]; video: Device[]; speakers: Device[] };

export const NO_DEVICES: Devices = { audio: [], video: [], speakers: [] };

export type Trouble = { kind: Kind | "both" | "screen"; reason: "refused" | "missing" | "busy" | "insecure" | "other" };

/**
 * `null` leaves a kind out; an empty id lets the browser choose. A device that was chosen is the one or none; one that is remembered
 * may have been unplugged since, and then another will do.
 */
export type Wish = { audio: string | null; video: string | null; preset: Preset; as: "chosen" | "remembered"; noise?: Noise };

/**
 * What is to be done about noise around a voice: nothing, for those who play music; what the browser does by itself; or our own way, which
 * takes away more. Two suppressors one after the other make voices thin, so the browser's is off then.
 */
export type Noise = "off" | "browser" | "strong";
export const isNoise = (word: unknown): word is Noise => word === "off" || word === "browser" || word === "strong";

export type Acquired = { audio: MediaStreamTrack | null; video: MediaStreamTrack | null; troubles: Trouble[] };

/**
 * One question for both kinds, because each question is a dialog. When it fails for a reason that may lie in one kind
 * only, each is asked for alone, so that a missing or forbidden camera does not cost the microphone.
 */
export async function acquire(wish: Wish): Promise<Acquired> {
  if (!hasDevices()) return { audio: null, video: null, troubles: [insecure()] };
  if (wish.audio === null && wish.video === null) return { audio: null, video: null, troubles: [] };
  try {
    const stream = await navigator.mediaDevices.getUserMedia(constraints(wish));
    return { audio: stream.getAudioTracks()[0] ?? null, video: stream.getVideoTracks()[0] ?? null, troubles: [] };
  } catch (cause) {
    const both = wish.audio !== null && wish.video !== null;
    // Who has just said no to a dialog is not shown two more of them.
    if (!both || (reasonOf(cause) === "refused" && !(await isOneAllowed()))) {
      const kind = both ? "both" : wish.audio !== null ? "audio" : "video";
      return { audio: null, video: null, troubles: [trouble(kind, cause)] };
    }
    const audio = await acquire({ ...wish, video: null });
    const video = await acquire({ ...wish, audio: null });
    return { audio: audio.audio, video: video.video, troubles: merged([...audio.troubles, ...video.troubles]) };
  }
}

/** Whether the browser has been told to give one of the two without a question. Firefox does not know these names. */
async function isOneAllowed(): Promise<boolean> {
  const state = (name: string): Promise<PermissionState> =>
    navigator.permissions.query({ name: name as PermissionName }).then(
      (status) => status.state,
      () => "prompt",
    );
  return (await Promise.all([state("camera"), state("microphone")])).includes("granted");
}

/** The same thing wrong with both is said once. */
export function merged(troubles: Trouble[]): Trouble[] {
  const [reason, ...others] = new Set(troubles.map((trouble) => trouble.reason));
  if (troubles.length < 2 || reason === undefined || others.length > 0) return troubles;
  return [{ kind: "both", reason }];
}

export type Screen = { video: MediaStreamTrack; audio: MediaStreamTrack | null };

/** Must be called from a click: browsers ask for that. */
export async function acquireScreen(preset: Preset): Promise<Screen | Trouble> {
  if (!hasDevices() || !("getDisplayMedia" in navigator.mediaDevices)) {
    return { kind: "screen", reason: "missing" };
  }
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: preset.frameRate } },
      audio: true,
    });
    const [video] = stream.getVideoTracks();
    if (video === undefined) throw new DOMException("no picture", "NotFoundError");
    // Text that is blurred to keep 30 frames a second is no use to anybody.
    video.contentHint = "detail";
    return { video, audio: stream.getAudioTracks()[0] ?? null };
  } catch (cause) {
    return trouble("screen", cause);
  }
}

export const canShareScreen = (): boolean => hasDevices() && "getDisplayMedia" in navigator.mediaDevices;

/** Labels are empty until permission was given once; numbers stand in for them. */
export async function listDevices(): Promise<Devices> {
  if (!hasDevices()) return NO_DEVICES;
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind, word: string): Device[] =>
    all
      .filter((device) => device.kind === kind && device.deviceId !== "")
      .map((device, i) => ({ id: device.deviceId, label: device.label || `${word} ${i + 1}` }));
  return { audio: of("audioinput", "Microphone"), video: of("videoinput", "Camera"), speakers: of("audiooutput", "Speaker") };
}

export function onDevicesChange(then: () => void): () => void {
  if (!hasDevices()) return () => undefined;
  navigator.mediaDevices.addEventListener("devicechange", then);
  return () => navigator.mediaDevices.removeEventListener("devicechange", then);
}

export const deviceIdOf = (track: MediaStreamTrack | null): string => track?.getSettings().deviceId ?? "";

// The type says it is always there; on a page that is neither HTTPS nor localhost it is not.
const hasDevices = (): boolean => (navigator.mediaDevices as MediaDevices | undefined) !== undefined;

function constraints({ audio, video, preset, as, noise = "browser" }: Wish): MediaStreamConstraints {
  const device = (id: string): MediaTrackConstraints => (id === "" ? {} : { deviceId: as === "chosen" ? { exact: id } : { ideal: id } });
  return {
    audio: audio === null ? false : { ...device(audio), echoCancellation: true, noiseSuppression: noise === "browser", autoGainControl: true },
    video:
      video === null
        ? false
        : {
            ...device(video),
            width: { ideal: preset.width },
            height: { ideal: preset.height },
            frameRate: { ideal: preset.frameRate },
          },
  };
}

function reasonOf(cause: unknown): Trouble["reason"] {
  switch (cause instanceof Error ? cause.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "refused";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "other";
  }
}

export const trouble = (kind: Trouble["kind"], cause: unknown): Trouble => ({ kind, reason: reasonOf(cause) });

const insecure = (): Trouble => ({ kind: "both", reason: "insecure" });
