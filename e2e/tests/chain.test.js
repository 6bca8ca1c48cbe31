// Nodes behind nodes: Chromium at the end of a chain of three, whose middle is killed and comes back, and a node that pulls
// from another project's WHEP server.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/browsers.js";
import { goLive, watch } from "../lib/page.js";
import { freeTcpPort, freeUdpPorts } from "../lib/ports.js";
import { aiortc } from "../lib/publishers.js";
import { paint, publishColour, watchScripted } from "../lib/scripted.js";
import { colour, hearsSound, seesMovingPicture, statistics, video } from "../lib/seen.js";
import { sleep, until } from "../lib/until.js";
import { Weir } from "../lib/weir.js";

/** From the parent's return to the live picture at the end of the chain. */
const BACK_WITHIN_MS = 2000;
/** Between what is drawn here and what is seen there: the encoder, three nodes, the jitter buffer, and how often we look. */
const BEHIND_MAX_MS = 500;

const isRed = (c) => c !== null && c.red > 150 && c.blue < 80;
const isBlue = (c) => c !== null && c.blue > 150 && c.red < 80;

describe("chain", () => {
  let browser;
  before(async () => {
    browser = await openChromium();
  });
  after(() => browser?.close());

  /** How long it is until a viewer's picture passes a test. */
  async function untilSeen(tab, what, test) {
    const start = performance.now();
    await until(`the viewer sees ${what}`, async () => test(await colour(tab)), { everyMs: 20 });
    return Math.round(performance.now() - start);
  }

  /** What is the matter with a viewer's picture, in the words of its node. */
  async function verdict(weir, session) {
    const response = await fetch(`${weir.url}/api/sessions/${session.path.split("/").at(-1)}`);
    assert.equal(response.status, 200);
    const { tracks } = await response.json();
    return tracks.find((track) => track.kind === "video").verdict.is;
  }

  test("the middle of three nodes is killed and returns, and the viewer goes on", async (t) => {
    const origin = await Weir.start("chain-origin");
    const place = { port: await freeTcpPort(), mediaPort: await freeUdpPorts(2) };
    const startMiddle = (n) => Weir.start(`chain-middle-${n}`, { ...place, args: ["--upstream", origin.url] });
    let middle = await startMiddle(1);
    const edge = await Weir.start("chain-edge", { args: ["--upstream", middle.url] });
    t.after(() => Promise.all([origin.stop(), middle.stop(), edge.stop()]));

    const [camera, other] = [await browser.tab(origin.url), await browser.tab(origin.url)];
    await publishColour(camera, origin, "red", "#f00000");
    await publishColour(other, origin, "blue", "#0000f0");
    await goLive(await browser.tab(), origin, "chain");
    // Old enough that a viewer begins with a past, which every node replays to the next faster than it was.
    await sleep(4000);
    const viewer = await browser.tab(edge.url);
    const session = await until("the room is live", () => watchScripted(viewer, edge, "red", "first"));
    await untilSeen(viewer, "red", isRed);
    const tab = await watch(browser, edge, "chain");
    await seesMovingPicture(tab, { frames: 60 });
    await hearsSound(tab);

    const isLive = async (when) => {
      assert.equal(await verdict(edge, session), "playing");
      await paint(camera, "#0000f0");
      const behind = [await untilSeen(viewer, "blue", isBlue)];
      await paint(camera, "#f00000");
      behind.push(await untilSeen(viewer, "red", isRed));
      t.diagnostic(`${when} the picture is ${behind.join(" and ")} ms behind`);
      assert.ok(Math.min(...behind) <= BEHIND_MAX_MS, `${behind} ms`);
    };
    await isLive("cold");

    const connections = (await statistics(tab, "peer-connection")).length;
    for (const away of [300, 3000]) {
      middle.kill();
      const dead = performance.now();
      await until("the clip is shown", async () => (await verdict(edge, session)) === "idle-clip", { everyMs: 20 });
      await untilSeen(viewer, "something else", (c) => c !== null && !isRed(c));
      t.diagnostic(`the clip is there ${Math.round(performance.now() - dead)} ms after the middle died`);
      await sleep(away);
      // Somebody who comes now sees it too.
      const late = await browser.tab(edge.url);
      const lateSession = await until("a late viewer is let in", () => watchScripted(late, edge, "red", "late"));
      await until("it sees the clip", async () => (await verdict(edge, lateSession)) === "idle-clip");
      await until("it decodes the clip", async () => (await video(late)).framesDecoded > 3);

      middle = await startMiddle(away);
      const ms = await untilSeen(viewer, "red", isRed);
      t.diagnostic(`live again ${ms} ms after the middle returned, which was away for ${away} ms and more`);
      assert.ok(ms <= BACK_WITHIN_MS, `${ms} ms`);
      await untilSeen(late, "red", isRed);
      await late.close();
      await seesMovingPicture(tab, { frames: 60 });
      await hearsSound(tab);
      await isLive("later");
    }
    assert.equal((await statistics(tab, "peer-connection")).length, connections, "it is the same session all the time");
    await tab.screenshot("chain");

    const body = JSON.stringify({ room: "blue" });
    const moved = await fetch(`${edge.url}${session.path}/source`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    assert.equal(moved.status, 204, await moved.text());
    const ms = await untilSeen(viewer, "blue", isBlue);
    t.diagnostic(`a room that nobody watched here is there ${ms} ms after the viewer was moved to it`);
    assert.ok(ms <= 1000, `${ms} ms`);
    assert.equal((await statistics(viewer, "peer-connection")).length, 1);
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
