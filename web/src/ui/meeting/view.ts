// What somebody has chosen to look at. Lasts as long as the meeting's page; nobody else is told.

import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import type { Meeting } from "../../protocol/meeting/model";
import { others, sharers } from "../../protocol/meeting/people";
import type { Item } from "./layout";

export type Panel = "chat" | "people" | "statistics" | "devices";

export class View {
  readonly layout = signal<"grid" | "speaker">("grid");
  readonly pinned = signal<string | null>(null);
  readonly page = signal(0);
  readonly panel = signal<Panel | null>(null);
  readonly help = signal(false);
  /** To whom the next message goes; null: to everybody. */
  readonly writesTo = signal<string | null>(null);
  /** Who spoke last of the others: the stage keeps them while nobody speaks. */
  readonly #spoke = signal<string | null>(null);
  readonly #meeting: ReadonlySignal<Meeting>;
  readonly #stop: () => void;

  constructor(meeting: ReadonlySignal<Meeting>) {
    this.#meeting = meeting;
    this.#stop = effect(() => {
      const { speaker, me } = meeting.value;
      if (speaker !== null && speaker !== me) this.#spoke.value = speaker;
    });
  }

  readonly self = computed(() => item(this.#meeting.value.me, "camera"));

  /** Shares first: a strip or a grid that has them shows them before faces. */
  readonly others = computed((): Item[] => {
    const meeting = this.#meeting.value;
    const shares = sharers(meeting).filter(({ account_id }) => account_id !== meeting.me);
    return [...shares.map(({ account_id }) => item(account_id, "screen")), ...others(meeting).map(({ account_id }) => item(account_id, "camera"))];
  });

  readonly staged = computed((): Item[] => {
    const all = [...this.others.value, this.self.value];
    const pinned = all.find(({ id }) => id === this.pinned.value);
    if (pinned !== undefined) return [pinned];
    const shares = all.filter(({ source }) => source === "screen");
    if (shares.length > 0) return shares;
    if (this.layout.value === "grid") return [];
    const faces = this.others.value;
    const speaks = faces.find(({ account_id }) => account_id === this.#spoke.value) ?? faces[0];
    return speaks === undefined ? [] : [speaks];
  });

  readonly togglePin = (id: string): void => {
    this.pinned.value = this.pinned.value === id ? null : id;
    this.page.value = 0;
  };

  readonly toggleLayout = (): void => {
    // With a pin the layout would not show; whoever asks for another wants to see one.
    this.pinned.value = null;
    this.layout.value = this.layout.value === "grid" ? "speaker" : "grid";
    this.page.value = 0;
  };

  readonly toggle = (panel: Panel): void => void (this.panel.value = this.panel.value === panel ? null : panel);

  readonly writeTo = (account_id: string | null): void => {
    this.writesTo.value = account_id;
    this.panel.value = "chat";
  };

  close(): void {
    this.#stop();
  }
}

export const item = (account_id: string, source: Item["source"]): Item => ({ id: `${source} ${account_id}`, account_id, source });
