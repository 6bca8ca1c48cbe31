// A Janus of our own with nothing but its VideoRoom and its REST API, for the bench.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Program } from "./programs.js";
import { weirBinary } from "./place.js";
import { until } from "./until.js";

const BINARY = "/usr/bin/janus";

export class Janus {
  #program;
  #config;
  #name;
  loadArgs = ["--signalling", "janus"];

  /** Why there is none, or null. */
  static missing() {
    return existsSync(BINARY) ? null : "Janus is not installed (scripts/setup.sh bench)";
  }

  /** `eventLoops` 0 is Janus's default: a thread for each peer connection. */
  static async start(name, namespace, { eventLoops = 0 } = {}) {
    const janus = new Janus();
    janus.#name = name;
    janus.#config = mkdtempSync(join(tmpdir(), "weir-janus-"));
    janus.url = `http://${namespace.address}:8088/janus`;
    writeConfig(janus.#config, namespace.link, eventLoops);
    const flags = ["--configs-folder", janus.#config, "--config", join(janus.#config, "janus.jcfg")];
    janus.#program = new Program(name, ...namespace.inside(BINARY, flags));
    await until("Janus answers", async () => (await fetch(`${janus.url}/info`)).ok);
    return janus;
  }

  get pid() {
    return this.#program.pid;
  }

  command(...args) {
    return new Program(`${this.#name}-${args[0]}`, weirBinary(), args);
  }

  async stop() {
    await this.#program.stop();
    rmSync(this.#config, { recursive: true, force: true });
  }
}

function writeConfig(folder, link, eventLoops) {
  const libraries = readdirSync("/usr/lib", { recursive: false }).map((name) => join("/usr/lib", name, "janus"));
  const janus = libraries.find((path) => existsSync(join(path, "plugins")));
  if (janus === undefined) throw new Error("the plugins of Janus are not under /usr/lib");
  const but = (kind, wanted) => readdirSync(join(janus, kind)).filter((file) => file.endsWith(".so") && file !== wanted);
  const write = (name, text) => writeFileSync(join(folder, name), text);
  write(
    "janus.jcfg",
    `general: {
  configs_folder = "${folder}"
  plugins_folder = "${join(janus, "plugins")}"
  transports_folder = "${join(janus, "transports")}"
  events_folder = "${join(folder, "none")}"
  loggers_folder = "${join(folder, "none")}"
  debug_level = 3
  event_loops = ${eventLoops}
}
nat: { ice_enforce_list = "${link}" }
media: { ipv6 = false }
plugins: { disable = "${but("plugins", "libjanus_videoroom.so").join(",")}" }
transports: { disable = "${but("transports", "libjanus_http.so").join(",")}" }
`,
  );
  write("janus.transport.http.jcfg", `general: { base_path = "/janus" http = true port = 8088 interface = "${link}" https = false }\n`);
  write("janus.plugin.videoroom.jcfg", "general: { }\n");
}
