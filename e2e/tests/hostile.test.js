// People who do not mean well, while somebody is in a call.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isClean, reportOf, startLoad } from "../lib/load.js";
import { ROOT } from "../lib/place.js";
import { sleep, until } from "../lib/until.js";
import { Weir } from "../lib/weir.js";

/** The answer says which rule was broken, in a form for programs and a sentence for people. */
async function isProblem(response, status) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
  const problem = JSON.parse(text);
  assert.equal(problem.status, status);
  assert.ok(problem.type.length > 0 && problem.detail.length > 10, `says what to do: ${text}`);
  return problem;
}

const sdp = { "content-type": "application/sdp" };

describe("a node that demands tokens", () => {
  let weir;
  before(async () => (weir = await Weir.start("hostile-token", { workers: 1, args: ["--auth", "token"] })));
  after(() => weir.stop());

  test("no token, a forged one, an expired one and one for another room are told so", async () => {
    const post = (token) =>
      fetch(weir.whip("demo"), { method: "POST", body: "v=0", headers: { ...sdp, ...(token && { authorization: `Bearer ${token}` }) } });
    const missing = await post();
    assert.match(missing.headers.get("www-authenticate") ?? "", /^Bearer/);
    await isProblem(missing, 401);
    const good = await weir.token("--room", "demo", "--publish", "--ttl", "1h");
    const [head, body, signature] = good.split(".");
    await isProblem(await post(`${head}.${body}.${signature.split("").reverse().join("")}`), 401);
    await isProblem(await post("not-a-token"), 401);
    await isProblem(await post(await weir.token("--room", "other", "--publish", "--ttl", "1h")), 403);
    await isProblem(await post(await weir.token("--room", "demo", "--subscribe", "--ttl", "1h")), 403);
    // With the right token it gets as far as the offer, which is none.
    await isProblem(await post(good), 400);
    const short = await weir.token("--room", "demo", "--publish", "--ttl", "1s");
    await sleep(2500);
    await isProblem(await post(short), 401);
  });
});

