// What somebody at the browser's console may look at: `await weir.statistics()` gives the raw getStats entries.

import { reportsOf } from "../media/sampler";
import type { Report } from "../media/statistics";

declare global {
  var weir: { statistics: () => Promise<Report[]> } | undefined;
}

export function expose(current: () => RTCPeerConnection | null): void {
  globalThis.weir = {
    statistics: async () => {
      const pc = current();
      return pc === null ? [] : reportsOf(await pc.getStats());
    },
  };
}
