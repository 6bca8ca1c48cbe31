// Somebody without a picture: their initials, on a colour that is theirs everywhere.

/** At most two letters: of the first and of the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words.slice(0, 1);
  const letters = chosen.map((word = "") => /[\p{L}\p{N}]\p{M}*/u.exec(word)?.[0] ?? "");
  return letters.join("").toLocaleUpperCase() || "?";
}

/** Dark enough for white letters (at least 4.5:1), and different enough to be told apart. The style sheet has as many. */
const COLOURS = 8;

export function colourOf(name: string): number {
  let sum = 7;
  for (const letter of name.trim()) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003;
  return sum % COLOURS;
}
