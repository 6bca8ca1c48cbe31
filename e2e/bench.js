// A node under growing synthetic load: what a forwarded packet costs and how long a join takes. `make bench`.

import { load } from "./lib/load.js";
import { Weir } from "./lib/weir.js";

const rows = [];
for (const viewers of [100, 300, 600]) {
  const weir = await Weir.start(`bench-${viewers}`, { workers: 1 });
  const report = await load(weir, { room: "bench", viewers, seconds: 15 });
  await weir.stop();
  rows.push({
    viewers,
    "packets/s": report.packets.per_second,
    lost: report.packets.lost,
    "CPU µs/packet": report.server?.cpu_us_per_packet.toFixed(2),
    "RSS kB/viewer": report.server?.rss_kb_per_viewer.toFixed(0),
    "delay p50/p99 ms": `${report.forwarding_delay.p50_ms.toFixed(2)} / ${report.forwarding_delay.p99_ms.toFixed(2)}`,
    "first frame p50/p95 ms": `${report.joins.first_frame.p50_ms.toFixed(1)} / ${report.joins.first_frame.p95_ms.toFixed(1)}`,
    clean: report.clean,
  });
}
console.table(rows);
