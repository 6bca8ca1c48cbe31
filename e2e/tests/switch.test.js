// A viewer that moves, chooses and asks: other rooms and layers within one session, events, and why it is frozen.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/browsers.js";
import { goLive, layers, watch } from "../lib/page.js";
import { listenToPeople, publishColour, publishPerson, speak, tones, watchScripted } from "../lib/scripted.js";
import { colour, seesMovingPicture, statistics, video } from "../lib/seen.js";
import { until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

const isRed = (c) => c !== null && c.red > 150 && c.blue < 80;
const isBlue = (c) => c !== null && c.blue > 150 && c.red < 80;

const json = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

describe("switch", () => {
  let weir;
  let chromium;
  before(async () => {
    weir = await Weir.start("switch", { media: ALL });
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    await weir?.stop();
  });

  const sees = (tab, what, test) => until(`the viewer sees ${what}`, async () => test(await colour(tab)));

  test("a viewer sees another room's picture, and the first again, in one session", async (t) => {
    const [red, blue, viewer] = [await chromium.tab(weir.url), await chromium.tab(weir.url), await chromium.tab(weir.url)];
    await publishColour(red, weir, "red", "#f00000");
    await publishColour(blue, weir, "blue", "#0000f0");
    const session = await until("the room is live", () => watchScripted(viewer, weir, "red", "an-older-client"));
    await sees(viewer, "red", isRed);
    await seesMovingPicture(viewer);
    const why = weir.command("why", weir.url + session.path);
    assert.equal(await why.ends(10), 0, why.output);
    assert.match(why.output, /^room red, viewer, connected for/);
    assert.match(why.output, /video {2}It plays\./);

    const events = await follow(weir, session.path);
    await until("it is told that the room is active", () => events.names.includes("active"));

    const asked = performance.now();
    const moved = await fetch(`${weir.url}${session.path}/source`, json({ room: "blue" }));
    assert.equal(moved.status, 204, await moved.text());
    await sees(viewer, "blue", isBlue);
    t.diagnostic(`the other picture is there ${Math.round(performance.now() - asked)} ms after it was asked for`);
    await viewer.screenshot("switch-blue");

    assert.equal((await fetch(`${weir.url}/switchRoom?room=red&subuuid=an-older-client`)).status, 200);
    await sees(viewer, "red", isRed);
    await viewer.screenshot("switch-red");
    await seesMovingPicture(viewer);

    // One connection from first to last, in which nothing was lost, dropped or frozen but for the wait for a keyframe.
    assert.equal((await statistics(viewer, "peer-connection")).length, 1);
    const seen = await video(viewer);
    assert.equal(seen.packetsLost, 0);
    assert.ok(seen.keyFramesDecoded >= 3, `${seen.keyFramesDecoded} keyframes`);

    assert.equal((await fetch(`${weir.url}${session.path}/source`, json({ room: "nobody" }))).status, 204);
    await until("it is told that the room is not active", () => events.names.includes("inactive"));
    const waits = weir.command("why", weir.url + session.path);
    assert.equal(await waits.ends(10), 1, "it does not play");
    assert.match(waits.output, /Nobody publishes this in the room/);
    assert.match(waits.output, /^room nobody/);

    assert.equal((await fetch(weir.url + session.path, { method: "DELETE" })).status, 200);
    await until("the events end with the session", () => events.ended);
    const gone = weir.command("why", weir.url + session.path);
    assert.equal(await gone.ends(10), 1);
    assert.match(gone.output, /there is no such session/);
    await Promise.all([red, blue, viewer].map((tab) => tab.close()));
  });

  test("where several publish, a viewer sees and hears who speaks, and with more sections the others too", async (t) => {
    const people = {
      ann: { name: "ann", colour: "#f00000", hz: 500 },
      bea: { name: "bea", colour: "#0000f0", hz: 1000 },
      cem: { name: "cem", colour: "#00f000", hz: 2000 },
    };
    const tabs = {};
    for (const person of Object.values(people)) {
      tabs[person.name] = await chromium.tab(weir.url);
      await publishPerson(tabs[person.name], weir, "hall", person);
    }
    const [plain, many] = [await chromium.tab(weir.url), await chromium.tab(weir.url)];
    const session = await until("the room is live", () => listenToPeople(plain, weir, "hall", 1));
    await listenToPeople(many, weir, "hall", 3);
    const hears = (tones, person) => tones.some((hz) => hz !== null && Math.abs(hz - people[person].hz) < 60);
    const events = await follow(weir, session);

    for (const [who, isTheirs] of [["ann", isRed], ["bea", isBlue], ["ann", isRed]]) {
      const began = performance.now();
      await speak(tabs[who], true);
      await until(`${who} is heard`, async () => hears(await tones(plain), who));
      await sees(plain, who, isTheirs);
      t.diagnostic(`${who} is heard and seen within ${Math.round(performance.now() - began)} ms`);
      await until(`${who} is heard in one of three sections`, async () => hears(await tones(many), who));
      await until(`it is told that ${who} speaks`, () => events.text.includes(`"name":"${who}"`));
      await seesMovingPicture(plain, { frames: 10 });
      await plain.screenshot(`switch-people-${who}`);
      await speak(tabs[who], false);
      await until(`${who} is not heard`, async () => !hears(await tones(many), who));
    }
    await Promise.all(Object.values(tabs).map((tab) => speak(tab, true)));
    await until("three speak at once, and three are heard", async () => {
      const heard = await tones(many);
      return Object.keys(people).every((who) => hears(heard, who));
    });
    const rooms = await (await fetch(`${weir.url}/api/rooms`)).json();
    const hall = rooms.rooms.find((room) => room.name === "hall");
    assert.deepEqual(hall.publishers.map((publisher) => publisher.name).sort(), ["ann", "bea", "cem"]);
    assert.equal(hall.publishers.filter((publisher) => publisher.speaking).length, 1);
    for (const tab of [plain, many]) {
      const inbound = await statistics(tab, "inbound-rtp");
      assert.equal(inbound.reduce((lost, report) => lost + report.packetsLost, 0), 0, "lost packets");
    }
    await Promise.all([plain, many, ...Object.values(tabs)].map((tab) => tab.close()));
  });

  test("the page says why, and lets a person choose the layer", async (t) => {
    const publisher = await chromium.tab();
    await goLive(publisher, weir, "layers", { simulcast: true, quality: "standard" });
    await until("three layers are sent", async () => (await layers(publisher)).filter((layer) => layer.framesSent > 30).length >= 2, { seconds: 30 });
    const viewer = await watch(chromium, weir, "layers");
    await seesMovingPicture(viewer, { frames: 30 });
    await viewer.click("why-toggle");
    await until("the picture is said to play", async () => (await viewer.attribute("why-picture", "data-good")) === "true");
    await until("and the sound", async () => (await viewer.attribute("why-sound", "data-good")) === "true");
    const wide = await until("a large layer is shown", async () => (await video(viewer)).width >= 600 && video(viewer), { seconds: 30 });
    await viewer.screenshot("switch-why");

    await viewer.choose("layer", "q");
    const small = await until("the smallest layer is shown", async () => {
      const now = await video(viewer);
      return now.width < wide.width && now.width <= 400 && now;
    });
    t.diagnostic(`${wide.width} pixels wide, then ${small.width}`);
    await until("the page says which", async () => /layer q/.test(await viewer.text("why-picture")));
    await viewer.screenshot("switch-why-layer");
    await viewer.choose("layer", "");
    await until("the server chooses again", async () => (await video(viewer)).width === wide.width, { seconds: 30 });

    // And by size, as a player with a small window asks for it.
    const asked = await viewer.ask(() => performance.getEntriesByType("resource").map((entry) => entry.name).filter((url) => url.includes("/api/sessions/")));
    const layer = `${weir.url}/whep/layers/${asked.at(-1).split("/").at(-1)}/layer`;
    const bounded = await fetch(layer, json({ maxHeight: 370 }));
    assert.ok(bounded.ok, await bounded.text());
    const fitting = await until("the layer that fits is shown", async () => {
      const { height } = await video(viewer);
      return height <= 400 && height;
    });
    t.diagnostic(`${fitting} lines for 370`);
    assert.ok(fitting >= 300, "and not the smallest");
    assert.ok((await fetch(layer, json({}))).ok);

    await publisher.close();
    await until("the page says what is missing", async () => (await viewer.attribute("why-picture", "data-good")) === "false");
    await viewer.screenshot("switch-why-gone");
    await viewer.close();
  });

  test("a publisher who comes back with another codec is on the page again, which joins anew by itself", async (t) => {
    const before = await chromium.tab(weir.url);
    await publishColour(before, weir, "codecs", "#f00000", "video/VP8");
    const viewer = await watch(chromium, weir, "codecs");
    await sees(viewer, "red", isRed);
    assert.match(await codecOf(viewer), /VP8/);
    await before.close();
    const after = await chromium.tab(weir.url);
    await until("the room is free again", () => publishColour(after, weir, "codecs", "#0000f0", "video/H264"));
    const came = performance.now();
    await sees(viewer, "blue", isBlue);
    t.diagnostic(`${Math.round(performance.now() - came)} ms after it came back`);
    assert.match(await codecOf(viewer), /H264/);
    await seesMovingPicture(viewer);
    await viewer.screenshot("switch-codec");
    await Promise.all([after, viewer].map((tab) => tab.close()));
  });
});

/** What the picture on the page is coded with. */
async function codecOf(tab) {
  const inbound = (await statistics(tab, "inbound-rtp")).filter((report) => report.kind === "video");
  const codecs = await statistics(tab, "codec");
  return inbound.map((report) => codecs.find((codec) => codec.id === report.codecId)?.mimeType).join();
}

/** The events of a session as they come. */
async function follow(weir, session) {
  const created = await fetch(`${weir.url}${session}/sse`, json(["active", "inactive", "layers", "viewercount", "reconnect", "speaker"]));
  assert.equal(created.status, 201, await created.text());
  const stream = await fetch(weir.url + created.headers.get("Location"));
  assert.match(stream.headers.get("Content-Type"), /^text\/event-stream/);
  const followed = { names: [], text: "", ended: false };
  void (async () => {
    for await (const chunk of stream.body.pipeThrough(new TextDecoderStream())) {
      followed.text += chunk;
      followed.names.push(...[...chunk.matchAll(/^event: ?(\w+)$/gm)].map(([, name]) => name));
    }
    followed.ended = true;
  })().catch(() => (followed.ended = true));
  return followed;
}
