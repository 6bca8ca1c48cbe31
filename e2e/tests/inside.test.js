// A meeting's own pages as people meet them on a phone, on a desk, in the dark, enlarged, and in a language that is written from the right.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { tabTo } from "../lib/accessible.js";
import { openChromium } from "../lib/browsers.js";
import { faults } from "../lib/looks.js";
import { enter, enterAsGuest, lines, sees, shareSlides } from "../lib/meeting.js";
import { newMeeting, signUp } from "../lib/people.js";
import { until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

describe("inside", () => {
  let weir;
  let chromium;
  before(async () => {
    weir = await Weir.start("inside", { media: ALL });
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    await weir?.stop();
  });

  test("before, in and around a meeting every page is open to everybody, at every size, in light and dark, and mirrored", async () => {
    const found = [];
    const looksRight = async (tab, name, options) => void found.push(...(await faults(tab, `inside-${name}`, { ...options, brief: true })));
    const ann = await chromium.tab();
    await signUp(ann, weir, { name: "Ann", email: "ann@example.org" });
    const id = await newMeeting(ann);
    await until("Ann's picture", async () => (await ann.text("preview")) !== null);
    await looksRight(ann, "prejoin", { enlarged: true, mirrored: true });
    await enter(ann);
    await until("the link to pass on", async () => (await ann.text("invite")) !== null);
    await looksRight(ann, "alone");

    const bo = await chromium.tab();
    await enterAsGuest(bo, weir, id, "Bo with a name that goes on and on");
    await sees(ann, "Bo with a name that goes on and on");
    await looksRight(ann, "two", { enlarged: true });

    for (const text of ["Hello!", "See https://example.org/a/very/long/address/that/does/not/fit/into/the/line?and=goes&on=for&ever=1 (and more)", "x".repeat(300), "שלום, מה שלומך?"]) {
      if ((await bo.text("chat-panel")) === null) await bo.click("chat");
      await bo.fill("chat-text", text);
      await bo.press("Enter");
    }
    await until("Ann has news", async () => (await ann.attribute("chat", "aria-label"))?.includes("4"));
    await ann.click("chat");
    await until("and reads them", async () => (await lines(ann)).length === 4);
    await looksRight(ann, "chat", { enlarged: true, mirrored: true });
    await ann.click("panel-close");

    await bo.click("hand");
    await ann.click("people");
    await ann.click("rule-lobby");
    const cem = await chromium.tab();
    await cem.goto(`${weir.url}/m/${id}`);
    await until("Cem will wait", async () => (await cem.attribute("outlook", "data-outlook")) === "lobby");
    await cem.fill("join-name", "Cem");
    await cem.click("join");
    await until("Cem waits", async () => (await cem.text("waiting-room")) !== null);
    await looksRight(cem, "waiting", { mirrored: true });
    await until("Ann sees who waits", async () => (await ann.text("admit")) !== null);
    await ann.click("person-tools");
    await looksRight(ann, "people", { enlarged: true, mirrored: true });
    // What cannot be undone asks first, and fits where it stands.
    await ann.click("person-ban");
    await looksRight(ann, "people-sure");
    await ann.click("panel-close");
    await cem.close();

    for (const panel of ["devices", "statistics"]) {
      await ann.click("more");
      await ann.click(panel);
      await until(`the panel of ${panel}`, async () => (await ann.text(`${panel}-panel`)) !== null);
      if (panel === "statistics") await until("numbers", async () => (await ann.text("statistics-panel")).includes("kbit/s"));
      await looksRight(ann, panel, { enlarged: true, mirrored: panel === "devices" });
      await ann.click("panel-close");
    }
    await ann.click("more");
    await looksRight(ann, "more", { enlarged: true, mirrored: true });
    await ann.click("keys");
    await until("the list of keys", async () => (await ann.text("help")) !== null);
    await looksRight(ann, "help", { enlarged: true });
    await ann.press("Escape");

    await shareSlides(bo);
    await until("Ann sees the screen", () => ann.ask(() => [...document.querySelectorAll('[data-who^="screen"] video')].some((video) => video.videoWidth > 0)));
    await looksRight(ann, "share", { mirrored: true });
    // All at once: one run shows everything.
    assert.deepEqual(found, []);
    assert.deepEqual([...ann.console, ...bo.console].filter((line) => /uncaught|Content Security Policy/.test(line)), []);
    await Promise.all([ann, bo].map((tab) => tab.close()));
  });

  test("on a phone, somebody with only a keyboard mutes, reads, and ends a meeting", async () => {
    const ann = await chromium.tab();
    await signUp(ann, weir, { name: "Ann", email: "ann@example.net" });
    await newMeeting(ann);
    await ann.resize(360, 640);
    await enter(ann);
    await tabTo(ann, "mic");
    await ann.press("Enter");
    await until("muted", async () => (await ann.attribute("mic", "aria-pressed")) === "true");
    await tabTo(ann, "chat");
    await ann.press("Enter");
    await until("the box to write in has the focus", () => ann.ask(() => document.activeElement?.dataset.testid === "chat-text"));
    await ann.press("Escape");
    await until("the chat is closed", async () => (await ann.text("chat-panel")) === null);
    await tabTo(ann, "more");
    await ann.press("Enter");
    await tabTo(ann, "end");
    await ann.press("Enter");
    await tabTo(ann, "end-sure");
    await ann.press("Enter");
    await until("it is over", async () => (await ann.text("left")) !== null);
    await ann.close();
  });
});
