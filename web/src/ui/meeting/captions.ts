// Where captions plug in. Weir brings none; a page that has a recogniser sets `captioner`, and its lines are shown under the pictures.

import { signal } from "@preact/signals";

export type Caption = {
  /** A line that is said again under its id replaces what was shown of it: recognisers change their mind while somebody speaks. */
  id: string;
  account_id: string;
  text: string;
};

export type Captioner = {
  /** Called with the voices that are there now, each time they change; the tracks are not to be stopped. */
  listen: (voices: readonly MediaStreamTrack[], say: (caption: Caption) => void) => void;
  close: () => void;
};

/** Null: no captions. */
export const captioner = signal<Captioner | null>(null);
