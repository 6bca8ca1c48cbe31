// Names of rooms and the addresses made from them. The rule is the server's (`RoomName` in crates/proto/src/ids.rs);
// it is repeated here so that a bad name is explained while it is typed.

export type RoomNameProblem = "empty" | "too-long" | "strange";

export function roomNameProblem(name: string): RoomNameProblem | null {
  if (name === "") return "empty";
  if (name.length > 64) return "too-long";
  if (!/^[A-Za-z0-9._~-]+$/.test(name)) return "strange";
  return null;
}

export const whipEndpoint = (room: string): string => `/whip/${room}`;
export const whepEndpoint = (room: string): string => `/whep/${room}`;

/** The room meant by what somebody pasted: a plain name, or a link to a watch page. */
export function roomFromInput(input: string): string {
  const text = input.trim();
  const link = /\/(?:watch|live|whep|whip)\/([^/?#]+)/.exec(text);
  return link?.[1] ?? text;
}

const ADJECTIVES = ["amber", "brisk", "calm", "clear", "gentle", "lively", "mellow", "quiet", "silver", "steady"];
const WATERS = ["bay", "brook", "delta", "ford", "harbor", "lake", "meadow", "rapids", "river", "spring"];

/** A name that can be read out over the phone. Not a secret: 90,000 of them exist. */
export function suggestRoomName(random: () => number): string {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? "room";
  return `${pick(ADJECTIVES)}-${pick(WATERS)}-${100 + Math.floor(random() * 900)}`;
}
