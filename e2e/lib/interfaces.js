// An address of this machine that is not loopback. A browser that has not been given the microphone offers only the
// address of its default route, and Firefox pairs no such address with a loopback one.

import { execFileSync } from "node:child_process";
import { networkInterfaces } from "node:os";

const outside = () => Object.values(networkInterfaces()).flat().filter((address) => !address.internal && address.family === "IPv4");

/** Makes sure that there is one: a machine without a network gets a pair of virtual links, if we may make them. */
export function needInterface() {
  if (outside().length > 0) return;
  try {
    execFileSync("ip", ["link", "add", "weir-e2e0", "type", "veth", "peer", "name", "weir-e2e1"]);
    execFileSync("ip", ["address", "add", "10.213.0.1/24", "dev", "weir-e2e0"]);
    for (const link of ["weir-e2e0", "weir-e2e1"]) execFileSync("ip", ["link", "set", link, "up"]);
    execFileSync("ip", ["route", "add", "default", "dev", "weir-e2e0"]);
  } catch (error) {
    throw new Error(`browsers need a network interface besides loopback, and none could be made (are you root?): ${error.message}`);
  }
}
