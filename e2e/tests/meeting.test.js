// People who meet: real browsers on the real node, from signing up to the end for all.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/browsers.js";
import { Line, needLines } from "../lib/line.js";
import { enter, enterAsGuest, lines, sees, shareSlides, tiles } from "../lib/meeting.js";
import { newMeeting, signUp } from "../lib/people.js";
import { statistics } from "../lib/seen.js";
import { sleep, until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

/** From the network's return to a picture that moves and a message that is read. */
const RESUMED_WITHIN_MS = 2000;
/** Longer than a page waits for an answer (5 s), and shorter than others wait for somebody (15 s). */
const OUTAGE_MS = 8000;

describe("meeting", () => {
  let line;
  let weir;
  let chromium;
  before(async () => {
    needLines();
    line = await Line.open("meeting");
    // After the line: a node offers the addresses that it finds when it starts.
    weir = await Weir.start("meeting", { http: "0.0.0.0", media: ALL, args: ["--auth", "open"] });
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    await weir?.stop();
    await line?.close();
  });

  test("two people meet, from signing up to the end for all", async (t) => {
    const ann = await chromium.tab();
    await signUp(ann, weir, { name: "Ann", email: "ann@example.org" });
    const id = await newMeeting(ann);
    await enter(ann);
    const bo = await chromium.tab();
    const asked = performance.now();
    await enterAsGuest(bo, weir, id, "Bo");
    await sees(bo, "Ann");
    t.diagnostic(`Bo sees Ann ${Math.round(performance.now() - asked)} ms after opening the link`);
    await sees(ann, "Bo");
    for (const tab of [ann, bo]) await until("the other is heard", async () => (await heard(tab)) > 0);
    await ann.screenshot("meeting-two-people");

    // To those outside it is no room.
    assert.deepEqual((await (await fetch(`${weir.url}/api/rooms`)).json()).rooms, []);
    const door = await (await fetch(`${weir.url}/meeting/${id}`)).json();
    assert.deepEqual(door.inside, ["Ann", "Bo"], "who holds the link sees who is inside");

    await ann.click("chat");
    await ann.fill("chat-text", "Look: https://example.org/<b>now</b>");
    await ann.press("Enter");
    await bo.click("chat");
    await until("Bo reads it", async () => (await lines(bo)).some((line) => line.includes("https://example.org/<b>now</b>")));

    // Who writes is shown to the other before anything is said, and no more when it is.
    await bo.fill("chat-text", "I am");
    await until("Ann sees that Bo writes", async () => ((await ann.text("writers")) ?? "").includes("Bo is writing"));
    await ann.screenshot("meeting-writing");
    await bo.type(" here");
    await bo.press("Enter");
    await until("Ann reads it", async () => (await lines(ann)).some((line) => line.includes("I am here")));
    assert.equal(await ann.text("writers"), "", "whoever has said it writes no more");

    for (const lane of ["reliable", "lossy"]) {
      await exchange(ann, bo, lane);
      await exchange(bo, ann, lane);
    }

    await bo.click("camera");
    await until("Bo's picture is gone", async () => (await tiles(ann)).Bo === null);
    await bo.click("camera");
    await sees(ann, "Bo");

    // A host's word holds whatever the page does: nothing of the microphone is passed on any more.
    await ann.click("people");
    await ann.click("person-tools");
    await ann.click("person-mute");
    await until("Bo is muted", async () => (await bo.attribute("mic", "aria-pressed")) === "true");
    await sleep(500);
    const silent = await heard(ann);
    await sleep(1500);
    assert.equal(await heard(ann), silent, "nothing of a muted microphone comes through");
    await bo.click("mic");
    await until("Bo is heard again", async () => (await heard(ann)) > silent);

    await ann.click("more");
    await ann.click("end");
    await ann.click("end-sure");
    for (const tab of [ann, bo]) await until("it is over", async () => (await tab.text("left")) !== null);
    await bo.screenshot("meeting-ended");
    const ended = await (await fetch(`${weir.url}/meeting/${id}`)).json();
    assert.ok(ended.ended > 0, JSON.stringify(ended));
    for (const tab of [ann, bo]) assert.deepEqual(tab.console.filter((line) => /uncaught|Content Security Policy/.test(line)), []);
    await until("no session is left", async () => (await weir.metric("weir_sessions_publishing")) + (await weir.metric("weir_sessions_watching")) === 0);
    await Promise.all([ann, bo].map((tab) => tab.close()));
  });

  test("six people: a lobby, a screen, raised hands, and one who is shown out", async (t) => {
    const ann = await chromium.tab();
    await signUp(ann, weir, { name: "Ann", email: "ann@example.net" });
    const id = await newMeeting(ann);
    await enter(ann);
    await ann.click("people");
    await ann.click("rule-lobby");
    await until("there is a lobby", async () => (await (await fetch(`${weir.url}/meeting/${id}`)).json()).lobby === true);

    const names = ["Bo", "Cem", "Dora", "Emil", "Fay"];
    const guests = await Promise.all(names.map(() => chromium.tab()));
    for (const [n, guest] of guests.entries()) {
      await guest.goto(`${weir.url}/m/${id}`);
      await guest.fill("join-name", names[n]);
      await guest.click("join");
      await until(`${names[n]} waits`, async () => (await guest.text("waiting-room")) !== null);
    }
    assert.equal((await statistics(guests[0], "inbound-rtp")).length, 0, "who waits receives nothing");
    await until("Ann sees all who wait", async () => (await count(ann, "waiting")) === 5);
    await ann.screenshot("meeting-lobby");
    await ann.click("admit-all");
    for (const guest of guests) await until("they are in", async () => (await guest.text("leave")) !== null);
    for (const name of names) await sees(ann, name, { seconds: 30 });
    for (const name of ["Ann", "Cem", "Dora", "Emil", "Fay"]) await sees(guests[0], name, { seconds: 30 });
    await ann.screenshot("meeting-six-people");

    const [bo, cem, , , fay] = guests;
    await shareSlides(bo);
    await until("Cem sees Bo's screen", async () => {
      const screen = Object.entries(await tiles(cem)).find(([name]) => name.includes("Bo") && name.includes("screen"));
      return (screen?.[1]?.pictures ?? 0) > 3 && screen[1].width >= 640;
    }, { seconds: 30 });
    await cem.screenshot("meeting-shared-screen");

    await cem.click("hand");
    await until("Ann sees the hand", () => ann.ask(() => [...document.querySelectorAll('[data-testid="person"]')].some((person) => person.textContent.includes("Cem"))));

    // Whoever is shown out and banned gets no other ticket under the same name tag.
    await ann.ask(() => {
      const person = [...document.querySelectorAll('[data-testid="person"]')].find((entry) => entry.textContent.includes("Fay"));
      person.querySelector('[data-testid="person-tools"]').click();
    });
    await ann.click("person-remove");
    await ann.click("person-remove-sure");
    await until("Fay is out", async () => (await fay.text("left")) !== null);
    await fay.screenshot("meeting-shown-out");
    for (const tab of [ann, bo, cem]) await until("nobody sees Fay", async () => !("Fay" in (await tiles(tab))));
    await bo.click("share");
    await until("the screen is gone", async () => Object.keys(await tiles(cem)).every((name) => !name.includes("screen")));
    for (const tab of [ann, ...guests]) assert.deepEqual(tab.console.filter((text) => /uncaught|Content Security Policy/.test(text)), []);
    await Promise.all([ann, ...guests].map((tab) => tab.close()));
  });

  test("who loses the network for eight seconds is back within two, and nobody saw them leave", async (t) => {
    const ann = await chromium.tab();
    await signUp(ann, weir, { name: "Ann", email: "ann@example.com" });
    const id = await newMeeting(ann);
    await enter(ann);
    const far = { url: `http://${line.address}:${new URL(weir.url).port}` };
    const browser = await openChromium({ line, trusted: far.url });
    t.after(() => browser.close());
    const bo = await browser.tab();
    await enterAsGuest(bo, far, id, "Bo");
    await sees(bo, "Ann");
    await sees(ann, "Bo");
    await ann.click("chat");
    await bo.click("chat");
    await listenToAnnouncements(ann);

    line.set("partition");
    await sleep(1000);
    await ann.fill("chat-text", "while you were away");
    await ann.press("Enter");
    await sleep(OUTAGE_MS - 1000);
    const before = (await tiles(bo)).Ann.pictures;
    await watchTimers(ann);
    line.set("delay=20ms");
    const returned = performance.now();
    await until("Ann's picture moves again", async () => ((await tiles(bo)).Ann?.pictures ?? 0) > before + 3, { seconds: 15 });
    const moved = performance.now() - returned;
    await until("Bo reads what was written", async () => (await lines(bo)).some((text) => text.includes("while you were away")), { seconds: 15 });
    const read = performance.now() - returned;
    const late = await ann.ask(() => globalThis.__late);
    t.diagnostic(`after the network's return the picture moves in ${Math.round(moved)} ms, and the message is read in ${Math.round(read)} ms; timers came ${Math.round(late)} ms late`);
    await sees(ann, "Bo");
    await bo.screenshot("meeting-resumed");
    assert.equal((await lines(bo)).filter((text) => text.includes("while you were away")).length, 1);
    assert.ok(Math.max(moved, read) < RESUMED_WITHIN_MS, `back after ${Math.round(Math.max(moved, read))} ms`);
    assert.deepEqual((await announced(ann)).filter((text) => /Bo (joined|left)/.test(text)), []);
  });
});

function count(tab, testid) {
  return tab.ask((id) => document.querySelectorAll(`[data-testid="${id}"]`).length, testid);
}

/** Twenty messages of an application from one page to another, on one lane. */
async function exchange(from, to, lane) {
  await to.ask((on) => {
    globalThis.__said = [];
    globalThis.__deaf?.();
    globalThis.__deaf = weir.topic("e2e", on).onmessage(({ from, payload, isPrivate }) => globalThis.__said.push({ from, payload: [...payload], isPrivate }));
  }, lane);
  await until(`the ${lane} channel is open`, () => from.ask((on) => weir.topic("e2e-before", on).send(new Uint8Array()), lane));
  const sent = await from.ask(async (on) => {
    const topic = weir.topic("e2e", on);
    let all = true;
    for (let n = 0; n < 20; n += 1) {
      all = topic.send(Uint8Array.of(n, 255)) && all;
      await new Promise((next) => setTimeout(next, 20));
    }
    return all;
  }, lane);
  assert.ok(sent, `${lane} messages can be sent`);
  await until(`${lane} messages come`, async () => (await said(to)).length >= 20);
  const messages = (await said(to)).toSorted((a, b) => a.payload[0] - b.payload[0]);
  assert.deepEqual(messages.map(({ payload }) => payload), Array.from({ length: 20 }, (_, n) => [n, 255]));
  const [{ from: sender }] = messages;
  assert.ok(/^[ag][a-z2-7]{26}$/.test(sender) && messages.every((message) => message.from === sender && !message.isPrivate), sender);
}

function said(tab) {
  return tab.ask(() => globalThis.__said);
}

/** Keeps by how much a page's timers come late at most: who is not pulled off the network shows how the machine does. */
function watchTimers(tab) {
  return tab.ask(() => {
    globalThis.__late = 0;
    let due = performance.now() + 50;
    setInterval(() => {
      globalThis.__late = Math.max(globalThis.__late, performance.now() - due);
      due = performance.now() + 50;
    }, 50);
  });
}

/** From now on what the page announces is kept. */
function listenToAnnouncements(tab) {
  return tab.ask(() => {
    globalThis.__announced = [];
    const region = document.querySelector('[data-testid="announcements"]');
    new MutationObserver(() => globalThis.__announced.push(region.textContent)).observe(region, { childList: true, subtree: true, characterData: true });
  });
}

function announced(tab) {
  return tab.ask(() => globalThis.__announced);
}

/** Bytes of voices received. */
async function heard(tab) {
  const voices = (await statistics(tab, "inbound-rtp")).filter((report) => report.kind === "audio");
  return voices.reduce((sum, report) => sum + (report.bytesReceived ?? 0), 0);
}
