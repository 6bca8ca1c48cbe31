// The words of live streams, in the language that the page speaks.

import { computed } from "@preact/signals";
import type { Failure } from "../protocol/failure";
import { de } from "../words/streams-de";
import { en, type StreamWords } from "../words/streams-en";
import { language, type Language } from "./language";

const WORDS: Record<Language, StreamWords> = { en, de };

export const streams = computed(() => WORDS[language.value]);

export const sentenceOfFailure = (failure: Failure): string => streams.value.failures[failure.why];