describe("a node during a call", () => {
  let weir;
  before(async () => (weir = await Weir.start("hostile")));
  after(async () => assert.equal(await weir.stop(), 0, "it ends when asked to, and not before"));

  test("a 10 MB offer is refused before it is read to its end", async () => {
    const answer = await rawRequest(weir, [
      `POST /whip/demo HTTP/1.1\r\nHost: ${new URL(weir.url).host}\r\nContent-Type: application/sdp\r\nContent-Length: ${10 << 20}\r\n\r\n`,
      "v=0\r\n".padEnd(1 << 20, "a=x\r\n"),
    ]);
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.match(answer, /application\/problem\+json/);
  });

  test("10 MB in pieces, without a length, are refused as well", async () => {
    const piece = "a=x\r\n".repeat(13_000);
    const chunk = `${piece.length.toString(16)}\r\n${piece}\r\n`;
    const head = `POST /whip/demo HTTP/1.1\r\nHost: ${new URL(weir.url).host}\r\nContent-Type: application/sdp\r\nTransfer-Encoding: chunked\r\n\r\n`;
    assert.match(await rawRequest(weir, [head, ...Array(160).fill(chunk)]), /^HTTP\/1\.1 413 /);
  });

  test("a request that never ends is ended, and holds up nobody", async () => {
    const slow = Array.from({ length: 50 }, (_, i) => {
      const socket = connect({ host: "127.0.0.1", port: Number(new URL(weir.url).port) });
      socket.on("error", () => {});
      // Half of them stall in the headers, half in the body.
      socket.write(i % 2 === 0 ? `POST /whip/demo HTTP/1.1\r\nHost: ${new URL(weir.url).host}\r\nX-A: b` : `POST /whip/demo HTTP/1.1\r\nHost: ${new URL(weir.url).host}\r\nContent-Type: application/sdp\r\nContent-Length: 900\r\n\r\nv`);
      const drip = setInterval(() => socket.writable && socket.write("x"), 1000);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.resume();
      return { closed, end: () => (clearInterval(drip), socket.destroy()) };
    });
    for (let i = 0; i < 20; i += 1) assert.equal((await fetch(`${weir.url}/livez`)).status, 200);
    const all = Promise.all(slow.map(({ closed }) => closed)).then(() => true);
    const ended = await Promise.race([all, sleep(60_000).then(() => false)]);
    slow.forEach(({ end }) => end());
    assert.ok(ended, "every one of them was closed by the server within a minute");
  });

  test("wrong methods, types and bodies get the right status and a sentence", async () => {
    const put = await fetch(weir.whip("demo"), { method: "PUT", body: "x" });
    assert.match(put.headers.get("allow") ?? "", /POST/);
    await isProblem(put, 405);
    await isProblem(await fetch(weir.whip("demo"), { method: "POST", body: "{}", headers: { "content-type": "application/json" } }), 415);
    await isProblem(await fetch(weir.whip("demo"), { method: "POST", body: "not an offer", headers: sdp }), 400);
    await isProblem(await fetch(weir.whip("a%20b"), { method: "POST", body: "v=0", headers: sdp }), 400);
    await isProblem(await fetch(`${weir.url}/nothing/here`), 404);
    // A token that is given is checked, even where none is needed.
    await isProblem(await fetch(weir.whip("demo"), { method: "POST", body: "v=0", headers: { ...sdp, authorization: "Bearer x" } }), 401);
  });

  test("a million damaged datagrams cost no viewer a frame", async (t) => {
    const call = startLoad(weir, { room: "call", viewers: 5, seconds: 45 });
    await until("the call runs", async () => (await weir.metric("weir_sessions_watching")) >= 5, { seconds: 20 });
    // Most know nothing. The rest name a session of this worker, and so get past the front door.
    const offer = readFileSync(join(ROOT, "fuzz/corpus/offer/chromium"));
    const answer = await (await fetch(weir.whep("call"), { method: "POST", body: offer, headers: sdp })).text();
    const insider = ["--ufrag", /a=ice-ufrag:(\S+)/.exec(answer)?.[1] ?? assert.fail(answer)];
    const sent = [];
    for (const [datagrams, flags] of [[800_000, []], [200_000, insider]]) {
      // Both workers have a part of the call.
      const ports = [weir.mediaPort, weir.mediaPort + 1];
      for (const port of ports) {
        const attack = weir.command("load", "--hostile", `127.0.0.1:${port}`, "--datagrams", `${datagrams / ports.length}`, "--json", ...flags);
        assert.equal(await attack.ends(120), 0, attack.output.slice(-1000));
        sent.push(reportOf(attack));
      }
    }
    t.diagnostic(sent.map((report) => `${report.sent} in ${report.seconds.toFixed(1)} s, ${report.answers} answered`).join("; "));
    assert.ok(sent.reduce((sum, report) => sum + report.sent, 0) >= 1_000_000);
    assert.equal(call.ended, null, "the call outlasts the attack");
    await call.ends(120);
    isClean(reportOf(call));
    assert.ok(weir.alive, "the node runs");
    assert.equal((await fetch(`${weir.url}/readyz`)).status, 200);
  });
});

/** Sends pieces as they are and returns the beginning of what comes back; a server that hangs up early is fine. */
function rawRequest(weir, pieces) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(weir.url).port) });
    let answer = "";
    const timer = setTimeout(() => socket.destroy(new Error("no answer within 30 s")), 30_000);
    socket.on("data", (bytes) => {
      answer += bytes;
      if (answer.includes("\r\n\r\n")) socket.end();
    });
    socket.on("error", (error) => (answer === "" ? reject(error) : resolve(answer)));
    socket.on("close", () => (clearTimeout(timer), resolve(answer)));
    for (const piece of pieces) if (socket.writable) socket.write(piece);
  });
}
