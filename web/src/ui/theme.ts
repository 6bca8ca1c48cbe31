// Light, dark, or as the system says. public/theme.js applies the stored choice before the first paint.

import { signal } from "@preact/signals";
import { store } from "./stored";

export type Theme = "system" | "light" | "dark";

const KEY = "weir-theme";

export const theme = signal<Theme>(chosen(document.documentElement.dataset["theme"]));

export function switchTheme(): void {
  const next = { system: "light", light: "dark", dark: "system" } as const;
  theme.value = next[theme.value];
  if (theme.value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
  store(KEY, theme.value === "system" ? null : theme.value);
}

function chosen(value: string | undefined): Theme {
  return value === "light" || value === "dark" ? value : "system";
}
