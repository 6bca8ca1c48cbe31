// Trickle ICE fragments (RFC 8840) as WHIP and WHEP carry them: the offerer-tagged section of the BUNDLE group only.

export type Fragment = { ufrag: string; pwd: string; candidates: string[] };

/** What a PATCH says: who we are (from our own offer), and where we may be reached. */
export function writeFragment(offerSdp: string, candidates: readonly string[], end: "more" | "complete"): string {
  const lines = offerSdp.split(/\r?\n/);
  const first = lines.findIndex((line) => line.startsWith("m="));
  const next = lines.findIndex((line, i) => i > first && line.startsWith("m="));
  const section = lines.slice(first, next < 0 ? undefined : next);
  const find = (where: readonly string[], prefix: string): string[] =>
    where.filter((line) => line.startsWith(prefix)).slice(0, 1);
  return [
    ...find(lines, "a=group:BUNDLE"),
    ...find(lines, "a=ice-options:"),
    ...section.slice(0, 1),
    ...find(section, "a=mid:"),
    ...find(section, "a=ice-ufrag:"),
    ...find(section, "a=ice-pwd:"),
    ...candidates.map((candidate) => `a=${candidate}`),
    ...(end === "complete" ? ["a=end-of-candidates"] : []),
    "",
  ].join("\r\n");
}

/** The server's side of an ICE restart; null when it names no credentials. */
export function readFragment(text: string): Fragment | null {
  const lines = text.split(/\r?\n/);
  const value = (prefix: string): string | undefined =>
    lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
  const ufrag = value("a=ice-ufrag:");
  const pwd = value("a=ice-pwd:");
  if (ufrag === undefined || pwd === undefined) return null;
  return { ufrag, pwd, candidates: lines.filter((line) => line.startsWith("a=candidate:")) };
}

/**
 * The answer to a restarting offer: the old answer with new credentials in every section and the new candidates, which
 * replace the old ones, in the first.
 */
export function restartedAnswer(answerSdp: string, fragment: Fragment): string {
  const out: string[] = [];
  let sections = 0;
  for (const line of answerSdp.split(/\r?\n/)) {
    if (line.startsWith("a=candidate:") || line === "a=end-of-candidates") continue;
    if (line.startsWith("a=ice-ufrag:")) out.push(`a=ice-ufrag:${fragment.ufrag}`);
    else if (line.startsWith("a=ice-pwd:")) {
      out.push(`a=ice-pwd:${fragment.pwd}`);
      if (sections === 1) out.push(...fragment.candidates, "a=end-of-candidates");
    } else out.push(line);
    if (line.startsWith("m=")) sections += 1;
  }
  return out.join("\r\n");
}
