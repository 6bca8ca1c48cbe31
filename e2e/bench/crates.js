// The benchmarks of the crates: what one packet and one handshake take, without a network. Their figures are theirs to print.

import { spawnSync } from "node:child_process";
import { ROOT } from "../lib/place.js";

export async function crates() {
  const { status } = spawnSync("cargo", ["bench", "--workspace", "--bench", "*"], { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) throw new Error(`cargo bench ended with ${status}`);
  return { title: "benchmarks of the crates: above", rows: [] };
}
