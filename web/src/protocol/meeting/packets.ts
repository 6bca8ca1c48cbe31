// Text from the meeting's socket becomes a packet here, or nothing. A server that is newer than this page may say more than the page
// knows: packets of other names are passed over, and so are fields.

import type { ClientBody, ServerPacket } from "../generated/meeting";

/** What a client says; in which meeting, the socket knows. */
export type Saying = ClientBody;

export type Packet<Name extends ServerPacket["content_type"]> = Extract<ServerPacket, { content_type: Name }>;

/** What a field must be for the reducer to read it: the marks that optional fields bear are not here. */
type Kind = "string" | "number" | "boolean" | "object" | "list";

const FIELDS: Record<ServerPacket["content_type"], Record<string, Kind>> = {
  WELCOME: { account_id: "string", session: "string", place: "string", last_seq: "number", limits: "object" },
  WAITING: { because: "string" },
  JOIN_DENIED: { code: "string", reason: "string" },
  ERROR: { code: "string", msg: "string" },
  MEETING_USERS: { people: "list" },
  JOIN: { account_id: "string", person: "object" },
  STATE: { account_id: "string", person: "object" },
  LEAVE: { account_id: "string", reason: "string" },
  END: { reason: "string" },
  ENDING: {},
  SETTINGS: { settings: "object", recording: "boolean" },
  LOBBY: { full: "boolean", waiting: "list", gone: "list" },
  SUBSCRIBED: { subscribed: "list", unsubscribed: "list", refused: "list" },
  SLOTS: { slots: "list" },
  ANSWER: { what: "string", id: "number", sdp: "string" },
  ICE: { what: "string", fragment: "string" },
  MEDIA_ENDED: { what: "string", reason: "string" },
  SPEAKER: { heard: "list" },
  CHAT: { message: "object" },
  HISTORY: { messages: "list" },
  REACTION: { account_id: "string", reaction: "string" },
  MODERATED: { action: "string", by: "string" },
  PONG: { acknowledged: "number" },
};

/** Null for what is no packet of ours. */
export function readPacket(text: unknown): ServerPacket | null {
  if (typeof text !== "string") return null;
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof said !== "object" || said === null || !("content_type" in said)) return null;
  const name = said.content_type;
  if (typeof name !== "string" || !isKnown(name)) return null;
  const fields = said as Record<string, unknown>;
  const fits = Object.entries(FIELDS[name]).every(([field, kind]) => is(fields[field], kind));
  return fits ? (said as ServerPacket) : null;
}

const isKnown = (name: string): name is ServerPacket["content_type"] => Object.hasOwn(FIELDS, name);

function is(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case "list":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "string":
    case "number":
    case "boolean":
      return typeof value === kind;
    default:
      return kind satisfies never;
  }
}
