// What a join costs the server: viewers come into a room whose publisher has fallen silent, so that the CPU time is theirs
// alone. What the joined cost anyway (ICE checks, reports) is measured afterwards and taken off by the load generator.

import { Weir } from "../lib/weir.js";
import { measure } from "./measure.js";
import { rounded } from "./tables.js";

export async function joins() {
  const rows = [];
  for (const perSecond of [50, 200, 200]) {
    const weir = await Weir.start(`bench-joins-${rows.length}`, { workers: 1, args: ["--set", "stream.idle_clip=off"] });
    const report = await measure(weir, { viewers: 400, seconds: 4, joinsPerSecond: perSecond, args: ["--silent"] });
    const { server_cpu_ms: cpu, created, connected, failed } = report.joins;
    rows.push({
      joins: report.viewers,
      "joins/s": perSecond,
      "server CPU ms/join": rounded(cpu, 3),
      "created p50 ms": rounded(created.p50_ms, 2),
      "connected p50 ms": rounded(connected.p50_ms, 1),
      "connected p99 ms": rounded(connected.p99_ms, 1),
      failed,
    });
  }
  return { title: "joins, without media (one worker; includes HTTP, SDP, ICE and the DTLS handshake)", rows };
}
