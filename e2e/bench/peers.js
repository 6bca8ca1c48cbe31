// Weir beside Janus: the same publisher and the same viewers, in turn, each in a network namespace of its own and reached
// over the same virtual link.

import { Janus } from "../lib/janus.js";
import { Namespace } from "../lib/namespace.js";
import { Weir } from "../lib/weir.js";
import { measure } from "./measure.js";
import { row } from "./audience.js";
import { rounded } from "./tables.js";

const VIEWERS = [50, 100, 200];

const SERVERS = {
  "Janus default": (name, namespace) => Janus.start(name, namespace),
  "Janus event_loops=2": (name, namespace) => Janus.start(name, namespace, { eventLoops: 2 }),
  "Weir 1 worker": (name, namespace) => Weir.start(name, { workers: 1, namespace, args: ["--auth", "open"] }),
};

export async function peers() {
  const title = "side by side: same load, same link (VP8 2.5 Mbit/s and Opus, light viewers with full feedback)";
  const missing = Janus.missing() ?? Namespace.missing();
  if (missing !== null) return { title, rows: [], notes: [`left out: ${missing}`] };
  const rows = [];
  const notes = [];
  const namespace = Namespace.create("weir-bench");
  try {
    for (const viewers of VIEWERS) {
      const cost = {};
      for (const [server, start] of Object.entries(SERVERS)) {
        const running = await start(`bench-peers-${server}-${viewers}`, namespace);
        const report = await measure(running, { viewers, seconds: 10, joinsPerSecond: 20 });
        cost[server] = report.server.cpu_us_per_packet;
        rows.push({ server, ...row(report) });
      }
      const times = (server) => `${rounded(cost[server] / cost["Weir 1 worker"], 1)} times (${server})`;
      notes.push(`CPU per packet against Weir at ${viewers} viewers: ${Object.keys(cost).slice(0, -1).map(times).join(", ")}`);
    }
  } finally {
    namespace.delete();
  }
  return { title, rows, notes };
}
