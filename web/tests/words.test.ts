import { expect, test } from "vitest";
import { PROBLEMS } from "../src/protocol/ask";
import { de } from "../src/words/de";
import { en, type Words } from "../src/words/en";
import { plurals } from "../src/words/plural";
import { de as streamsDe } from "../src/words/streams-de";
import { en as streamsEn, type StreamWords } from "../src/words/streams-en";

const languages: Record<string, Words> = { en, de };
const streams: Record<string, StreamWords> = { en: streamsEn, de: streamsDe };

test("a number chooses the form of its word, as its language has it", () => {
  expect([1, 2, 1200].map((n) => en.rooms.viewers(n))).toEqual(["1 viewer", "2 viewers", "1,200 viewers"]);
  expect(de.rooms.viewers(1200)).toBe("1.200 Zuschauende");
  const polish = plurals("pl");
  expect([1, 3, 5].map((n) => polish(n, { one: "# osoba", few: "# osoby", many: "# osób", other: "# osoby" }))).toEqual(["1 osoba", "3 osoby", "5 osób"]);
});

test("who is inside is told by name, and the rest by number", () => {
  expect(en.prejoin.inside(["Ana"], 0)).toBe("1 person is inside: Ana");
  expect(en.prejoin.inside(["Ana", "Bo"], 3)).toBe("5 people are inside: Ana, Bo, and 3 more");
  expect(de.prejoin.inside(["Ana", "Bo"], 0)).toBe("2 Personen sind drin: Ana und Bo");
});

test("no language leaves a sentence empty, and each has words for every refusal", () => {
  const empty = (value: unknown, path: string): string[] => {
    if (typeof value === "string") return value.trim() === "" ? [path] : [];
    return typeof value === "object" && value !== null ? Object.entries(value).flatMap(([key, inner]) => empty(inner, `${path}.${key}`)) : [];
  };
  for (const [name, words] of Object.entries(streams)) expect(empty(words, name)).toEqual([]);
  for (const [name, words] of Object.entries(languages)) {
    expect(empty(words, name)).toEqual([]);
    expect(Object.keys(words.problems).sort()).toEqual([...PROBLEMS].sort());
  }
});

test("who watches or goes live is told what is wrong, and what to do, in each language", () => {
  expect(streamsEn.devices.refused.video).toMatch(/address bar/);
  expect(streamsEn.devices.busy.audio).toMatch(/Another program is using the microphone/);
  expect(streamsEn.devices.refused.screen).toMatch(/Press Screen again/);
  expect(streamsEn.failures["codec-unplayable"]).toMatch(/cannot play the codec/);
  expect(streamsEn.failures.server).toMatch(/problem of its own/);
  // Nothing was forgotten: no sentence is the same in both.
  const texts = (value: unknown): string[] => (typeof value === "string" ? [value] : typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : []);
  const same = texts(streamsDe).filter((text) => text.includes(" ") && texts(streamsEn).includes(text));
  expect(same).toEqual([]);
});
