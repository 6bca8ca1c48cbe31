// The code of a meeting, and what people make of it when they paste, type or read it out. The rule is the server's
// (`MeetingId` in crates/meetings/src/id.rs); it is repeated here so that a wrong code is explained while it is typed.

/** How the 13 letters are written: `qkfd-mzwhp-xbtr`. */
const GROUPS = [4, 5, 4] as const;
const LETTERS = 13;

/** The code in its written form, or null when this is none: capitals, spaces, hyphens and a whole link are forgiven. */
export function meetingIdFrom(input: string): string | null {
  const link = /\/m\/([^/?#]+)/.exec(input);
  const letters = (link?.[1] ?? input).replaceAll(/[\s\p{Pd}]/gu, "").toLowerCase();
  if (letters.length !== LETTERS || !/^[a-z]+$/.test(letters)) return null;
  let from = 0;
  return GROUPS.map((length) => letters.slice(from, (from += length))).join("-");
}

export const meetingPath = (id: string): string => `/m/${id}`;
