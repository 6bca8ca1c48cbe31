// The keyboard of the watch page, as players everywhere have it.

export type Action = "play" | "mute" | "full" | "pip" | "statistics" | "why" | "help" | "louder" | "quieter";

/** `shown` is null where a key has a name, which languages have their own words for. */
export const KEYS: readonly { action: Action; keys: readonly string[]; shown: string | null }[] = [
  { action: "play", keys: [" ", "k"], shown: null },
  { action: "mute", keys: ["m"], shown: "M" },
  { action: "louder", keys: ["arrowup"], shown: "↑" },
  { action: "quieter", keys: ["arrowdown"], shown: "↓" },
  { action: "full", keys: ["f"], shown: "F" },
  { action: "pip", keys: ["p"], shown: "P" },
  { action: "statistics", keys: ["s"], shown: "S" },
  { action: "why", keys: ["i"], shown: "I" },
  { action: "help", keys: ["?"], shown: "?" },
];

type Press = { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean };

/** What a key means, given what has the focus: a control keeps the keys that it uses itself. */
export function actionOf(press: Press, focused: "page" | "button" | "slider" | "text"): Action | null {
  if (press.ctrlKey || press.metaKey || press.altKey || focused === "text") return null;
  const key = press.key.toLowerCase();
  if (focused === "button" && key === " ") return null;
  if (focused === "slider" && key.startsWith("arrow")) return null;
  return KEYS.find((entry) => entry.keys.includes(key))?.action ?? null;
}
