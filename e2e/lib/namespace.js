// A network namespace with one virtual link to ours, for servers that do not offer a loopback address. Its addresses are
// known to this machine only.

import { execFileSync } from "node:child_process";

const HERE = "10.213.1.1";
const THERE = "10.213.1.2";

const ip = (...args) => execFileSync("ip", args, { stdio: ["ignore", "pipe", "pipe"] });

export class Namespace {
  /** Why there can be none, or null. */
  static missing() {
    if (process.getuid() !== 0) return "a network namespace needs root";
    try {
      Namespace.create("weir-try").delete();
      return null;
    } catch (error) {
      return `no network namespace can be made: ${error.message.trim()}`;
    }
  }

  static create(name) {
    const namespace = new Namespace();
    namespace.name = name;
    namespace.address = THERE;
    namespace.link = `${name}1`;
    // What a run that was killed has left.
    namespace.delete();
    ip("netns", "add", name);
    ip("link", "add", `${name}0`, "type", "veth", "peer", "name", namespace.link, "netns", name);
    ip("address", "add", `${HERE}/24`, "dev", `${name}0`);
    ip("link", "set", `${name}0`, "up");
    ip("-n", name, "address", "add", `${THERE}/24`, "dev", namespace.link);
    for (const link of [namespace.link, "lo"]) ip("-n", name, "link", "set", link, "up");
    return namespace;
  }

  /** A command line that runs in it; the process keeps its number. */
  inside(command, args) {
    return ["ip", ["netns", "exec", this.name, command, ...args]];
  }

  delete() {
    for (const args of [["link", "delete", `${this.name}0`], ["netns", "delete", this.name]]) {
      try {
        ip(...args);
      } catch {
        // It was not there.
      }
    }
  }
}
