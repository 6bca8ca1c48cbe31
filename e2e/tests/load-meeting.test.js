// Meetings full of synthetic people: what fifty see and hear of each other, what ten thousand joins and leaves leave behind, and what
// a browser sees that turns the pages of a full gallery.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/browsers.js";
import { loadMeeting, startLoadMeeting } from "../lib/load-meeting.js";
import { enter, tiles } from "../lib/meeting.js";
import { newMeeting, signUp } from "../lib/people.js";
import { sleep, until } from "../lib/until.js";
import { Weir } from "../lib/weir.js";

/** Rows and columns of a full page, of which one tile is one's own. */
const SIDE = 7;
const PAGE = SIDE * SIDE - 1;

describe("a meeting under load", () => {
  let weir;
  // All come from one address.
  before(async () => (weir = await Weir.start("load-meeting", { args: ["--set", "limits.meeting_joins_burst=20000"] })));
  after(async () => assert.equal(await weir?.stop(), 0, "it ends when asked to"));

  test("fifty people turn pages, and each hears the loudest five", async (t) => {
    const report = await loadMeeting(weir, { seconds: 16, args: ["--people", "50", "--pages", "--join-p95-ms", "500"] });
    const { joins, turns, voices, server } = report;
    t.diagnostic(`join p50 ${joins.picture.p50_ms.toFixed(0)} ms, p95 ${joins.picture.p95_ms.toFixed(0)} ms; page p95 ${turns.page.p95_ms.toFixed(0)} ms`);
    t.diagnostic(`server: ${JSON.stringify(server)}`);
    assert.equal(report.clean, true, JSON.stringify(report, null, 1));
    assert.deepEqual([joins.asked, joins.failed, joins.picture.count], [50, 0, 49]);
    assert.deepEqual([report.check.errors, voices.missing, voices.wrong, report.mixed], [0, 0, 0, 0]);
    // Three turns of five, heard by all but the speaker.
    assert.equal(voices.right, 3 * 5 * 49);
    assert.ok(turns.page.count >= 50 * 3, `${turns.page.count} pages were turned`);
    assert.ok(server.cpu_percent_per_person > 0 && server.rss_kb_per_person > 0, JSON.stringify(server));
  });

  test("ten thousand people come and go, and nothing is left of them", async (t) => {
    const report = await loadMeeting(weir, { seconds: 0, patience: 420, args: ["--cycles", "10000"] });
    t.diagnostic(`${report.seconds.toFixed(1)} s, back after ${report.settle_seconds.toFixed(1)} s; ${report.server_cpu_ms_per_cycle.toFixed(2)} ms of server CPU each`);
    t.diagnostic(`memory: ${report.rss_mb_before.toFixed(1)} MB before, ${report.rss_mb_after.toFixed(1)} MB after`);
    assert.deepEqual(report.differences, []);
    assert.equal(report.clean, true, JSON.stringify(report, null, 1));
    assert.equal(report.cycles, 10_000);
    assert.ok(report.gauges > 50, `${report.gauges} gauges were compared`);
  });
});

describe("a full gallery in a browser", () => {
  let weir;
  let chromium;
  before(async () => {
    weir = await Weir.start("gallery", { args: ["--auth", "open"] });
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    await weir?.stop();
  });

  test("one person pages through 52 others, seven by seven at a time", async (t) => {
    const ann = await chromium.tab();
    await ann.resize(1400, 900);
    await signUp(ann, weir, { name: "Ann", email: "ann@example.org" });
    const id = await newMeeting(ann);
    await enter(ann);
    await ann.click("mic");
    const people = 52;
    const flags = ["--meeting", id, "--people", `${people}`, "--drawn", "--tiles", "1"];
    const load = startLoadMeeting(weir, { seconds: 60, args: flags });
    await until("everybody is here", async () => (await ann.text("people"))?.includes(`${people + 1}`) || (await names(ann)).length === PAGE + 1, { seconds: 60 });

    const turns = [];
    const first = await allMove(ann, PAGE);
    const before = await negotiations(ann);
    await ann.screenshot("gallery-first-page");
    assert.deepEqual(await grid(ann), { columns: SIDE, rows: SIDE });
    for (const [button, count, page] of [["next-page", people - PAGE, "second"], ["previous-page", PAGE, "first again"], ["next-page", people - PAGE, "second again"]]) {
      const turned = performance.now();
      await ann.click(button);
      const shown = await allMove(ann, count);
      turns.push(`${page}: ${Math.round(performance.now() - turned)} ms`);
      if (page === "second") await ann.screenshot("gallery-second-page");
      if (page === "first again") assert.deepEqual(shown, first, "everybody is where they were");
      else assert.deepEqual(shown.filter((name) => first.includes(name)), [], "a page shows the others");
      await until("who is off the page is not sent", async () => (await growing(ann)) === count);
    }
    t.diagnostic(`until every tile moves: ${turns.join(", ")}`);
    assert.deepEqual(await negotiations(ann), before, "no page cost an offer");
    assert.deepEqual(ann.console.filter((line) => /uncaught|Content Security Policy/.test(line)), []);

    await load.ends(120);
    const report = JSON.parse(load.output.slice(load.output.indexOf("{")));
    assert.deepEqual([report.check.errors, report.mixed, report.corrupt, report.joins.failed], [0, 0, 0, 0], JSON.stringify(report));
    await ann.close();
  });
});

/** The names on the page, in their order, one's own among them. */
async function names(tab) {
  return Object.keys(await tiles(tab));
}

/** Waits until that many others are on the page and each one's picture moves; their names in their order. */
function allMove(tab, count) {
  let before = {};
  return until(
    `${count} tiles move`,
    async () => {
      const now = await tiles(tab);
      const others = Object.keys(now).filter((name) => /^Synthetic \d+$/.test(name));
      const moves = (name) => (now[name]?.pictures ?? 0) > (before[name] ?? Infinity) + 2;
      const all = others.length === count && others.every(moves);
      for (const name of others) before[name] = Math.min(before[name] ?? Infinity, now[name]?.pictures ?? Infinity);
      return all && others;
    },
    { seconds: 45 },
  );
}

/** Rows and columns in which the tiles stand. */
function grid(tab) {
  return tab.ask(() => {
    const boxes = [...document.querySelectorAll('[data-testid="tile"]')].map((tile) => tile.getBoundingClientRect());
    const distinct = (values) => new Set(values.map(Math.round)).size;
    return { columns: distinct(boxes.map((box) => box.x)), rows: distinct(boxes.map((box) => box.y)) };
  });
}

/** Every description that was ever agreed on shows in its version. */
function negotiations(tab) {
  return tab.ask(() => globalThis.__connections.map((pc) => /^o=.*$/m.exec(pc.localDescription?.sdp ?? "")?.[0] ?? ""));
}

/** Pictures that come in now, by what the decoders do within a second. */
async function growing(tab) {
  const decoded = () =>
    tab.ask(async () => {
      const found = {};
      for (const [n, pc] of globalThis.__connections.entries()) {
        for (const report of (await pc.getStats()).values()) {
          if (report.type === "inbound-rtp" && report.kind === "video") found[`${n} ${report.mid}`] = report.framesDecoded ?? 0;
        }
      }
      return found;
    });
  const before = await decoded();
  await sleep(1000);
  const now = await decoded();
  return Object.keys(now).filter((slot) => now[slot] > (before[slot] ?? 0)).length;
}
