// What to say over the picture. One place decides, so that two sentences never compete.

import type { Failure } from "../../protocol/failure";
import type { State } from "../../protocol/connection";
import { sentenceOfFailure, streams } from "../streams";

export type Situation = {
  /** Nothing to say: the picture speaks. */
  kind: "fine" | "connecting" | "waiting" | "reconnecting" | "failed";
  title: string;
  detail: string | null;
  sinceMs: number | null;
  /** "Try now" before this is only impatience: the page is trying already. */
  offerRetryAfterMs: number;
  needsToken: boolean;
};

const FINE: Situation = { kind: "fine", title: "", detail: null, sinceMs: null, offerRetryAfterMs: Infinity, needsToken: false };
const PATIENCE_MS = 15_000;

export function situation(state: State, quietSinceMs: number | null): Situation {
  const w = streams.value.situation;
  switch (state.at) {
    case "connected":
      return quietSinceMs === null
        ? FINE
        : { ...FINE, kind: "waiting", title: w.paused, detail: w.pausedLead, sinceMs: quietSinceMs };
    case "connecting":
      return { ...FINE, kind: "connecting", title: w.connecting };
    case "waiting":
      return notLive(state.failure)
        ? { ...FINE, kind: "waiting", title: w.waiting, detail: w.waitingLead, sinceMs: state.sinceMs }
        : { ...FINE, kind: "waiting", title: sentenceOfFailure(state.failure), detail: w.trying, sinceMs: state.sinceMs, offerRetryAfterMs: PATIENCE_MS };
    case "reconnecting":
      if (state.failure !== null && notLive(state.failure)) {
        return { ...FINE, kind: "waiting", title: w.stopped, detail: w.stoppedLead, sinceMs: state.sinceMs };
      }
      return { ...FINE, kind: "reconnecting", title: w.reconnecting, detail: state.failure === null ? null : sentenceOfFailure(state.failure), sinceMs: state.sinceMs, offerRetryAfterMs: PATIENCE_MS };
    case "failed":
      return {
        ...FINE,
        kind: "failed",
        title: sentenceOfFailure(state.failure),
        detail: state.failure.detail,
        offerRetryAfterMs: 0,
        needsToken: state.failure.status === 401 || state.failure.status === 403,
      };
    case "closed":
      return FINE;
    default:
      return state satisfies never;
  }
}

const notLive = (failure: Failure): boolean => failure.status === 409;
