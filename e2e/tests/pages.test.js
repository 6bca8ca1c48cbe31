// The pages around live video: signing up, meetings, and the look into the mirror before one.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { focused, tabTo } from "../lib/accessible.js";
import { openChromium } from "../lib/browsers.js";
import { looksRight as looks } from "../lib/looks.js";
import { fillSignUp, newMeeting, PASSWORD, reachedMeeting, signUp, wander } from "../lib/people.js";
import { until } from "../lib/until.js";
import { Weir } from "../lib/weir.js";

const looksRight = (tab, name) => looks(tab, `pages-${name}`);

describe("pages", () => {
  let weir;
  let chromium;
  before(async () => {
    weir = await Weir.start("pages");
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    await weir?.stop();
  });

  test("every page that needs nobody's name is open to everybody, light and dark, small and large", async () => {
    const tab = await chromium.tab(weir.url);
    await looksRight(tab, "landing");
    for (const page of ["rooms", "login", "signup", "forgot", "reset", "confirm", "nowhere"]) {
      await tab.goto(weir.url);
      await wander(tab, `/${page}`);
      await until(`${page} has a heading`, () => tab.ask(() => document.querySelector("h1")?.textContent));
      await looksRight(tab, page);
    }
    await wander(tab, "/live/pages");
    await until("a preview", () => tab.ask(() => document.querySelector("[data-testid=preview]") !== null));
    await looksRight(tab, "live");
    await tab.close();
  });

  test("somebody with only a keyboard signs up, makes a meeting and comes in", async () => {
    const tab = await chromium.tab(weir.url);
    await until("the page knows that nobody is logged in", async () => (await tab.text("login")) !== null);
    await tab.press("Tab");
    assert.equal(await tab.ask(() => document.activeElement.className), "skip", "the first stop skips to the content");
    await tabTo(tab, "new-meeting");
    await tab.press("Enter");
    await tabTo(tab, "turn-to-signup");
    await tab.press("Enter");
    for (const [field, text] of [["name", "Keys"], ["email", "keys@example.org"], ["password", "short"]]) {
      await tabTo(tab, field);
      await tab.type(text);
    }
    await tab.press("Enter");
    await until("the first wrong field has the focus", async () => (await focused(tab)) === "password");
    await tab.type(" is not enough");
    await tab.press("Enter");
    await reachedMeeting(tab);
    await tabTo(tab, "mic");
    await tab.press("Space");
    await until("the microphone is muted", async () => (await tab.attribute("mic", "aria-pressed")) === "true");
    await tabTo(tab, "join");
    await tab.press("Enter");
    await until("the meeting", async () => (await tab.text("leave")) !== null);
    await tabTo(tab, "leave");
    await tab.press("Enter");
    await until("it is left", async () => (await tab.text("left")) !== null);
    assert.deepEqual(tab.console.filter((line) => line.startsWith("uncaught")), []);
    await tab.close();
  });

  test("a host sets rules, and guests meet them at the door", async () => {
    const host = await chromium.tab();
    await signUp(host, weir, { name: "Ann", email: "ann@example.org" });
    const id = await newMeeting(host);
    assert.equal(await host.attribute("outlook", "data-outlook"), "host");
    await wander(host, "/meetings");
    await host.click("meeting-settings");
    await looksRight(host, "meetings");
    const rule = async (name, on) => {
      if ((await host.attribute(`rule-${name}`, "aria-checked")) !== String(on)) await host.click(`rule-${name}`);
      await until(`${name} is ${on}`, async () => (await host.attribute(`rule-${name}`, "aria-checked")) === String(on));
    };
    await rule("guests", false);

    const guest = await chromium.tab(weir.url);
    const sees = (outlook) => until(`the door says ${outlook}`, async () => (await guest.attribute("outlook", "data-outlook")) === outlook);
    await guest.fill("join-code", `  ${id.replaceAll("-", " ").toUpperCase()} `);
    await guest.click("join-submit");
    await sees("needs-account");
    await rule("guests", true);
    await rule("lobby", true);
    await sees("lobby");
    await rule("locked", true);
    await sees("locked");
    await rule("locked", false);
    await rule("lobby", false);
    await host.fill("rule-passcode", "heron");
    await host.click("rule-passcode-save");
    await until("a passcode is asked for", async () => (await guest.attribute("join-passcode", "type")) === "text");
    await sees("enter");
    await guest.fill("join-name", "Bo");
    await guest.click("join");
    await until("the passcode is missed", async () => (await guest.attribute("join-passcode", "aria-invalid")) === "true");
    await guest.fill("join-passcode", "stork");
    await guest.click("join");
    await until("the wrong one is said", () => guest.ask(() => document.querySelector(".note.problem")?.textContent.includes("not the passcode")));
    await looksRight(guest, "prejoin");
    await guest.fill("join-passcode", "heron");
    await guest.click("join");
    await until("the meeting", async () => (await guest.text("leave")) !== null);
    await looksRight(guest, "meeting");
    await guest.click("leave");
    await until("a way back", async () => (await guest.text("rejoin")) !== null);
    await looksRight(guest, "left");

    await host.click("meeting-end");
    await host.click("meeting-end-keep");
    await host.click("meeting-end");
    await host.click("meeting-end-sure");
    await until("it has ended", async () => (await host.text("meeting-join")) === null);
    await guest.click("rejoin");
    await until("the door says so", async () => (await guest.text("no-meeting")) !== null);
    await host.click("meeting-delete");
    await host.click("meeting-delete-sure");
    await until("it is gone", async () => (await host.text("meeting")) === null);
    await Promise.all([host, guest].map((tab) => tab.close()));
  });

  test("who has no camera, or does not allow it, joins all the same", async () => {
    const host = await chromium.tab();
    await signUp(host, weir, { name: "Cem", email: "cem@example.org" });
    const id = await newMeeting(host);
    for (const [name, sentence] of [["NotAllowedError", /address bar/], ["NotFoundError", /Plug one in/]]) {
      const tab = await chromium.tab(weir.url);
      await tab.ask((error) => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", error));
        navigator.permissions.query = () => Promise.resolve({ state: "denied" });
      }, name);
      await wander(tab, `/m/${id}`);
      await until("a sentence says what to do", async () => sentence.test(await tab.text("device-problem")));
      await looksRight(tab, `prejoin-${name}`);
      await tab.fill("join-name", "Dee");
      await tab.click("join");
      await until("the meeting", async () => (await tab.text("leave")) !== null);
      await tab.close();
    }
    await host.close();
  });

  test("a background is blurred by what our own server hands out, and a camera that is off is let go", async () => {
    const tab = await chromium.tab();
    await signUp(tab, weir, { name: "Gil", email: "gil@example.org" });
    await newMeeting(tab);
    await tab.click("background-blur");
    const track = () => tab.ask(() => document.querySelector("[data-testid=preview]")?.srcObject?.getVideoTracks()[0]?.constructor.name);
    await until("the picture is another track", async () => (await track()) === "MediaStreamTrackGenerator", { seconds: 60 });
    await until("and moves", () => tab.ask(() => document.querySelector("[data-testid=preview]").currentTime > 0.5));
    const hosts = await tab.ask(() => [...new Set(performance.getEntriesByType("resource").map((entry) => new URL(entry.name).host))]);
    assert.deepEqual(hosts, [new URL(weir.url).host]);
    await tab.click("background-none");
    await until("the camera's own track is back", async () => (await track()) === "MediaStreamTrack");
    await tab.click("camera");
    await until("no picture", async () => (await tab.text("preview")) === null);
    await tab.close();
  });

  test("an account is changed, left everywhere, and deleted", async () => {
    const tab = await chromium.tab();
    await signUp(tab, weir, { name: "Eva", email: "eva@example.org" });
    await tab.click("account");
    await tab.click("to-settings");
    await looksRight(tab, "settings");
    await tab.fill("name", "Eva B.");
    await tab.click("profile-save");
    await until("the header has the name", async () => (await tab.text("account")) === "Eva B.");
    await tab.fill("current-password", "not this one");
    await tab.fill("new-password", `${PASSWORD} again`);
    await tab.click("password-save");
    await until("the wrong password is said", async () => (await tab.text("password-problem")) !== null);
    await tab.fill("current-password", PASSWORD);
    await tab.click("password-save");
    await until("it is changed", async () => (await tab.text("password-changed")) !== "");
    await tab.click("logout-everywhere");
    await until("nobody is logged in", async () => (await tab.text("login")) !== null);
    await tab.click("login");
    await tab.fill("email", "eva@example.org");
    await tab.fill("password", PASSWORD);
    await tab.click("login-submit");
    await until("the old password is refused", async () => (await tab.text("access-problem")) !== null);
    await tab.fill("password", `${PASSWORD} again`);
    await tab.click("login-submit");
    await until("she is back", async () => (await tab.text("account")) === "Eva B.");
    await wander(tab, "/settings");
    await tab.fill("delete-password", `${PASSWORD} again`);
    await tab.click("delete-account");
    await tab.click("delete-account-sure");
    await until("she is gone", async () => (await tab.text("login")) !== null);
    await tab.close();
  });

  test("who is asked to log in where they are goes on with what they wanted", async () => {
    const tab = await chromium.tab(weir.url);
    await tab.click("new-meeting");
    await tab.click("turn-to-signup");
    await looksRight(tab, "access");
    await fillSignUp(tab, { name: "Fay", email: "fay@example.org" });
    await reachedMeeting(tab);
    await tab.close();
  });

  test("the page speaks another language, and stands mirrored for one that is written from the right", async () => {
    const tab = await chromium.tab(weir.url);
    await tab.choose("language", "de");
    await until("it speaks German", () => tab.ask(() => document.documentElement.lang === "de" && document.querySelector("h1").textContent !== null));
    await tab.reload();
    await until("and remembers it", () => tab.ask(() => document.documentElement.lang === "de"));
    await looksRight(tab, "german");
    await wander(tab, "/live/pages");
    await until("going live is German", async () => (await tab.text("go-live")) === "Live gehen");
    await tab.screenshot("pages-german-live");
    await wander(tab, "/watch/nobody-is-here");
    await until("and so is watching", async () => (await tab.text("situation"))?.startsWith("Warten auf den Stream"));
    await tab.screenshot("pages-german-watch");
    await tab.goto(weir.url);
    await tab.ask(() => (document.documentElement.dir = "rtl"));
    await looksRight(tab, "mirrored");
    await tab.close();
  });
});
