// What somebody at the browser's console may use: `await weir.statistics()` gives the raw getStats entries, and in a meeting
// `weir.topic("cursor", "lossy")` what applications send each other (see protocol/meeting/messages.ts).

import type { Messages } from "../protocol/meeting/messages";
import { reportsOf } from "../media/sampler";
import type { Report } from "../media/statistics";

type Exposed = {
  statistics: () => Promise<Report[]>;
  /** In a meeting only. */
  topic?: Messages["topic"];
};

declare global {
  var weir: Exposed | undefined;
}

export function expose(current: () => RTCPeerConnection | null, messages?: Messages): void {
  globalThis.weir = {
    statistics: async () => {
      const pc = current();
      return pc === null ? [] : reportsOf(await pc.getStats());
    },
    ...(messages === undefined ? {} : { topic: (name, lane) => messages.topic(name, lane) }),
  };
}
