// Publishers and viewers that share no code with us and are no browsers.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/browsers.js";
import { isClean, load } from "../lib/load.js";
import { goLive, watch } from "../lib/page.js";
import { aiortc, ffmpegPublishes, lastReport } from "../lib/publishers.js";
import { hearsSound, seesMovingPicture } from "../lib/seen.js";
import { until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

describe("other programs", () => {
  let weir;
  let chromium;
  before(async () => {
    weir = await Weir.start("programs", { media: ALL });
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    await weir?.stop();
  });

  for (const [how, flags] of [["as it comes", []], ["as DTLS client", ["-whip_flags", "dtls_active"]]]) {
    test(`ffmpeg publishes over WHIP, ${how}; Chromium and a synthetic viewer watch`, async (t) => {
      const room = `ffmpeg${flags.length}`;
      const ffmpeg = ffmpegPublishes(`programs-${room}`, weir.whip(room), { flags });
      t.after(() => ffmpeg.stop());
      await until("the room is live", () => isLive(weir, room), { seconds: 20 });
      const viewer = await watch(chromium, weir, room);
      const seen = await seesMovingPicture(viewer, { frames: 50 });
      assert.equal(seen.height, 360);
      await hearsSound(viewer);
      await viewer.screenshot(`programs-${room}`);
      assert.equal(ffmpeg.ended, null, `ffmpeg goes on: ${ffmpeg.output.slice(-1000)}`);
      await viewer.close();
      // A stream of somebody else carries no hashes; the checker still has its opinion of it.
      const report = await load(weir, { room, publishers: 0, viewers: 1, seconds: 5, args: ["--codec", "h264"] });
      assert.equal(report.check.errors, 0, JSON.stringify(report.check.verdicts));
      assert.ok(report.check.frames > 50 && report.packets.lost === 0);
    });
  }

  test("aiortc publishes, aiortc and Chromium watch", async (t) => {
    const publisher = aiortc("programs-aiortc-publish", "publish", weir.whip("aiortc"));
    t.after(() => publisher.stop());
    await until("the room is live", () => isLive(weir, "aiortc"), { seconds: 20 });
    const viewer = aiortc("programs-aiortc-watch", "watch", weir.whep("aiortc"), 40);
    t.after(() => viewer.stop());
    const seen = await until("aiortc decodes picture and sound", () => {
      const report = lastReport(viewer);
      return report?.video > 60 && report.audio > 100 && report;
    }, { seconds: 35 });
    t.diagnostic(JSON.stringify(seen));
    assert.deepEqual([seen.width, seen.height], [320, 240]);
    assert.ok(seen.brightness > 50, "the picture is not black");
    const tab = await watch(chromium, weir, "aiortc");
    await seesMovingPicture(tab);
    await tab.screenshot("programs-aiortc");
    await tab.close();
  });

  test("Chromium publishes, aiortc watches", async (t) => {
    const publisher = await chromium.tab();
    await goLive(publisher, weir, "to-aiortc");
    const viewer = aiortc("programs-from-chromium", "watch", weir.whep("to-aiortc"), 40);
    t.after(() => viewer.stop());
    await until("aiortc decodes the picture", () => lastReport(viewer)?.video > 30, { seconds: 35 });
    await publisher.close();
  });
});

async function isLive(weir, room) {
  const answer = await (await fetch(`${weir.url}/api/rooms`)).json();
  const rooms = Array.isArray(answer) ? answer : answer.rooms;
  return rooms.find((entry) => entry.name === room)?.live === true;
}
