// The keyboard of a meeting.

export type Action = "mic" | "camera" | "talk" | "chat" | "share" | "hand" | "people" | "view" | "statistics" | "help";

export const KEYS: readonly { action: Action; key: string }[] = [
  { action: "mic", key: "m" },
  { action: "camera", key: "v" },
  { action: "talk", key: " " },
  { action: "chat", key: "c" },
  { action: "share", key: "d" },
  { action: "hand", key: "r" },
  { action: "view", key: "w" },
  { action: "people", key: "p" },
  { action: "statistics", key: "t" },
  { action: "help", key: "?" },
];

type Press = { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; repeat: boolean };

/** What a key means, given what has the focus: who types writes, and a control keeps the keys that it uses itself. */
export function actionOf(press: Press, focused: "page" | "control" | "text"): Action | null {
  if (press.ctrlKey || press.metaKey || press.altKey || press.repeat || focused === "text") return null;
  const key = press.key.toLowerCase();
  if (focused === "control" && key === " ") return null;
  return KEYS.find((entry) => entry.key === key)?.action ?? null;
}

export function focusedOn(element: Element | null): "page" | "control" | "text" {
  if (element === null) return "page";
  if (element.matches("textarea, select, [contenteditable], input:not([type=checkbox], [type=range], [type=button])")) return "text";
  return element.matches("button, a, input, summary, [role=switch]") ? "control" : "page";
}
