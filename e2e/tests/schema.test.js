// The HTTP interface does what its own description says (`/api/openapi.json`), whatever is asked of it: nothing ends in a 5xx, and every answer
// has a status, a type and a shape that the description knows. Asked by schemathesis, with the same questions every time.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { E2E } from "../lib/place.js";
import { PASSWORD } from "../lib/people.js";
import { Program } from "../lib/programs.js";
import { Weir } from "../lib/weir.js";

const CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance";
/** Of each address that is asked something, at least. */
const CASES_LEAST = 700;

describe("schema", () => {
  let weir;
  let folder;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "weir-schema-"));
    // Anybody may publish and watch: so that offers are looked at, and not only tokens.
    weir = await Weir.start("schema", { args: ["--auth", "open"] });
  });
  after(async () => {
    await weir?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("strangers get answers as described", async (t) => {
    await asks(t, "stranger", [`${weir.url}/api/openapi.json`], "/sse");
  });

  test("and so does somebody with an account and a meeting", async (t) => {
    const post = async (path, body, auth) => {
      const headers = { "Content-Type": "application/json", ...(auth === undefined ? {} : { Authorization: `Bearer ${auth}` }) };
      const response = await fetch(weir.url + path, { method: "POST", headers, body: JSON.stringify(body) });
      assert.ok(response.ok, `${path}: ${response.status}`);
      return response.json();
    };
    await post("/account", { email: "ann@example.org", password: PASSWORD, name: "Ann" });
    const { auth, account_id } = await post("/account/login", { email: "ann@example.org", password: PASSWORD });
    const { meeting_id } = await post("/meeting", { title: "Tea" }, auth);
    // Who logs out is a stranger again.
    const stay = ["--exclude-path", "/account/logout", "--exclude-path", "/account/logout-everywhere"];
    const args = [`${weir.url}/api/openapi.json`, "-H", `Authorization: Bearer ${auth}`, ...stay];
    // 501, as described: this node does not record. For schemathesis every 5xx is a fault.
    await asks(t, "member", args, "/sse|^/meeting/record", { WEIR_ACCOUNT: account_id, WEIR_MEETING: meeting_id });
    const verified = await fetch(`${weir.url}/account/verify`, { headers: { Authorization: `Bearer ${auth}` } });
    assert.equal(verified.status, 200, "she was logged in to the end");
  });

  test("an answer that is not as described is found", async () => {
    const described = await (await fetch(`${weir.url}/api/openapi.json`)).json();
    const { schema } = described.paths["/api/node"].get.responses["200"].content["application/json"];
    described.paths["/api/node"].get.responses["200"].content["application/json"].schema = { allOf: [schema, { type: "object", required: ["something_that_no_node_has"] }] };
    const file = join(folder, "wrong.json");
    writeFileSync(file, JSON.stringify(described));
    const program = run("wrong", [file, "--url", weir.url, "--include-path", "/api/node"]);
    assert.equal(await program.ends(60), 1, program.output);
    assert.match(program.output, /something_that_no_node_has/);
  });

  async function asks(t, who, args, notAsked, env) {
    // Streams of events never end, and are asked for elsewhere.
    const program = run(who, [...args, "--exclude-path", "/api/rooms/events", "--exclude-path-regex", notAsked], env);
    const code = await program.ends(180);
    assert.equal(code, 0, program.output.slice(-6000));
    const [, generated, passed] = /(\d+) generated, (\d+) passed/.exec(program.output) ?? assert.fail(program.output.slice(-2000));
    t.diagnostic(`${generated} questions of a ${who}, ${passed} answered as described`);
    assert.ok(Number(passed) >= CASES_LEAST, `only ${passed} questions were asked`);
    assert.equal(await weir.metric("weir_panics_total"), 0);
  }
});

function run(who, args, env = {}) {
  const python = join(E2E, ".venv/bin/python");
  const same = ["--phases", "coverage,fuzzing", "-n", "8", "--generation-deterministic", "-w", "1", "--no-color", "--request-timeout", "10"];
  const hooks = { SCHEMATHESIS_HOOKS: "schema_hooks", PYTHONPATH: join(E2E, "lib"), ...env };
  return new Program(`schema-${who}`, python, ["-m", "schemathesis.cli", "run", ...args, ...same, "--checks", CHECKS, "--continue-on-failure"], { env: hooks });
}
