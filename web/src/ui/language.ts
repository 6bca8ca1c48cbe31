// The language the page speaks: chosen, or the first of the browser's that we have. English comes with the page; others are fetched.

import { signal } from "@preact/signals";
import { en, type Words } from "../words/en";
import { stored, store } from "./stored";

/** By their own names: who looks for a language reads that one. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

export const words = signal<Words>(en);
export const language = signal<Language>("en");

const KEY = "weir-language";

/** Before the first paint, so that no page appears in one language and changes to another. */
export async function startLanguage(): Promise<void> {
  const wanted = [stored(KEY) ?? "", ...navigator.languages].map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  await speak(wanted.find(isLanguage) ?? "en");
}

export async function chooseLanguage(chosen: string): Promise<void> {
  if (!isLanguage(chosen)) return;
  store(KEY, chosen);
  await speak(chosen);
}

async function speak(chosen: Language): Promise<void> {
  try {
    words.value = await load(chosen);
    language.value = chosen;
  } catch {
    // The file did not come; what is there goes on being spoken.
  }
  document.documentElement.lang = language.value;
  document.documentElement.dir = words.value.direction;
}

async function load(chosen: Language): Promise<Words> {
  switch (chosen) {
    case "en":
      return en;
    case "de":
      return (await import("../words/de")).de;
    default:
      return chosen satisfies never;
  }
}

const isLanguage = (tag: string): tag is Language => Object.hasOwn(LANGUAGES, tag);
