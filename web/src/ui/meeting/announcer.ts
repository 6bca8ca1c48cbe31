// What has just happened, as sentences that come and go. They are shown and read out; several people who come or go at once are one sentence.

import { signal } from "@preact/signals";
import type { News } from "../../protocol/meeting/news";
import { words } from "./words";

export type Sentence = { id: number; text: string; kind: "news" | "warning" };
export type Floating = { id: number; reaction: string; name: string };

const SHOWN_MS = 5_000;
const FLOATS_MS = 4_000;
/** More at a time nobody reads. */
const SENTENCES_MAX = 4;
const FLOATING_MAX = 20;
/** A class that comes in together is announced together. */
const GATHER_MS = 1_000;
/** Of a class that comes in, so many are named. */
const NAMED_MAX = 3;

/** What several people do at once. */
type Together = "came" | "left" | "lost";

export class Announcer {
  readonly sentences = signal<readonly Sentence[]>([]);
  readonly floating = signal<readonly Floating[]>([]);
  /** By whom we were asked to unmute; null: nobody asks. */
  readonly asked = signal<string | null>(null);
  readonly #gathered: Record<Together, string[]> = { came: [], left: [], lost: [] };
  #next = 0;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #chatIsOpen: () => boolean;

  /** `chatIsOpen`: what is read there need not be shown twice. */
  constructor(chatIsOpen: () => boolean) {
    this.#chatIsOpen = chatIsOpen;
  }

  readonly hear = (news: News): void => {
    const w = words.value.news;
    switch (news.is) {
      case "came":
        return this.#gather("came", news.name);
      case "left":
        return this.#gather(news.reason === "lost" || news.reason === "node_lost" ? "lost" : "left", news.name);
      case "hand":
        return this.say(w.hand(news.name));
      case "shares":
        return this.say(w.shares(news.name));
      case "said":
        if (this.#chatIsOpen()) return;
        return this.say(news.privately ? w.saidPrivately(news.name, news.text) : w.said(news.name, news.text));
      case "reaction":
        return this.#float(news.reaction, news.name);
      case "knocks":
        return this.say(w.knocks(news.name));
      case "promoted":
        return this.say(w.promoted);
      case "recording":
        return this.say(news.on ? w.recordingOn : w.recordingOff);
      case "moderated":
        return this.#moderated(news);
      case "refused":
        return this.#refused(news);
      default:
        return news satisfies never;
    }
  };

  readonly say = (text: string, kind: Sentence["kind"] = "news"): void => {
    const id = (this.#next += 1);
    this.sentences.value = [...this.sentences.value, { id, text, kind }].slice(-SENTENCES_MAX);
    this.#later(SHOWN_MS, () => (this.sentences.value = this.sentences.value.filter((sentence) => sentence.id !== id)));
  };

  #gather(what: Together, name: string): void {
    const names = this.#gathered[what];
    if (names.push(name) > 1) return;
    this.#later(GATHER_MS, () => {
      const all = names.splice(0);
      const named = all.length > NAMED_MAX ? all.slice(0, NAMED_MAX - 1) : all;
      this.say(words.value.news[what](named, all.length - named.length));
    });
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #moderated({ action, by }: Extract<News, { is: "moderated" }>): void {
    const w = words.value.news;
    const whose = by === "" ? w.aHost : by;
    switch (action) {
      case "ask_unmute":
        this.asked.value = whose;
        return;
      case "mute":
        return this.say(w.muted(whose));
      case "stop_video":
        return this.say(w.videoStopped(whose));
      case "stop_share":
        return this.say(w.shareStopped(whose));
      case "lower_hand":
        return this.say(w.handLowered(whose));
      case "demote":
        return this.say(w.demoted);
      case "promote":
      case "remove":
      case "ban":
      case "admit":
      case "deny":
        // Said otherwise: by the role that follows, or by the page that comes after.
        return;
      default:
        return action satisfies never;
    }
  }

  #refused({ about, code, msg }: Extract<News, { is: "refused" }>): void {
    const w = words.value.news;
    // A message that is refused says so where it stands, and the line speaks for itself.
    if (about === "CHAT" || code === "taken_over" || code === "unknown_person" || code === "not_subscribed") return;
    if (about === "ME" && code === "not_allowed") return this.say(w.noUnmute, "warning");
    if (about === "OFFER" && code === "not_allowed") return this.say(w.noShare, "warning");
    if (code === "too_many_shares") return this.say(w.tooManyShares, "warning");
    this.say(code === "not_allowed" ? w.notAllowed : msg, "warning");
  }

  #float(reaction: string, name: string): void {
    const id = (this.#next += 1);
    this.floating.value = [...this.floating.value, { id, reaction, name }].slice(-FLOATING_MAX);
    this.#later(FLOATS_MS, () => (this.floating.value = this.floating.value.filter((shown) => shown.id !== id)));
  }

  #later(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }
}
