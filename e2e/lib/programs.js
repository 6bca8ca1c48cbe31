// Other programs: started with a log in the artefacts, ended for certain, and their output readable as it comes.

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { artefact } from "./place.js";
import { until } from "./until.js";

/** A running program. */
export class Program {
  #child;
  #text = "";
  #ended = null;
  #name;

  constructor(name, command, args, { env = {} } = {}) {
    this.#name = name;
    const log = createWriteStream(artefact(`${name}.log`));
    log.write(`$ ${command} ${args.join(" ")}\n`);
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.on("error", (error) => (this.#text += `${error.message}\n`));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on("data", (bytes) => {
        log.write(bytes);
        // Enough to find a line in; a log that runs for a minute at debug level is in the file.
        if (this.#text.length < 4_000_000) this.#text += bytes;
      });
    }
    this.#child.on("close", (code, signal) => {
      this.#ended = { code, signal };
      log.end();
    });
  }

  get pid() {
    return this.#child.pid;
  }

  get output() {
    return this.#text;
  }

  /** `{ code, signal }`, or null while it runs. */
  get ended() {
    return this.#ended;
  }

  /** The first match in what it has printed, or will print within the time. */
  async prints(pattern, seconds = 20) {
    await until(`${this.#name} prints ${pattern}`, () => pattern.test(this.#text) || this.#ended !== null, { seconds });
    const match = pattern.exec(this.#text);
    if (match === null) throw new Error(`${this.#name} ended (${JSON.stringify(this.#ended)}): ${this.#text.slice(-2000)}`);
    return match;
  }

  /** Its exit code. */
  async ends(seconds = 60) {
    await until(`${this.#name} ends`, () => this.#ended, { seconds });
    return this.#ended.code;
  }

  /** Asks it to end, and insists after a while. */
  async stop(signal = "SIGTERM", patienceMs = 5000) {
    if (this.#ended !== null) return this.#ended.code;
    const closed = once(this.#child, "close");
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), patienceMs);
    await closed;
    clearTimeout(timer);
    return this.#ended.code;
  }
}
