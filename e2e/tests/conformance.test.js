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
    for (const check of report.checks) {
      await t.test(check.name, (s) => (check.verdict === "skipped" ? s.skip(check.detail) : assert.equal(check.verdict, "passed", check.detail)));
    }
    assert.ok(report.checks.length >= 30, `${report.checks.length} checks ran`);
    assert.equal(code, 0, "the exit code says so too");
  });
});
