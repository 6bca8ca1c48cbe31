// Synthetic people in a meeting, and what their report says.

import { reportOf } from "./load.js";

/** Starts `weir load meeting` against a node. */
export function startLoadMeeting(weir, { seconds, args = [] }) {
  return weir.command("load", "meeting", "--url", weir.url, "--seconds", `${seconds}`, "--server-pid", `${weir.pid}`, "--json", ...args);
}

/** The same to its end, and its report. */
export async function loadMeeting(weir, { patience = 120, ...options }) {
  const program = startLoadMeeting(weir, options);
  await program.ends(options.seconds + patience);
  return reportOf(program);
}
