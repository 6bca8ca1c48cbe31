// The way of a meeting from signing up to its end, where one of two people uses Firefox: as the host, and as the guest.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium, openFirefox } from "../lib/browsers.js";
import { enter, enterAsGuest, lines, portrait, sees, tiles } from "../lib/meeting.js";
import { newMeeting, signUp } from "../lib/people.js";
import { statistics } from "../lib/seen.js";
import { until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

/** Of each other's camera, before anybody says that they see it. */
const FRAMES = 50;

describe("firefox", () => {
  let weir;
  let browsers;
  before(async () => {
    weir = await Weir.start("firefox", { media: ALL });
    browsers = { firefox: await openFirefox(), chromium: await openChromium() };
  });
  after(async () => {
    for (const browser of Object.values(browsers ?? {})) await browser.close();
    await weir?.stop();
  });

  for (const [first, second] of [["firefox", "chromium"], ["chromium", "firefox"]]) {
    test(`${first} hosts and ${second} joins, from signing up to the end for all`, async (t) => {
      const ann = await browsers[first].tab();
      await signUp(ann, weir, { name: "Ann", email: `ann@${first}.example.org` });
      const id = await newMeeting(ann);
      await until("Ann's own picture", async () => (await ann.text("preview")) !== null);
      await ann.screenshot(`firefox-door-of-${first}`);
      await enter(ann);
      const bo = await browsers[second].tab();
      await enterAsGuest(bo, weir, id, "Bo");
      for (const [tab, other] of [[ann, "Bo"], [bo, "Ann"]]) {
        await sees(tab, other, { seconds: 40 });
        const frames = await until(`${tab.browser} decodes ${FRAMES} frames`, async () => (await decoded(tab)) >= FRAMES && decoded(tab), { seconds: 30 });
        const seen = await portrait(tab, other);
        assert.ok(seen.spread > 40, `${tab.browser} shows one flat colour: ${JSON.stringify(seen)}`);
        await until(`${tab.browser} hears sound that is no silence`, async () => (await loud(tab)) > 0);
        t.diagnostic(`${tab.browser} has decoded ${frames} frames of ${seen.width}x${seen.height} and hears ${other}`);
        await tab.screenshot(`firefox-${first}-hosts-seen-by-${tab.browser}`);
      }

      await ann.click("chat");
      await bo.click("chat");
      for (const [tab, other] of [[ann, bo], [bo, ann]]) {
        await tab.fill("chat-text", `from ${tab.browser}: https://example.org/`);
        await tab.press("Enter");
        await until("the other reads it", async () => (await lines(other)).some((line) => line.includes(`from ${tab.browser}`)));
      }
      await bo.click("panel-close");
      await ann.click("panel-close");

      await bo.click("camera");
      await until("Bo's picture is gone", async () => (await tiles(ann)).Bo === null);
      await bo.click("camera");
      await sees(ann, "Bo", { seconds: 30 });
      await bo.click("hand");
      await ann.click("people");
      await until("the hand is seen", () => ann.ask(() => document.querySelector('[data-testid="people-panel"]').textContent.includes("Raised hands")));
      await ann.click("person-tools");
      await ann.click("person-mute");
      await until("Bo is muted", async () => (await bo.attribute("mic", "aria-pressed")) === "true");
      await bo.click("mic");
      await until("and speaks again", async () => (await bo.attribute("mic", "aria-pressed")) === "false");
      await ann.screenshot(`firefox-${first}-host-tools`);

      await ann.click("more");
      await ann.click("end");
      await ann.click("end-sure");
      for (const tab of [ann, bo]) await until("it is over", async () => (await tab.text("left")) !== null);
      const ended = await (await fetch(`${weir.url}/meeting/${id}`)).json();
      assert.ok(ended.ended > 0, JSON.stringify(ended));
      for (const tab of [ann, bo]) assert.deepEqual(tab.console.filter((line) => /uncaught|Content.Security.Policy/i.test(line)), []);
      await until("no session is left", async () => (await weir.metric("weir_sessions_publishing")) + (await weir.metric("weir_sessions_watching")) === 0);
      await Promise.all([ann, bo].map((tab) => tab.close()));
    });
  }
});

async function decoded(tab) {
  const pictures = (await statistics(tab, "inbound-rtp")).filter((report) => report.kind === "video");
  return Math.max(0, ...pictures.map((report) => report.framesDecoded ?? 0));
}

/** The energy of what has been heard; digital silence has none. */
async function loud(tab) {
  const voices = (await statistics(tab, "inbound-rtp")).filter((report) => report.kind === "audio");
  return voices.reduce((sum, report) => sum + (report.totalAudioEnergy ?? 0), 0);
}
