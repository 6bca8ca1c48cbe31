// What is worth saying aloud of a packet: to live regions, as a toast, as a sound. Pure; says who and what, in no language.

import type { Action, ErrorCode, LeaveReason, ServerPacket } from "../generated/meeting";
import { chatKey } from "./chat";
import type { Meeting } from "./model";
import { hosts } from "./people";

export type News =
  | { is: "came"; name: string }
  | { is: "left"; name: string; reason: LeaveReason }
  | { is: "hand"; name: string }
  | { is: "shares"; name: string }
  | { is: "said"; name: string; text: string; privately: boolean }
  | { is: "reaction"; account_id: string; name: string; reaction: string }
  | { is: "knocks"; name: string }
  | { is: "moderated"; action: Action; by: string; reason: string | null }
  | { is: "promoted" }
  | { is: "recording"; on: boolean }
  | { is: "refused"; about: string | null; code: ErrorCode; msg: string };

/** `before` is what was known when the packet came. */
export function newsIn(before: Meeting, packet: ServerPacket): News[] {
  if (packet.seq !== undefined && packet.seq <= before.seq) return [];
  const name = (account_id: string): string => before.people.get(account_id)?.name ?? "";
  switch (packet.content_type) {
    case "JOIN":
      return before.people.has(packet.account_id) || packet.account_id === before.me || packet.person.role === "recorder" ? [] : [{ is: "came", name: packet.person.name }];
    case "LEAVE":
      return before.people.has(packet.account_id) ? [{ is: "left", name: name(packet.account_id), reason: packet.reason }] : [];
    case "STATE": {
      const was = before.people.get(packet.account_id);
      const { person } = packet;
      if (was === undefined) return [];
      if (packet.account_id === before.me) return hosts(person) && !hosts(was) ? [{ is: "promoted" }] : [];
      return [
        ...(person.hand !== undefined && was.hand === undefined ? [{ is: "hand" as const, name: person.name }] : []),
        ...(person.screen && !was.screen ? [{ is: "shares" as const, name: person.name }] : []),
      ];
    }
    case "CHAT": {
      const { message } = packet;
      const known = message.from === before.me || before.chat.lines.some((line) => chatKey(line) === chatKey(message));
      return known ? [] : [{ is: "said", name: message.name, text: message.text, privately: message.to !== undefined }];
    }
    case "REACTION":
      return [{ is: "reaction", account_id: packet.account_id, name: name(packet.account_id), reaction: packet.reaction }];
    case "LOBBY":
      return packet.waiting.filter((person) => !before.lobby.some((was) => was.account_id === person.account_id)).map((person) => ({ is: "knocks", name: person.name }));
    case "MODERATED":
      return [{ is: "moderated", action: packet.action, by: name(packet.by), reason: packet.reason ?? null }];
    case "SETTINGS":
      return packet.recording === before.recording ? [] : [{ is: "recording", on: packet.recording }];
    case "ERROR":
      return [{ is: "refused", about: packet.about ?? null, code: packet.code, msg: packet.msg }];
    case "WELCOME":
    case "WAITING":
    case "JOIN_DENIED":
    case "MEETING_USERS":
    case "END":
    case "ENDING":
    case "SUBSCRIBED":
    case "SLOTS":
    case "ANSWER":
    case "ICE":
    case "MEDIA_ENDED":
    case "SPEAKER":
    case "HISTORY":
    case "PONG":
      return [];
    default:
      return packet satisfies never;
  }
}
