// How far somebody is with the meeting at this address.

import { signal } from "@preact/signals";
import type { Seat } from "../../protocol/people";
import type { OwnMedia } from "../own-media";

export type Step =
  | { at: "before" }
  | { at: "inside"; seat: Seat; media: OwnMedia }
  | { at: "left" };

export const step = signal<Step>({ at: "before" });
