// What somebody in a meeting can do, as packets. Nothing here waits for an answer: what came of it is in the packets that follow.

import type { Action, ActionForAll, Feed, Me, SettingsChange } from "../generated/meeting";
import type { Saying } from "./packets";

export type Commands = ReturnType<typeof commands>;

/** `send` is false without a line; what must not be lost is sent again by whoever knows that it matters. */
export function commands(send: (saying: Saying) => boolean) {
  return {
    me: (me: Me): boolean => send({ content_type: "ME", ...me }),
    react: (reaction: string): boolean => send({ content_type: "REACTION", reaction }),
    moderate: (action: Action, account_id: string): boolean => send({ content_type: "MODERATE", action, account_id }),
    moderateAll: (action: ActionForAll): boolean => send({ content_type: "MODERATE_ALL", action }),
    change: (change: SettingsChange): boolean => send({ content_type: "SETTINGS", ...change }),
    /** Unsubscribes first, so that at the limit one page is exchanged for another. */
    watch: (unsubscribe: Feed[], subscribe: Feed[]): boolean =>
      send({ content_type: "UNSUB_SUB", num_actions: unsubscribe.length + subscribe.length, unsubscribe, subscribe }),
    leave: (): boolean => send({ content_type: "LEAVE" }),
    end: (): boolean => send({ content_type: "END" }),
  };
}
