// Synthetic publishers and viewers, and what their report says.

import assert from "node:assert/strict";

/** Starts `weir load` against a node. */
export function startLoad(weir, { room, publishers = 1, viewers, seconds, args = [] }) {
  const flags = ["--url", weir.url, "--room", room, "--publishers", `${publishers}`, "--viewers", `${viewers}`];
  return weir.command("load", ...flags, "--seconds", `${seconds}`, "--server-pid", `${weir.pid}`, "--json", ...args);
}

/** The same to its end, and its report. */
export async function load(weir, options) {
  const program = startLoad(weir, options);
  await program.ends(options.seconds + 90);
  return reportOf(program);
}

/** The JSON among what a program printed. */
export function reportOf(program) {
  const start = program.output.indexOf("{\n") === -1 ? program.output.indexOf("{") : program.output.indexOf("{\n");
  assert.ok(start >= 0, `no report: ${program.output.slice(-2000)}`);
  return JSON.parse(program.output.slice(start, program.output.lastIndexOf("}") + 1));
}

/** Every viewer had every packet once, in order, and a decoder could show all of it. */
export function isClean(report) {
  const { sent, received, lost, duplicated, reordered, corrupt, foreign } = report.packets;
  const found = { lost, duplicated, reordered, corrupt, foreign, check: report.check.errors, joinsFailed: report.joins.failed };
  const nothing = { lost: 0, duplicated: 0, reordered: 0, corrupt: 0, foreign: 0, check: 0, joinsFailed: 0 };
  assert.deepEqual(found, nothing, JSON.stringify({ errors: report.errors, verdicts: report.check.verdicts, own: report.own }));
  assert.ok(sent > 0 && received > 0, "packets were sent and received");
  assert.ok(report.check.frames > 0, "the checker saw frames");
  assert.equal(report.clean, true, "the report calls itself clean");
}
