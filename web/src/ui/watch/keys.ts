// The keyboard of the watch page, as players everywhere have it.

export type Action = "play" | "mute" | "full" | "pip" | "statistics" | "why" | "help" | "louder" | "quieter";

export const KEYS: readonly { action: Action; keys: readonly string[]; shown: string; does: string }[] = [
  { action: "play", keys: [" ", "k"], shown: "Space or K", does: "Play, pause" },
  { action: "mute", keys: ["m"], shown: "M", does: "Sound on, off" },
  { action: "louder", keys: ["arrowup"], shown: "↑", does: "Louder" },
  { action: "quieter", keys: ["arrowdown"], shown: "↓", does: "Quieter" },
  { action: "full", keys: ["f"], shown: "F", does: "Full screen" },
  { action: "pip", keys: ["p"], shown: "P", does: "Picture in picture" },
  { action: "statistics", keys: ["s"], shown: "S", does: "Statistics" },
  { action: "why", keys: ["i"], shown: "I", does: "Why is it frozen?" },
  { action: "help", keys: ["?"], shown: "?", does: "This list" },
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
