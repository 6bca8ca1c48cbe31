// Where in the client somebody is. The server answers with this page for exactly these paths (`is_page` in
// crates/signal/src/assets.rs).

import { meetingIdFrom } from "../protocol/code";
import { roomNameProblem } from "../protocol/room";
import type { Words } from "../words/en";

/** Pages that have nothing of their own in their address. */
const PLAIN = ["rooms", "login", "signup", "forgot", "reset", "confirm", "settings", "meetings", "admin"] as const;
type Plain = (typeof PLAIN)[number];

export type Place =
  | { page: "landing" }
  | { page: "live"; room: string | null }
  | { page: "watch"; room: string }
  | { page: "meeting"; id: string }
  | { page: Plain }
  | { page: "unknown" };

export function placeOf(path: string): Place {
  const [first = "", second, ...rest] = path.split("/").slice(1);
  if (rest.length > 0) return { page: "unknown" };
  const name = second === undefined || second === "" ? null : decoded(second);
  const plain = PLAIN.find((page) => page === first);
  if (plain !== undefined) return name === null ? { page: plain } : { page: "unknown" };
  switch (first) {
    case "":
      return name === null ? { page: "landing" } : { page: "unknown" };
    case "live":
      return { page: "live", room: name };
    case "watch":
      return name === null || roomNameProblem(name) !== null ? { page: "unknown" } : { page: "watch", room: name };
    case "m": {
      const id = meetingIdFrom(name ?? "");
      return id === null ? { page: "unknown" } : { page: "meeting", id };
    }
    default:
      return { page: "unknown" };
  }
}

export function titleOf(place: Place, titles: Words["titles"]): string {
  if (place.page === "landing") return "Weir";
  return `${place.page === "watch" ? place.room : titles[place.page]} · Weir`;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
