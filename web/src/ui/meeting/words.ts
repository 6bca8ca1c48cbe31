// The meeting's own words, in the language that the page speaks.

import { computed } from "@preact/signals";
import { de } from "../../words/meeting-de";
import { en, type MeetingWords } from "../../words/meeting-en";
import { language, type Language } from "../language";

const WORDS: Record<Language, MeetingWords> = { en, de };

export const words = computed(() => WORDS[language.value]);
