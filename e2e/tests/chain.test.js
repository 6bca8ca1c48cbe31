// Nodes behind nodes: Chromium at the end of a chain of three, whose middle is killed and comes back, and a node that pulls
// from another project's WHEP server.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/browsers.js";
import { goLive, watch } from "../lib/page.js";
import { freeTcpPort, freeUdpPorts } from "../lib/ports.js";
import { aiortc } from "../lib/publishers.js";
import { hearsSound, seesMovingPicture, statistics, video } from "../lib/seen.js";
import { sleep, until } from "../lib/until.js";
import { Weir } from "../lib/weir.js";

/** From the parent's return to decoded frames at the end of the chain. */
const BACK_WITHIN_MS = 2000;

describe("chain", () => {
  let browser;
  before(async () => {
    browser = await openChromium();
  });
  after(() => browser?.close());

  test("the middle of three nodes is killed and returns, and the viewer goes on", async (t) => {
    const origin = await Weir.start("chain-origin");
    const place = { port: await freeTcpPort(), mediaPort: await freeUdpPorts(2) };
    const startMiddle = (n) => Weir.start(`chain-middle-${n}`, { ...place, args: ["--upstream", origin.url] });
    let middle = await startMiddle(1);
    const edge = await Weir.start("chain-edge", { args: ["--upstream", middle.url] });
    t.after(() => Promise.all([origin.stop(), middle.stop(), edge.stop()]));

    await goLive(await browser.tab(), origin, "chain");
    const tab = await watch(browser, edge, "chain");
    await seesMovingPicture(tab, { frames: 60 });
    await hearsSound(tab);

    const connections = (await statistics(tab, "peer-connection")).length;
    for (const away of [300, 3000]) {
      middle.kill();
      await until("the picture stands still", async () => {
        const { framesDecoded } = await video(tab);
        await sleep(300);
        return (await video(tab)).framesDecoded === framesDecoded;
      });
      await sleep(away);
      middle = await startMiddle(away);
      const start = performance.now();
      const before = (await video(tab)).framesDecoded;
      await until("frames are decoded again", async () => (await video(tab)).framesDecoded > before + 3, { everyMs: 20 });
      const ms = Math.round(performance.now() - start);
      t.diagnostic(`live again ${ms} ms after the middle returned, which was away for ${away} ms and more`);
      assert.ok(ms <= BACK_WITHIN_MS, `${ms} ms`);
      await seesMovingPicture(tab, { frames: 60 });
    }
    assert.equal((await statistics(tab, "peer-connection")).length, connections, "it is the same session all the time");
    await tab.screenshot("chain");
  });

  test("a node pulls from another project's server", async (t) => {
    const port = await freeTcpPort();
    const server = aiortc("chain-aiortc-serve", "serve", `${port}`, 60);
    await server.prints(/listening/);
    const weir = await Weir.start("chain-aiortc", { args: ["--upstream", `http://127.0.0.1:${port}/whep/{room}`] });
    t.after(async () => {
      await weir.stop();
      await server.stop();
    });
    const tab = await watch(browser, weir, "bars");
    const seen = await seesMovingPicture(tab, { frames: 60 });
    assert.deepEqual([seen.width, seen.height], [320, 240]);
    await hearsSound(tab);
    await tab.close();
    await server.prints(/deleted/, 12);
  });
});
