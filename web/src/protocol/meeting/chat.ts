// What was said in a meeting, each message once, however often and over however many sockets it came.

import type { ChatLine } from "../generated/meeting";

export type Chat = {
  /** Oldest first. */
  lines: readonly ChatLine[];
  /** The number of the last message that came, for a resumption. */
  last: number;
  /** So many of the lines have been looked at, from the oldest on. */
  read: number;
};

export const NO_CHAT: Chat = { lines: [], last: 0, read: 0 };

/** Two of the server's own memory: what is older can be read by nobody who comes later either. */
const KEPT_MAX = 400;

/** What a sender calls a message is unique among their own only. */
export const chatKey = (line: Pick<ChatLine, "from" | "id">): string => `${line.from} ${line.id}`;

export function heard(chat: Chat, line: ChatLine): Chat {
  return merged(chat, [line], chat.read);
}

/** `read`: what was said before somebody came in is no news to be counted. */
export function told(chat: Chat, lines: readonly ChatLine[], as: "read" | "unread"): Chat {
  const after = merged(chat, lines, chat.read);
  return as === "read" ? readAll(after) : after;
}

export const readAll = (chat: Chat): Chat => (chat.read === chat.lines.length ? chat : { ...chat, read: chat.lines.length });

/** Another session numbers anew. What is known stays, and is recognised when it is told again. */
export const renumbered = (chat: Chat): Chat => ({ ...chat, last: 0 });

export function unread(chat: Chat, me: string): number {
  return chat.lines.slice(chat.read).filter((line) => line.from !== me).length;
}

function merged(chat: Chat, more: readonly ChatLine[], read: number): Chat {
  const known = new Set(chat.lines.map(chatKey));
  const fresh = more.filter((line) => {
    const key = chatKey(line);
    return !known.has(key) && known.add(key);
  });
  const last = more.reduce((highest, line) => Math.max(highest, line.number), chat.last);
  if (fresh.length === 0) return last === chat.last ? chat : { ...chat, last };
  const all = [...chat.lines, ...fresh].toSorted((a, b) => a.at_ms - b.at_ms);
  const dropped = Math.max(0, all.length - KEPT_MAX);
  return { lines: all.slice(dropped), last, read: Math.max(0, read - dropped) };
}
