// The devices somebody chose last time, and the name a guest went by.

import { isBackground, type Background } from "./background";
import { isNoise, type Noise } from "../media/devices";
import { stored, store } from "./stored";

export type Remembered = { microphone: string; camera: string; speaker: string; micOn: boolean; cameraOn: boolean; background: Background; noise: Noise };

const FRESH: Remembered = { microphone: "", camera: "", speaker: "", micOn: true, cameraOn: true, background: "none", noise: "browser" };
const DEVICES = "weir-devices";
const NAME = "weir-guest-name";

/** Read field by field: another version of this page may have written it. */
export function readRemembered(text: string | null): Remembered {
  let found: unknown;
  try {
    found = JSON.parse(text ?? "");
  } catch {
    return FRESH;
  }
  if (typeof found !== "object" || found === null) return FRESH;
  const fields = found as Record<string, unknown>;
  const word = (name: keyof Remembered): string => (typeof fields[name] === "string" ? fields[name] : "");
  const flag = (name: "micOn" | "cameraOn"): boolean => (typeof fields[name] === "boolean" ? fields[name] : FRESH[name]);
  return {
    microphone: word("microphone"),
    camera: word("camera"),
    speaker: word("speaker"),
    micOn: flag("micOn"),
    cameraOn: flag("cameraOn"),
    // Pages that knew nothing but the blur wrote it as a flag.
    background: isBackground(fields["background"]) ? fields["background"] : fields["blur"] === true ? "blur" : FRESH.background,
    noise: isNoise(fields["noise"]) ? fields["noise"] : FRESH.noise,
  };
}

export const rememberedDevices = (): Remembered => readRemembered(stored(DEVICES));
export const rememberDevices = (devices: Remembered): void => store(DEVICES, JSON.stringify(devices));

export const rememberedName = (): string => stored(NAME) ?? "";
export const rememberName = (name: string): void => store(NAME, name);
