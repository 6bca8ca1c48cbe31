// One load on one server, which is ended whatever comes of it.

import { load } from "../lib/load.js";

/** The keyframes that joining viewers ask for are paid by the frames after them: after this time the rate is even again. */
const SETTLE_MS = 3000;

/** The report of light viewers; `args` are further flags of `weir load`. */
export async function measure(server, { viewers, seconds, joinsPerSecond = 200, args = [] }) {
  try {
    const flags = ["--light", "--settle-ms", `${SETTLE_MS}`, "--joins-per-second", `${joinsPerSecond}`, ...server.loadArgs, ...args];
    return await load(server, { room: "bench", viewers, seconds, args: flags });
  } finally {
    await server.stop();
  }
}
