// The WHIP and WHEP suite that can be pointed at any server, pointed at ours. Each of its checks counts as a test.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { reportOf } from "../lib/load.js";
import { Weir } from "../lib/weir.js";

describe("WHIP and WHEP to the letter", () => {
  let weir;
  before(async () => (weir = await Weir.start("conformance")));
  after(() => weir.stop());

  test("every check of the suite passes", async (t) => {
    const program = weir.command("conformance", weir.url, "--json");
    const code = await program.ends(180);
    const report = reportOf(program);
    for (const { name, rule, level, outcome, detail } of report.entries) {
      const title = `${name} (${rule}, ${level})`;
      await t.test(title, (s) => (outcome === "skipped" ? s.skip(detail) : assert.equal(outcome, "passed", detail)));
    }
    assert.ok(report.entries.length >= 30, `${report.entries.length} checks ran`);
    assert.equal(code, 0, "the exit code says so too");
  });
});
