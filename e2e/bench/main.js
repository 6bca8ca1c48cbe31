// Runs the parts in order. One that cannot run here says why and is left out; one that fails does not stop the next.

import { audience } from "./audience.js";
import { crates } from "./crates.js";
import { joins } from "./joins.js";
import { meeting } from "./meeting.js";
import { peers } from "./peers.js";
import { storm } from "./storm.js";
import { publish } from "./tables.js";
import { workers } from "./workers.js";

const PARTS = { crates, audience, joins, storm, workers, meeting, peers };

const at = process.argv.indexOf("--only");
const only = at === -1 ? Object.keys(PARTS) : process.argv.slice(at + 1);
const unknown = only.find((name) => !(name in PARTS));
if (only.length === 0 || unknown !== undefined) {
  console.error(`--only takes names of ${Object.keys(PARTS).join(", ")}${unknown === undefined ? "" : `, not ${unknown}`}`);
  process.exit(2);
}

for (const name of only) {
  const started = performance.now();
  try {
    const { title, rows, notes = [] } = await PARTS[name]();
    publish(name, { title, rows, notes, seconds: Math.round((performance.now() - started) / 1000) });
  } catch (error) {
    console.error(`bench ${name}: ${error.stack}`);
    process.exitCode = 1;
  }
}
