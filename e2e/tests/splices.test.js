// What a decoder makes of a viewer that changes rooms all the time, and of one that joins in the middle of a group of pictures.
//
// The measure is another viewer in the same browser who stays where it is: this machine freezes everybody now and then, and
// what both suffer is not the splices' doing.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium, openFirefox } from "../lib/browsers.js";
import { publishClock, shownBy, watchClock } from "../lib/clock.js";
import { statistics } from "../lib/seen.js";
import { sleep, until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

const ROOMS = 3;
const KEYFRAME_MS = 2000;
/** A viewer that leaves before it has caught up leaves frames in its jitter buffer, which the next keyframe overtakes: no decoder shows
 * them, and none need be. It is counted, and bounded. */
const DROPPED_SHARE_MAX = 0.01;
/** The receiver's clock and the timestamps may come apart by this much: a jitter buffer that has to follow them adds as much delay. */
const CLOCK_AHEAD_MAX_MS = 150;

describe("splices", () => {
  let weir;
  let chromium;
  before(async () => {
    weir = await Weir.start("splices", { media: ALL });
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    await weir?.stop();
  });

  for (const [codec, switches] of [["VP8", 500], ["H264", 500]]) {
    test(`Chromium is switched ${switches} times among ${codec} rooms and does not freeze`, (t) => switched(t, chromium, codec, switches));
  }

  test("Firefox is switched 100 times among VP8 rooms and does not freeze", async (t) => {
    const firefox = await openFirefox();
    t.after(() => firefox.close());
    await switched(t, firefox, "VP8", 100);
  });

  async function switched(t, browser, codec, switches) {
    const studios = await Promise.all(Array.from({ length: ROOMS }, () => chromium.tab(weir.url)));
    const room = (n) => `splices-${browser.name}-${codec}-${n}`;
    for (const [n, studio] of studios.entries()) await publishClock(studio, weir, room(n), { codec, keyframeMs: KEYFRAME_MS, hue: n * 120 });
    const [control, viewer] = [await browser.tab(weir.url), await browser.tab(weir.url)];
    await until("the room is live", () => watchClock(control, weir, room(0), { codec }));
    const session = await until("the room is live", () => watchClock(viewer, weir, room(0), { codec }));
    for (const tab of [control, viewer]) await until("it plays", async () => (await received(tab)).framesDecoded > 50);

    const [before, still] = [await received(viewer), await received(control)];
    const madeBefore = await keyframesMade(studios);
    const began = performance.now();
    let at = 0;
    for (let n = 0; n < switches; n += 1) {
      at = (at + 1 + Math.floor(Math.random() * (ROOMS - 1))) % ROOMS;
      const body = JSON.stringify({ room: room(at) });
      const moved = await fetch(`${weir.url}${session.path}/source`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
      assert.equal(moved.status, 204, await moved.text());
      await sleep(60 + 90 * Math.random());
    }
    const seconds = (performance.now() - began) / 1000;
    const made = (await keyframesMade(studios)) - madeBefore;
    const seen = since(before, await received(viewer));
    const unmoved = since(still, await received(control));
    await viewer.screenshot(`splices-${browser.name}-${codec}`);
    // It ends up live, in the room where it was left.
    await sleep(1500);
    const name = `${browser.name} ${codec}`;
    t.diagnostic(`${name}: ${switches} switches in ${seconds.toFixed(1)} s: ${JSON.stringify(seen)}`);
    t.diagnostic(`${name}: ${made} keyframes were made meanwhile`);
    t.diagnostic(`${name}, who stayed: ${JSON.stringify(unmoved)}`);
    const shown = await shownBy(viewer);
    const ages = shown.slice(-20).map(([, age]) => age).sort((a, b) => a - b);
    t.diagnostic(`${name}: in the end its picture is ${ages[ages.length >> 1]} ms old`);
    const ahead = aheadOf(shown);
    if (ahead !== null) t.diagnostic(`${name}: timestamps went ahead of the clock by ${ahead.toFixed(0)} ms`);

    const complaints = [
      [seen.packetsLost === 0 && seen.nackCount === 0, "packets were lost"],
      [seen.pliCount <= 1, `${seen.pliCount} keyframes asked for`],
      [seen.freezeCount <= unmoved.freezeCount, `${seen.freezeCount} freezes, ${unmoved.freezeCount} of who stayed`],
      [seen.framesDropped <= unmoved.framesDropped + DROPPED_SHARE_MAX * seen.framesReceived, `${seen.framesDropped} frames dropped`],
      // One for each switch, but for those that the next one overtook, and one for each that was made where the viewer was.
      [seen.keyFramesDecoded >= 0.95 * switches && seen.keyFramesDecoded <= switches + made, `${seen.keyFramesDecoded} keyframes decoded`],
      [ages[ages.length >> 1] < 300, `it is ${ages[ages.length >> 1]} ms behind in the end`],
      [ahead === null || Math.abs(ahead) < CLOCK_AHEAD_MAX_MS, `timestamps went ahead by ${ahead} ms`],
    ].flatMap(([fine, complaint]) => (fine ? [] : [complaint]));
    assert.deepEqual(complaints, []);
    await Promise.all([...studios, control, viewer].map((tab) => tab.close()));
  }

  test("who joins in the middle of ten seconds sees a picture at once and is live soon, without a freeze", async (t) => {
    const studio = await chromium.tab(weir.url);
    await publishClock(studio, weir, "joins", { keyframeMs: 10_000 });
    const control = await chromium.tab(weir.url);
    await until("the room is live", () => watchClock(control, weir, "joins"));
    await sleep(4000);
    const found = [];
    for (let n = 0; n < 5; n += 1) {
      const viewer = await chromium.tab(weir.url);
      const still = await received(control);
      const { asked } = await watchClock(viewer, weir, "joins");
      await sleep(4000);
      const shown = await shownBy(viewer);
      const { freezeCount, framesDropped, pliCount } = await received(viewer);
      const live = shown.find(([, age]) => age < 250);
      const unmoved = since(still, await received(control)).freezeCount;
      found.push({ first: shown[0][0] - asked, age: shown[0][1], live: (live?.[0] ?? Infinity) - asked, last: shown.at(-1)[1], freezeCount, unmoved, framesDropped, pliCount });
      await viewer.close();
    }
    for (const join of found) t.diagnostic(JSON.stringify(join));
    await studio.close();
    await control.close();
    for (const join of found) {
      assert.ok(join.first < 1000, `the first picture came after ${join.first} ms`);
      assert.ok(join.live < 3500 && join.last < 400, `not live: ${JSON.stringify(join)}`);
      assert.ok(join.freezeCount <= join.unmoved, `it froze: ${JSON.stringify(join)}`);
    }
  });
});

const COUNTED = [
  "framesReceived", "framesDecoded", "framesDropped", "keyFramesDecoded", "freezeCount", "totalFreezesDuration", "packetsReceived",
  "packetsLost", "nackCount", "pliCount", "jitterBufferDelay", "jitterBufferEmittedCount",
];

async function keyframesMade(studios) {
  const sent = await Promise.all(studios.map((studio) => statistics(studio, "outbound-rtp")));
  return sent.flat().reduce((sum, report) => sum + (report.keyFramesEncoded ?? 0), 0);
}

async function received(tab) {
  const video = (await statistics(tab, "inbound-rtp")).find((report) => report.kind === "video");
  return Object.fromEntries(COUNTED.map((name) => [name, video?.[name] ?? 0]));
}

const since = (before, after) => Object.fromEntries(COUNTED.map((name) => [name, Number((after[name] - before[name]).toFixed(3))]));

/** By how much the time between frames was longer by their timestamps than by when they came; null where the browser does not say. */
function aheadOf(shown) {
  const offsets = shown.filter(([, , receiveTime]) => receiveTime !== undefined).map(([, , receiveTime, rtp]) => rtp / 90 - receiveTime);
  if (offsets.length < 100) return null;
  const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  return middle(offsets.slice(-30)) - middle(offsets.slice(10, 40));
}
