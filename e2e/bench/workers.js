// Whether a second worker is worth a second core: the same audience per worker, on one worker and on two, in turn. Equal
// CPU per packet means that a core carries as many viewers beside another one as alone.

import { Weir } from "../lib/weir.js";
import { measure } from "./measure.js";
import { median, rounded } from "./tables.js";

const VIEWERS_PER_WORKER = 100;
const ROUNDS = 3;

export async function workers() {
  const cost = { 1: [], 2: [] };
  const rows = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const count of [1, 2]) {
      const weir = await Weir.start(`bench-workers-${count}-${round}`, { workers: count });
      const viewers = VIEWERS_PER_WORKER * count;
      const report = await measure(weir, { viewers, seconds: 10 });
      cost[count].push(report.server.cpu_us_per_packet);
      rows.push({
        round,
        workers: count,
        viewers,
        "packets/s": report.packets.per_second,
        "CPU µs/packet": rounded(report.server.cpu_us_per_packet, 2),
        "server % core": rounded(report.server.cpu_percent, 0),
        clean: report.clean,
      });
    }
  }
  const ratio = median(cost[1]) / median(cost[2]);
  const note = `viewers at the same CPU per core, two workers against one: ${(2 * ratio).toFixed(2)} times (2 is linear; more says that a larger audience is cheaper per packet)`;
  return { title: "two workers against one", rows, notes: [note] };
}
