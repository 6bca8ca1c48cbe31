// The benchmarks of the crates: what one packet and one handshake take, without a network. Their figures are theirs to print.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/place.js";

export async function crates() {
  const folder = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "bench");
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, WEIR_BENCH_JSON: join(folder, "egress.json") };
  const { status } = spawnSync("cargo", ["bench", "--workspace", "--bench", "*"], { cwd: ROOT, stdio: "inherit", env });
  if (status !== 0) throw new Error(`cargo bench ended with ${status}`);
  const rows = JSON.parse(readFileSync(env.WEIR_BENCH_JSON, "utf8"));
  return { title: "benchmarks of the crates: the way out of a packet (the others above)", rows };
}
