// Finds web addresses in what somebody wrote. The page makes elements of the pieces; nothing that is written becomes markup.

export type Piece = { text: string } | { href: string; text: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/giu;
/** A sentence's own, at the end of an address. */
const TRAILING = /[.,;:!?…]+$/u;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const href = hrefOf(address);
    if (href === null) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    found.push({ href, text: address });
    from = match.index + address.length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

/** "(see https://example.org/a_(b))." ends after the bracket that the address itself opened. */
function trimmed(address: string): string {
  let cut = address.replace(TRAILING, "");
  while (cut.endsWith(")") && count(cut, ")") > count(cut, "(")) cut = cut.slice(0, -1).replace(TRAILING, "");
  return cut;
}

const count = (text: string, letter: string): number => text.split(letter).length - 1;

/** An address with a name before an @ looks like another place than the one it leads to. */
function hrefOf(address: string): string | null {
  try {
    const url = new URL(address);
    return url.username === "" && url.password === "" && url.hostname !== "" ? url.href : null;
  } catch {
    return null;
  }
}
