// One worker under a growing audience of viewers that report like browsers: what a packet, a viewer's memory and a wait
// cost.

import { Weir } from "../lib/weir.js";
import { measure } from "./measure.js";
import { rounded } from "./tables.js";

const VIEWERS = [100, 300, 500, 1000];

export async function audience() {
  const rows = [];
  for (const viewers of VIEWERS) {
    const weir = await Weir.start(`bench-audience-${viewers}`, { workers: 1 });
    rows.push(row(await measure(weir, { viewers, seconds: 12 })));
  }
  return { title: "one worker and its audience (VP8 2.5 Mbit/s and Opus, light viewers with full feedback)", rows };
}

/** What every part tells of a run. */
export function row({ viewers, packets, server, joins, forwarding_delay: delay, inside, own, srtp, clean }) {
  return {
    viewers,
    "packets/s": packets.per_second,
    "CPU µs/packet": rounded(server?.cpu_us_per_packet, 2),
    "RSS kB/viewer": rounded(server?.rss_kb_per_viewer, 0),
    "delay p50 ms": rounded(delay.p50_ms, 2),
    "delay p99 ms": rounded(delay.p99_ms, 2),
    "inside p50 ms": rounded(inside?.p50_ms, 2),
    "inside p99 ms": rounded(inside?.p99_ms, 2),
    "connected p50 ms": rounded(joins.connected.p50_ms, 1),
    "first frame p50 ms": rounded(joins.first_frame.p50_ms, 1),
    "server % core": rounded(server?.cpu_percent, 0),
    "load % core": rounded(own.cpu_percent, 0),
    lost: packets.lost,
    SRTP: srtp.join(" "),
    clean,
  };
}
