// Three hundred viewers within three seconds, in the middle of ten seconds without a keyframe: how long each waits for its picture,
// and what the publisher hears of it.

import { reportOf } from "../lib/load.js";
import { Weir } from "../lib/weir.js";
import { rounded } from "./tables.js";

const STORM = ["--join-storm", "300", "--over", "3", "--gop-s", "10"];

export async function storm() {
  const rows = [];
  for (const answers of ["yes", "no", "yes"]) {
    const weir = await Weir.start(`bench-storm-${rows.length}`, { workers: 1 });
    const args = answers === "yes" ? STORM : [...STORM, "--no-keyframes-on-request"];
    const { joins, keyframes, packets, clean } = await run(weir, args);
    rows.push({
      joins: joins.asked,
      "keyframes on request": answers,
      "first packet p50 ms": rounded(joins.first_packet.p50_ms, 1),
      "first packet p95 ms": rounded(joins.first_packet.p95_ms, 1),
      "first packet max ms": rounded(joins.first_packet.max_ms, 1),
      "first frame p95 ms": rounded(joins.first_frame.p95_ms, 1),
      "keyframes asked of the publisher": keyframes.requests,
      lost: packets.lost,
      clean,
    });
  }
  return { title: "a storm of joins against a group of pictures of 10 s (one worker)", rows };
}

async function run(weir, args) {
  try {
    const program = weir.command("load", "--url", weir.url, "--room", "storm", "--seconds", "4", "--json", ...args);
    await program.ends(90);
    return reportOf(program);
  } finally {
    await weir.stop();
  }
}
