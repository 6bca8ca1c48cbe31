// A node of our own, for one test.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needInterface } from "./interfaces.js";
import { Program } from "./programs.js";
import { freeTcpPort, freeUdpPorts } from "./ports.js";
import { weirBinary } from "./place.js";

/** Every interface of this machine, IPv4 and IPv6. */
export const ALL = "[::]";

/** A running `weir serve`. */
export class Weir {
  #program;
  #data;
  #name;
  #commands = 0;
  /** What `weir load` needs to know of this kind of server. */
  loadArgs = [];

  /**
   * `name` is the log's; `media` is the address for media, `ALL` for what a node does by itself; `args` are further
   * flags of `weir serve`; `namespace` is where it runs, with the address that it then has; `port` and `mediaPort` are given
   * to a node that takes the place of another.
   */
  static async start(name, { workers = 2, http = "127.0.0.1", media = "127.0.0.1", args = [], namespace, ...place } = {}) {
    if (media === ALL) needInterface();
    if (namespace !== undefined) http = media = namespace.address;
    const weir = new Weir();
    weir.#name = name;
    weir.#data = mkdtempSync(join(tmpdir(), "weir-e2e-"));
    const port = place.port ?? (await freeTcpPort());
    weir.url = `http://${namespace?.address ?? "127.0.0.1"}:${port}`;
    weir.mediaPort = place.mediaPort ?? (await freeUdpPorts(workers));
    const flags = ["--http", `${http}:${port}`, "--media", `${media}:${weir.mediaPort}`, "--workers", `${workers}`];
    const serve = ["serve", ...flags, "--data", weir.#data, ...args];
    const command = namespace?.inside(weirBinary(), serve) ?? [weirBinary(), serve];
    weir.#program = new Program(`${name}-weir`, ...command);
    await weir.#program.prints(/^ready http:\/\//m);
    return weir;
  }

  get pid() {
    return this.#program.pid;
  }

  get log() {
    return this.#program.output;
  }

  /** Whether the process still runs. */
  get alive() {
    return this.#program.ended === null;
  }

  whip(room) {
    return `${this.url}/whip/${room}`;
  }

  whep(room) {
    return `${this.url}/whep/${room}`;
  }

  /** Another run of the same binary: `weir load`, `weir conformance`, `weir token`. Started, not awaited. */
  command(...args) {
    this.#commands += 1;
    return new Program(`${this.#name}-${args[0]}-${this.#commands}`, weirBinary(), args);
  }

  /** A signed token of this node. */
  async token(...grants) {
    const program = this.command("token", "create", "--data", this.#data, ...grants);
    if ((await program.ends(10)) !== 0) throw new Error(`weir token create: ${program.output}`);
    return program.output.trim().split("\n").at(-1).trim();
  }

  async metric(name) {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line.startsWith(name) && !line.startsWith("#"));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  /** The end of a process that nobody asked. */
  kill() {
    process.kill(this.pid, "SIGKILL");
  }

  async stop() {
    const code = await this.#program.stop("SIGTERM", 15_000);
    rmSync(this.#data, { recursive: true, force: true });
    return code;
  }
}
