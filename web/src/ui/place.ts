// Where in the client somebody is. The server answers with this page for exactly these paths.

import { roomNameProblem } from "../protocol/room";

export type Place =
  | { page: "landing" }
  | { page: "live"; room: string | null }
  | { page: "watch"; room: string }
  | { page: "rooms" }
  | { page: "unknown" };

export function placeOf(path: string): Place {
  const [first = "", second, ...rest] = path.split("/").slice(1);
  if (rest.length > 0) return { page: "unknown" };
  const room = second === undefined || second === "" ? null : decoded(second);
  switch (first) {
    case "":
      return room === null ? { page: "landing" } : { page: "unknown" };
    case "live":
      return { page: "live", room };
    case "watch":
      return room === null || roomNameProblem(room) !== null ? { page: "unknown" } : { page: "watch", room };
    case "rooms":
      return room === null ? { page: "rooms" } : { page: "unknown" };
    default:
      return { page: "unknown" };
  }
}

export function titleOf(place: Place): string {
  switch (place.page) {
    case "landing":
      return "Weir";
    case "live":
      return "Go live · Weir";
    case "watch":
      return `${place.room} · Weir`;
    case "rooms":
      return "Rooms · Weir";
    case "unknown":
      return "Not found · Weir";
    default:
      return place satisfies never;
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
