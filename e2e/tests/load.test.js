// One publisher and two hundred viewers who look at every packet.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { load, isClean } from "../lib/load.js";
import { Weir } from "../lib/weir.js";

describe("a node under load", () => {
  let weir;
  before(async () => (weir = await Weir.start("load")));
  after(async () => assert.equal(await weir.stop(), 0, "it ends when asked to"));

  for (const codec of ["vp8", "h264"]) {
    test(`200 viewers see all of a ${codec} stream`, async (t) => {
      const seconds = codec === "vp8" ? 20 : 8;
      const report = await load(weir, { room: `load-${codec}`, viewers: 200, seconds, args: ["--codec", codec] });
      t.diagnostic(`${report.packets.received} packets received, join p95 ${report.joins.first_frame.p95_ms.toFixed(1)} ms`);
      t.diagnostic(`server: ${JSON.stringify(report.server)}`);
      isClean(report);
      assert.equal(report.joins.asked, 200);
    });
  }

  test("two rooms at once do not hear each other", async () => {
    const reports = await Promise.all(
      ["left", "right"].map((room) => load(weir, { room, viewers: 20, seconds: 5, args: ["--video-kbps", "1000"] })),
    );
    reports.forEach(isClean);
  });
});
