// The WHIP and WHEP suite that can be pointed at any server, pointed at ours. Each of its checks counts as a test.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { reportOf } from "../lib/load.js";
import { Weir } from "../lib/weir.js";

describe("WHIP and WHEP to the letter", () => {
  test("on a node that needs no token", async (t) => {
    const weir = await Weir.start("conformance");
    t.after(() => weir.stop());
    await suite(t, weir, []);
  });

  test("on a node that demands tokens", async (t) => {
    const weir = await Weir.start("conformance-token", { args: ["--auth", "token"] });
    t.after(() => weir.stop());
    const grants = ["--room", "*", "--publish", "--subscribe", "--ttl", "1h"];
    const [token, other] = [await weir.token(...grants, "--subject", "ann"), await weir.token(...grants, "--subject", "bob")];
    await suite(t, weir, ["--token", token, "--other-token", other]);
  });
});

async function suite(t, weir, flags) {
  const program = weir.command("conformance", weir.url, "--json", ...flags);
  const code = await program.ends(180);
  const report = reportOf(program);
  for (const { name, rule, level, outcome, detail } of report.entries) {
    const title = `${name} (${rule}, ${level})`;
    await t.test(title, (s) => (outcome === "skipped" ? s.skip(detail) : assert.equal(outcome, "passed", detail)));
  }
  assert.ok(report.entries.length >= 30, `${report.entries.length} checks ran`);
  assert.equal(code, 0, "the exit code says so too");
}
