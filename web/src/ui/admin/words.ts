// The admin's own words, in the language that the page speaks.

import { computed } from "@preact/signals";
import { de } from "../../words/admin-de";
import { en, type AdminWords } from "../../words/admin-en";
import { language, type Language } from "../language";

const WORDS: Record<Language, AdminWords> = { en, de };

export const words = computed(() => WORDS[language.value]);

/** A number as this language writes it, with at most so many digits behind the point. */
export const number = (n: number, digits = 0): string => n.toLocaleString(language.value, { maximumFractionDigits: digits });

export function rate(kbps: number): string {
  return kbps < 1000 ? `${number(kbps)} kbit/s` : `${number(kbps / 1000, 1)} Mbit/s`;
}

export const percent = (n: number): string => `${number(n, 1)} %`;

export function bytes(n: number): string {
  if (n < 1 << 20) return `${number(n / 1024)} kB`;
  return n < 1 << 30 ? `${number(n / (1 << 20))} MB` : `${number(n / (1 << 30), 1)} GB`;
}
