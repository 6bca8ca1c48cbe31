// Showing one's screen, from the browser's dialog to the end of it.

import { signal } from "@preact/signals";
import { acquireScreen, type Trouble } from "../../media/devices";
import { Screen, type Content } from "../../media/meeting/screen";
import { preset } from "../../media/quality";
import type { Place } from "../../protocol/generated/meeting";
import { Transport, type Plan } from "../../protocol/meeting/transport";

export class Sharing {
  readonly screen = signal<Screen | null>(null);
  readonly content = signal<Content>("text");
  readonly trouble = signal<Trouble | null>(null);
  /** The browser's dialog is open. */
  readonly asking = signal(false);
  #transport: Transport | null = null;
  #closed = false;
  readonly #send: Plan["send"];

  constructor(send: Plan["send"]) {
    this.#send = send;
  }

  readonly toggle = async (): Promise<void> => {
    if (this.asking.value) return;
    if (this.screen.value !== null) {
      this.stop();
      return;
    }
    this.asking.value = true;
    this.trouble.value = null;
    const got = await acquireScreen(preset("high"));
    this.asking.value = false;
    if ("reason" in got) {
      this.trouble.value = got;
      return;
    }
    const screen = new Screen(got, this.content.value, this.stop);
    // Left while the dialog was open.
    if (this.#closed) {
      screen.close();
      return;
    }
    this.screen.value = screen;
    this.#transport = new Transport({ what: "screen", send: this.#send, prepare: screen.prepare, onanswer: () => undefined, onhealth: () => undefined });
  };

  readonly optimise = (content: Content): void => {
    this.content.value = content;
    this.screen.value?.optimise(content);
  };

  readonly stop = (): void => {
    this.#transport?.close();
    this.#transport = null;
    this.screen.value?.close();
    this.screen.value = null;
  };

  hear(packet: Parameters<Transport["hear"]>[0]): void {
    void this.#transport?.hear(packet);
  }

  resumed(place: Place): void {
    this.#transport?.resumed(place);
  }

  close(): void {
    this.#closed = true;
    this.stop();
  }
}
