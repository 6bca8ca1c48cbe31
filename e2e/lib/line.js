// A line of its own for one browser: a network namespace, and `weir netsim` between it and this machine. The weather of
// one direction does not touch the other, and nobody else's line.
//
//   this namespace                                          the browser's namespace
//   weir ── tun ═══► forward: what the viewer receives ═══════════► tun ── browser
//            ▲ ◄════════════ back: its NACKs and reports ◄══════════ ▲

import { execFileSync } from "node:child_process";
import { accessSync, chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { E2E, weirBinary } from "./place.js";
import { freeTcpPort } from "./ports.js";
import { Program } from "./programs.js";
import { until } from "./until.js";

/** Throws a sentence that says what this machine lacks. */
export function needLines() {
  if (process.getuid() !== 0) throw new Error("lines need root, for network namespaces and TUN devices: run the tests as root");
  try {
    accessSync("/dev/net/tun");
  } catch {
    throw new Error("lines need /dev/net/tun: load the kernel module tun, or give the container that device");
  }
  try {
    ip("netns", "list");
  } catch (error) {
    throw new Error(`lines need a working ip netns (package iproute2): ${error.message}`);
  }
}

let lines = 0;

export class Line {
  #name;
  #folder;
  #shim;
  #relays = [];

  /** A clean line with 20 ms each way, unless `profile` says otherwise. */
  static async open(name, profile = "delay=20ms") {
    const line = new Line();
    lines += 1;
    line.#name = name;
    // At most 15 characters, and another run beside this one has another process id.
    line.namespace = `wl${process.pid}-${lines}`;
    line.#folder = mkdtempSync(join(tmpdir(), "weir-line-"));
    const network = `10.214.${process.pid % 256}`;
    /** The server's end. */
    line.address = `${network}.${4 * lines + 1}`;
    ip("netns", "add", line.namespace);
    ip("-n", line.namespace, "link", "set", "lo", "up");
    const left = `${line.namespace},${line.address}/30`;
    const right = `${line.namespace},${network}.${4 * lines + 2}/30,ns=${line.namespace}`;
    const shim = ["netsim", "run", "--left", left, "--right", right, "--forward", profile, "--control", line.#control];
    line.#shim = new Program(`${name}-line`, weirBinary(), shim);
    await until("the line is up", () => line.#shim.ended !== null || line.status());
    if (line.#shim.ended !== null) throw new Error(`the line ended: ${line.#shim.output}`);
    // A browser that has not been given the microphone offers only the address of its default route.
    ip("-n", line.namespace, "route", "add", "default", "dev", line.namespace);
    return line;
  }

  get #control() {
    return join(this.#folder, "control");
  }

  /** What it does from now on to what the browser receives, and to what it sends. */
  set(forward, back = forward) {
    weir("netsim", "set", "--control", this.#control, "--forward", forward);
    weir("netsim", "set", "--control", this.#control, "--back", back);
  }

  status() {
    return JSON.parse(weir("netsim", "status", "--control", this.#control));
  }

  /** A program that is `program`, started at the far end. */
  executable(program) {
    const path = join(this.#folder, "start");
    writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${this.namespace} ${program} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** A port that is free here and leads to the same one of the far end's loopback. */
  async relayedPort() {
    const port = await freeTcpPort();
    const path = join(this.#folder, `port-${port}`);
    const relay = [process.execPath, join(E2E, "lib", "relay.js"), path, `${port}`];
    const inside = new Program(`${this.#name}-relay`, "ip", ["netns", "exec", this.namespace, ...relay]);
    await inside.prints(/^ready$/m);
    const outside = createServer((client) => {
      const far = connect(path);
      client.pipe(far).pipe(client);
      client.on("error", () => far.destroy());
      far.on("error", () => client.destroy());
    });
    await new Promise((resolve) => outside.listen(port, "127.0.0.1", resolve));
    this.#relays.push(async () => {
      outside.close();
      await inside.stop();
    });
    return port;
  }

  async close() {
    for (const relay of this.#relays) await relay();
    await this.#shim?.stop();
    ip("netns", "del", this.namespace);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function weir(...args) {
  return execFileSync(weirBinary(), args, { stdio: ["ignore", "pipe", "pipe"] }).toString();
}

function ip(...args) {
  execFileSync("ip", args, { stdio: ["ignore", "pipe", "pipe"] });
}
