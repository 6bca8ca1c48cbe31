// A part's rows: a table for people, JSON with the machine it was measured on for scripts.

import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import { join } from "node:path";
import { ROOT } from "../lib/place.js";

/** The load average tells whether the machine had other things to do. */
const machine = () => ({ cpu: cpus()[0]?.model, cores: availableParallelism(), kernel: release(), loadAverage: loadavg()[0] });

export function publish(name, { title, rows, notes, seconds }) {
  console.log(`\n${title}`);
  if (rows.length > 0) console.table(rows.map(withoutNothing));
  for (const note of notes) console.log(note);
  const folder = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "bench");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, `${JSON.stringify({ name, title, machine: machine(), seconds, rows, notes }, null, 2)}\n`);
}

/** A server that says nothing of its inside needs no columns for it. */
const withoutNothing = (row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

/** A number with so many digits after the point, still a number. */
export const rounded = (value, digits) => (value === null || value === undefined ? null : Number(value.toFixed(digits)));

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
