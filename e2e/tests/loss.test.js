// What a person sees whose line loses every twentieth packet: real decoders behind `weir netsim`, on what our own egress
// seals and repairs. Nothing is lost on the publisher's side, so every freeze is the viewer's line and our answer to it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium, openFirefox } from "../lib/browsers.js";
import { Line, needLines } from "../lib/line.js";
import { goLive, sentFrames, watch } from "../lib/page.js";
import { picture, seesMovingPicture, statistics } from "../lib/seen.js";
import { sleep } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

/** Every twentieth packet that the viewer receives, picture and repairs alike. Its NACKs arrive: only it could repeat them. */
const WEATHER = "delay=20ms,loss=5%";
const FAIR = "delay=20ms";
/** 50 to 100 losses, so that a repair that is lost as well happens several times. */
const SECONDS = 40;
const FROZEN_SHARE_MAX = 0.01;

describe("loss", () => {
  const lines = [];
  let weir;
  let publisher;
  before(async () => {
    needLines();
    for (const name of ["loss-chromium", "loss-firefox"]) lines.push(await Line.open(name));
    // After the lines: a node offers the addresses that it finds when it starts.
    weir = await Weir.start("loss", { http: "0.0.0.0", media: ALL, args: ["--auth", "open"] });
    publisher = await openChromium();
  });
  after(async () => {
    await publisher?.close();
    await weir?.stop();
    await Promise.all(lines.map((line) => line.close()));
  });

  test("Chromium and Firefox decode VP8 over a line that loses 5 %", async (t) => {
    const [chromium, firefox] = [await openChromium({ line: lines[0] }), await openFirefox({ line: lines[1] })];
    t.after(() => Promise.all([chromium.close(), firefox.close()]));
    await plays(t, "VP8", [{ browser: chromium, line: lines[0] }, { browser: firefox, line: lines[1] }]);
  });

  test("Chromium decodes H.264 over a line that loses 5 %", async (t) => {
    const chromium = await openChromium({ line: lines[0] });
    t.after(() => chromium.close());
    await plays(t, "H264", [{ browser: chromium, line: lines[0] }]);
  });

  /** Everybody watches over a clean line, and goes on watching over a bad one. */
  async function plays(t, codec, viewers) {
    const room = `loss-${codec}`;
    const studio = await publisher.tab();
    await goLive(studio, weir, room, { codec });
    const url = (line) => `http://${line.address}:${new URL(weir.url).port}`;
    for (const viewer of viewers) {
      viewer.line.set(FAIR);
      viewer.tab = await watch(viewer.browser, { url: url(viewer.line) }, room);
      await seesMovingPicture(viewer.tab, { frames: 60 });
    }
    // Nothing is lost on its way, so what freezes here is the machine's doing.
    const control = { tab: await watch(publisher, weir, room) };
    await seesMovingPicture(control.tab, { frames: 60 });

    const served = await counters(weir);
    for (const viewer of viewers) {
      viewer.line.set(WEATHER, FAIR);
      viewer.before = await received(viewer.tab);
    }
    control.before = await received(control.tab);
    const sentBefore = await sentFrames(studio);
    const began = performance.now();
    await sleep(SECONDS * 1000);
    for (const viewer of [...viewers, control]) viewer.after = await received(viewer.tab);
    const seconds = (performance.now() - began) / 1000;
    const sent = (await sentFrames(studio)) - sentBefore;
    for (const [name, count] of Object.entries(await counters(weir))) served[name] = count - (served[name] ?? 0);
    t.diagnostic(`${codec}: ${sent} frames sent in ${seconds.toFixed(1)} s; the node: ${JSON.stringify(served)}`);

    const still = control.after.totalFreezesDuration - control.before.totalFreezesDuration;
    t.diagnostic(`without loss: frozen for ${still.toFixed(2)} s`);
    assert.ok(served.repairs > 0, "nothing was repaired, so nothing was tried");
    const complaints = [];
    for (const viewer of viewers) {
      const name = `${viewer.browser.name} ${codec}`;
      const seen = Object.fromEntries(COUNTED.map((key) => [key, viewer.after[key] - viewer.before[key]]));
      const { stats } = viewer.line.status().forward;
      t.diagnostic(`${name}: ${JSON.stringify(seen)}; the line lost ${stats.dropped_loss} of ${stats.sent}`);
      await viewer.tab.screenshot(`loss-${name}`);
      complaints.push(...complaintsOf(seen, seconds, sent, still, await picture(viewer.tab)).map((text) => `${name}: ${text}`));
    }
    assert.deepEqual(complaints, []);
    await Promise.all([studio, control.tab, ...viewers.map((viewer) => viewer.tab)].map((tab) => tab.close()));
  }
});

const COUNTED = [
  "framesDecoded", "framesDropped", "keyFramesDecoded", "freezeCount", "totalFreezesDuration", "packetsReceived",
  "packetsLost", "nackCount", "pliCount", "retransmittedPacketsReceived",
];

/** What the browser's own receiver counts of the video. Firefox does not count repairs. */
async function received(tab) {
  const video = (await statistics(tab, "inbound-rtp")).filter((report) => report.kind === "video");
  assert.equal(video.length, 1, "one video is received");
  return Object.fromEntries(COUNTED.map((name) => [name, video[0][name] ?? 0]));
}

/** What a person would say of it, and whether the line was as bad as it was meant to be. */
function complaintsOf(seen, seconds, sent, still, shown) {
  const frozen = Math.max(0, seen.totalFreezesDuration - still) / seconds;
  return [
    [seen.packetsLost >= 20 && seen.nackCount >= 20, `only ${seen.packetsLost} packets were lost and ${seen.nackCount} asked for again`],
    [frozen <= FROZEN_SHARE_MAX, `${seen.freezeCount} freezes, ${(100 * frozen).toFixed(2)} % of the time`],
    [seen.framesDecoded >= 0.9 * sent, `${seen.framesDecoded} of ${sent} frames were decoded`],
    [shown !== null && shown.mean > 8 && shown.spread > 20, `there is no picture: ${JSON.stringify(shown)}`],
  ].flatMap(([fine, complaint]) => (fine ? [] : [complaint]));
}

/** The node's side of the story, without what stayed zero. */
async function counters(weir) {
  const text = await (await fetch(`${weir.url}/metrics`)).text();
  const wanted = /^weir_(nacks|repairs|keyframe_requests_\w+|drops|packets_\w+)_total\{(.*)\} (\d+)$/gm;
  const sums = {};
  for (const [, name, labels, count] of text.matchAll(wanted)) {
    const key = /reason="(\w+)"/.exec(labels)?.[1] ?? name;
    if (Number(count) > 0) sums[key] = (sums[key] ?? 0) + Number(count);
  }
  return sums;
}
