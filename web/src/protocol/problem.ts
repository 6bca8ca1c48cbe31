// Problem documents (RFC 9457), as every answer of the server that is no success carries one.

import type { Problem } from "./generated/api";

/** What the server says went wrong; `null` where a proxy said something instead. */
export async function problemOf(response: Response): Promise<Partial<Problem> | null> {
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.toLowerCase().startsWith("application/problem+json")) return null;
  try {
    return (await response.json()) as Partial<Problem>;
  } catch {
    return null;
  }
}
