// Meetings of synthetic people: what one costs a node in CPU and memory, and how long they wait for pictures; then what it takes to come
// and go.

import { loadMeeting } from "../lib/load-meeting.js";
import { Weir } from "../lib/weir.js";
import { rounded } from "./tables.js";

const PEOPLE = [10, 25, 50];
const CYCLES = 10_000;

export async function meeting() {
  const rows = [];
  for (const people of PEOPLE) {
    // Two pages, up to what a large window shows.
    const args = ["--people", `${people}`, "--pages", "--tiles", `${Math.min(25, Math.floor(people / 2))}`];
    rows.push(await withNode(`bench-meeting-${people}`, async (weir) => row(await loadMeeting(weir, { seconds: 21, args }))));
  }
  const report = await withNode("bench-cycles", (weir) => loadMeeting(weir, { seconds: 0, patience: 600, args: ["--cycles", `${CYCLES}`] }));
  const { seconds, settle_seconds: settle, differences, server_cpu_ms_per_cycle: cpu, clean } = report;
  const notes = [
    `${CYCLES} joins and leaves in ${seconds.toFixed(1)} s, ${rounded(cpu, 2)} ms of server CPU each, back after ${settle.toFixed(1)} s with ${differences.length} gauges of ${report.gauges} different`,
    `memory ${rounded(report.rss_mb_before, 1)} MB before and ${rounded(report.rss_mb_after, 1)} MB after; clean: ${clean}`,
  ];
  return { title: "a meeting (VP8 150 kbit/s at 15 frames and Opus each, pages that all turn every 2 s)", rows, notes };
}

async function withNode(name, use) {
  const weir = await Weir.start(name, { args: ["--set", "limits.meeting_joins_burst=20000"] });
  try {
    return await use(weir);
  } finally {
    await weir.stop();
  }
}

function row({ people, packets_per_second: packets, server, joins, turns, voices, check, own, clean }) {
  return {
    people,
    "packets/s": packets,
    "CPU % of a core per person": rounded(server?.cpu_percent_per_person, 2),
    "CPU µs/packet": rounded(server?.cpu_us_per_packet, 2),
    "RSS kB/person": rounded(server?.rss_kb_per_person, 0),
    "welcome p50 ms": rounded(joins.welcome.p50_ms, 1),
    "picture p50 ms": rounded(joins.picture.p50_ms, 0),
    "picture p95 ms": rounded(joins.picture.p95_ms, 0),
    "page p50 ms": rounded(turns?.page.p50_ms, 0),
    "page p95 ms": rounded(turns?.page.p95_ms, 0),
    voices: `${voices.right} right, ${voices.missing + voices.wrong} wrong`,
    "check errors": check.errors,
    "server % core": rounded(server?.cpu_percent, 0),
    "load % core": rounded(own.cpu_percent, 0),
    clean,
  };
}
