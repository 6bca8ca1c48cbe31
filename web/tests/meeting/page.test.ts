// What somebody chooses to look at, what is said aloud, and what a file for whoever helps must not contain.

import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { OUTSIDE, reduce, type Meeting } from "../../src/protocol/meeting/model";
import { Announcer } from "../../src/ui/meeting/announcer";
import { harmless } from "../../src/ui/meeting/diagnostics";
import { View } from "../../src/ui/meeting/view";
import { line, packet, person, STORY, welcome } from "./packets";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const three = [person("ann", 1), person("bo", 2), person("me", 3)];
const inside = [welcome("new", 0), packet({ content_type: "MEETING_USERS", users: [], people: three })].reduce(reduce, OUTSIDE);

function open(): { view: View; hear: (...packets: Parameters<typeof packet>[0][]) => void; staged: () => string[] } {
  const meeting = signal<Meeting>(inside);
  const view = new View(meeting);
  const hear = (...packets: Parameters<typeof packet>[0][]): void => packets.forEach((body) => (meeting.value = reduce(meeting.value, packet(body))));
  return { view, hear, staged: () => view.staged.value.map(({ id }) => id) };
}

test("what is shared takes the stage, and what is pinned takes it from there", () => {
  const { view, hear, staged } = open();
  expect(staged()).toEqual([]);
  hear({ content_type: "STATE", account_id: "bo", person: person("bo", 2, { screen: true }) });
  expect(staged()).toEqual(["screen bo"]);
  view.togglePin("camera ann");
  expect(staged()).toEqual(["camera ann"]);
  hear({ content_type: "LEAVE", account_id: "ann", reason: "left" });
  expect(staged()).toEqual(["screen bo"]);
});

test("the speaker view keeps whoever spoke last, and never oneself", () => {
  const { view, hear, staged } = open();
  view.toggleLayout();
  expect(staged()).toEqual(["camera ann"]);
  hear({ content_type: "SPEAKER", account_id: "bo", heard: ["bo"] });
  hear({ content_type: "SPEAKER", account_id: "me", heard: ["me"] });
  hear({ content_type: "SPEAKER", heard: [] });
  expect(staged()).toEqual(["camera bo"]);
});

test("a class that comes in together is one sentence, and sentences go by themselves", () => {
  const announcer = new Announcer(() => false);
  for (const name of ["Ann", "Bo", "Cem"]) announcer.hear({ is: "came", name });
  vi.advanceTimersByTime(1_000);
  expect(announcer.sentences.value.map(({ text }) => text)).toEqual(["Ann, Bo, and Cem joined"]);
  for (let n = 0; n < 10; n += 1) announcer.hear({ is: "left", name: `P${n}`, reason: n < 6 ? "left" : "lost" });
  vi.advanceTimersByTime(1_000);
  expect(announcer.sentences.value.slice(1).map(({ text }) => text)).toEqual(["P0, P1, and 4 others left", "P6, P7, and 2 others lost the connection"]);
  for (let n = 0; n < 10; n += 1) announcer.hear({ is: "hand", name: `P${n}` });
  expect(announcer.sentences.value.length).toBe(4);
  vi.advanceTimersByTime(5_000);
  expect(announcer.sentences.value).toEqual([]);
});

test("what is written is said aloud unless the chat is open", () => {
  let isOpen = false;
  const announcer = new Announcer(() => isOpen);
  announcer.hear({ is: "said", name: "Ann", text: "hello", privately: false });
  isOpen = true;
  announcer.hear({ is: "said", name: "Ann", text: "again", privately: false });
  expect(announcer.sentences.value.map(({ text }) => text)).toEqual(["Ann: hello"]);
});

test("diagnostics name nobody, quote nobody, and give nothing away with which somebody could come in", () => {
  const secret = [welcome("new", 0, "the-session"), ...STORY].reduce(reduce, OUTSIDE);
  const heard = reduce(secret, { ...packet({ content_type: "CHAT", message: line(9, "bo", "b9", { text: "between us" }) }), seq: 99 });
  const text = JSON.stringify(harmless(heard));
  for (const word of ["Name of", "between us", "text a1", "the-session", "Cem"]) expect(text).not.toContain(word);
  expect(text).toContain('"bo"');
});
