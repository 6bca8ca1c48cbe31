// Where things are: the repository, the binary under test, and what a test leaves behind.

import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const E2E = dirname(dirname(fileURLToPath(import.meta.url)));
export const ROOT = dirname(E2E);

/** The binary that `cargo build --release` made. */
export function weirBinary() {
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  const binary = join(target, "release", "weir");
  if (!existsSync(binary)) throw new Error(`${binary} is not there; build it with cargo build --release --workspace`);
  return binary;
}

/** A path in e2e/artefacts, where screenshots and logs are kept. */
export function artefact(name) {
  const folder = join(E2E, "artefacts");
  mkdirSync(folder, { recursive: true });
  return join(folder, name.replaceAll(/[^A-Za-z0-9._-]+/g, "-"));
}
