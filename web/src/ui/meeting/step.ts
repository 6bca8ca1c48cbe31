// How far somebody is with the meeting at this address.

import { signal } from "@preact/signals";
import type { DenyCode, EndReason } from "../../protocol/generated/meeting";
import type { Over } from "../../protocol/meeting/socket";
import type { Seat } from "../../protocol/people";
import type { OwnMedia } from "../own-media";

export type Ending = {
  why: Over;
  ended: EndReason | null;
  denied: DenyCode | null;
  /** What whoever did it has said. */
  said: string | null;
  /** It was whoever runs the server, and no host. */
  byServer: boolean;
};

export type Step =
  | { at: "before" }
  | { at: "inside"; seat: Seat; media: OwnMedia }
  | { at: "left"; ending: Ending };

export const step = signal<Step>({ at: "before" });
