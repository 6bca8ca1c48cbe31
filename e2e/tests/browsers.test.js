// Real browsers on Weir's own page: what a person would see.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium, openFirefox } from "../lib/browsers.js";
import { goLive, layers, sentFrames, startStreaming, watch } from "../lib/page.js";
import { heard, listenScripted, publishRedundantSound } from "../lib/scripted.js";
import { hearsSound, seesMovingPicture, statistics, video } from "../lib/seen.js";
import { until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

describe("browsers", () => {
  let weir;
  let chromium;
  before(async () => {
    weir = await Weir.start("browsers", { media: ALL });
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    await weir?.stop();
  });

  test("Chromium goes live; Chromium and Firefox watch; one who comes late sees a picture too", async (t) => {
    const publisher = await chromium.tab();
    await goLive(publisher, weir, "demo");
    const viewer = await watch(chromium, weir, "demo");
    const first = await seesMovingPicture(viewer, { frames: 30 });
    t.diagnostic(`Chromium decodes ${first.width}x${first.height}`);
    await hearsSound(viewer);

    const firefox = await openFirefox();
    t.after(() => firefox.close());
    const other = await watch(firefox, weir, "demo");
    await seesMovingPicture(other, { frames: 30 });
    await hearsSound(other);

    const late = await watch(chromium, weir, "demo");
    const came = performance.now();
    await until("the late viewer sees a frame", async () => (await video(late)).framesDecoded > 0, { seconds: 10, everyMs: 20 });
    t.diagnostic(`late viewer: first frame ${Math.round(performance.now() - came)} ms after the page had loaded`);
    await seesMovingPicture(late);

    assert.equal((await video(viewer)).packetsLost, 0, "nothing was lost for the first viewer");
    await publisher.screenshot("browsers-go-live");
    await viewer.screenshot("browsers-watch-chromium");
    await other.screenshot("browsers-watch-firefox");
    await late.screenshot("browsers-watch-late");
    await Promise.all([publisher, viewer, other, late].map((tab) => tab.close()));
  });

  test("viewers go on by themselves when the publisher reloads the page", async () => {
    const publisher = await chromium.tab();
    await goLive(publisher, weir, "reload");
    const viewer = await watch(chromium, weir, "reload");
    await seesMovingPicture(viewer);
    await publisher.reload();
    await startStreaming(publisher);
    await seesMovingPicture(viewer, { frames: 30, seconds: 40 });
    await viewer.screenshot("browsers-after-reload");
    await Promise.all([publisher, viewer].map((tab) => tab.close()));
  });

  test("a viewer who is early waits, and sees the picture when somebody goes live", async () => {
    const viewer = await watch(chromium, weir, "early");
    await until("the page says what it waits for", async () => (await viewer.attribute("situation", "data-kind")) === "waiting");
    await viewer.screenshot("browsers-waiting");
    const publisher = await chromium.tab();
    await goLive(publisher, weir, "early");
    await seesMovingPicture(viewer, { seconds: 40 });
    await Promise.all([publisher, viewer].map((tab) => tab.close()));
  });

  test("simulcast: three sizes are sent, and a viewer sees a picture", async (t) => {
    const publisher = await chromium.tab();
    await goLive(publisher, weir, "layers", { simulcast: true, quality: "standard" });
    const viewer = await watch(chromium, weir, "layers");
    await seesMovingPicture(viewer, { frames: 30 });
    const sent = await until("at least two layers are sent", async () => {
      const active = (await layers(publisher)).filter((layer) => layer.framesSent > 10);
      return active.length >= 2 && active;
    });
    t.diagnostic(sent.map((layer) => `${layer.rid}: ${layer.frameWidth}x${layer.frameHeight}`).join(", "));
    await publisher.screenshot("browsers-simulcast-publisher");
    await viewer.screenshot("browsers-simulcast-viewer");
    await Promise.all([publisher, viewer].map((tab) => tab.close()));
  });

  test("layers that nobody wants are not sent, and are again when somebody does", async (t) => {
    const publisher = await chromium.tab();
    await goLive(publisher, weir, "thrift", { simulcast: true, quality: "standard" });
    const active = async () => {
      const before = await layers(publisher);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const now = await layers(publisher);
      const went = (layer) => layer.framesSent > (before.find((other) => other.rid === layer.rid)?.framesSent ?? 0);
      return now.filter(went).map((layer) => layer.rid);
    };
    await until("only the smallest is sent while nobody watches", async () => (await active()).join() === "q", { seconds: 20 });
    const viewer = await watch(chromium, weir, "thrift");
    const came = performance.now();
    await until("a frame", async () => (await video(viewer)).framesDecoded > 0, { seconds: 10, everyMs: 20 });
    t.diagnostic(`first frame ${Math.round(performance.now() - came)} ms after the page had loaded`);
    const width = await until("the largest is seen", async () => {
      const { width } = await video(viewer);
      return width > 320 && width;
    });
    t.diagnostic(`${width} pixels wide ${Math.round(performance.now() - came)} ms after the page had loaded`);
    await seesMovingPicture(viewer, { frames: 30 });
    t.diagnostic(`sent while one watches: ${await active()}`);
    await Promise.all([publisher, viewer].map((tab) => tab.close()));
  });

  test("redundant sound reaches who takes it, and plain sound who does not", async (t) => {
    const publisher = await chromium.tab(`${weir.url}/`);
    assert.ok(await publishRedundantSound(publisher, weir, "red"), "Chromium can send audio/red");
    const bytes = [];
    for (const red of [true, false]) {
      const listener = await chromium.tab(`${weir.url}/`);
      await until("the room is live", () => listenScripted(listener, weir, "red", red).then(() => true, () => false));
      const sound = await until("sound", async () => {
        const said = await heard(listener);
        return said.packets > 150 && said;
      });
      t.diagnostic(`${red ? "with" : "without"} redundancy: ${JSON.stringify(sound)}`);
      assert.equal(sound.lost, 0);
      assert.ok(sound.concealed * 2 < sound.samples, "it is decoded");
      bytes.push(sound.bytesEach);
      await listener.close();
    }
    assert.ok(bytes[0] > bytes[1] * 1.4, `${bytes} bytes a packet`);
    await publisher.close();
  });

  for (const codec of ["H264", "VP9"]) {
    test(`${codec} from Chromium to Chromium`, async () => {
      const publisher = await chromium.tab();
      await goLive(publisher, weir, `codec-${codec}`, { codec });
      const viewer = await watch(chromium, weir, `codec-${codec}`);
      await seesMovingPicture(viewer);
      const used = (await statistics(publisher, "codec")).map((entry) => entry.mimeType);
      assert.ok(used.includes(`video/${codec}`), `the publisher sends ${used}`);
      await viewer.screenshot(`browsers-${codec}`);
      await Promise.all([publisher, viewer].map((tab) => tab.close()));
    });
  }

  test("packets of a frame that differ by a byte were padded, and every viewer above decoded them", async (t) => {
    const [padding, messages] = [await weir.metric("weir_padding_bytes_total"), await weir.metric("weir_gso_messages_total")];
    t.diagnostic(`${padding} bytes of padding, ${messages} messages of several packets`);
    assert.ok(padding > 0, "Chromium's packets differ by a byte now and then");
    assert.ok(messages > 0);
  });

  test("the page logs no error and asks no other host", async () => {
    const tab = await chromium.tab(`${weir.url}/`);
    const asked = await tab.ask(() => performance.getEntriesByType("resource").map((entry) => entry.name));
    assert.deepEqual(asked.filter((url) => !url.startsWith(weir.url)), []);
    assert.deepEqual(tab.console.filter((line) => /uncaught|refused|error/i.test(line)), []);
    await tab.screenshot("browsers-landing");
    assert.ok((await sentFrames(tab)) === 0);
    await tab.close();
  });
});
