// Whatever people call themselves, write and link: in a page it is text and nothing else. Shown to two browsers, with their policies listening.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openChromium, openFirefox } from "../lib/browsers.js";
import { enter, lines } from "../lib/meeting.js";
import { newMeeting, signUp, wander } from "../lib/people.js";
import { E2E } from "../lib/place.js";
import { until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

const STRINGS = readFileSync(join(E2E, "strings/markup.txt"), "utf8").trim().split("\n");

describe("markup", () => {
  let weir;
  let browsers;
  before(async () => {
    weir = await Weir.start("markup", { media: ALL });
    browsers = [await openChromium(), await openFirefox()];
  });
  after(async () => {
    for (const browser of browsers ?? []) await browser.close();
    await weir?.stop();
  });

  test("names, messages, links and titles that are markup stay text", async (t) => {
    assert.ok(STRINGS.length >= 40);
    const [chromium] = browsers;
    const ann = await chromium.tab(weir.url);
    await listen(ann);
    await signUpAs(ann, "<img src=x onerror=__hit()>", "ann@example.org");
    const id = await newMeeting(ann);
    await enter(ann);

    const readers = [];
    for (const browser of browsers) {
      const tab = await browser.tab(`${weir.url}/m/${id}`);
      await listen(tab);
      await tab.fill("join-name", `Reader in ${browser.name}`);
      await enter(tab);
      await tab.click("chat");
      readers.push(tab);
    }
    const crowd = await chromium.tab(weir.url);
    const refused = await come(crowd, id, STRINGS);
    assert.deepEqual(refused, [], "every string is a name");
    for (const tab of [ann, ...readers]) {
      if (tab === ann) await tab.click("chat");
      await until("every message is read", async () => {
        const read = await lines(tab);
        return STRINGS.every((string) => read.some((line) => line.endsWith(string)));
      }, { seconds: 40 });
      await innocent(tab);
      await tab.screenshot(`markup-chat-${tab.browser}`);
      await tab.click("people");
      const names = await until("everybody is listed", async () => {
        const all = await tab.ask(() => [...document.querySelectorAll('[data-testid="person"] .name')].map((name) => name.textContent));
        return all.length >= STRINGS.length + 3 && all;
      });
      for (const string of STRINGS) assert.ok(names.some((name) => name === string), `${string} is listed as it is`);
      await innocent(tab);
      await tab.screenshot(`markup-people-${tab.browser}`);
      // Whom somebody writes to, and what is said aloud.
      await tab.click("chat");
      await innocent(tab);
    }
    t.diagnostic(`${STRINGS.length} strings, as names and as messages, in ${readers.map((tab) => tab.browser).join(" and ")}`);

    // Titles: in the list of meetings, at the door, and in the window's title.
    await ann.click("leave");
    const made = await ann.ask((titles) => Promise.all(titles.map(async (title) => {
      const headers = { "Content-Type": "application/json" };
      const response = await fetch("/meeting", { method: "POST", headers, body: JSON.stringify({ title }) });
      return response.ok ? (await response.json()).meeting_id : `${response.status} ${title}`;
    })), STRINGS);
    assert.deepEqual(made.filter((answer) => answer.includes(" ")), [], "every string is a title");
    await wander(ann, "/meetings");
    await until("all meetings are listed", async () => {
      const listed = await ann.ask(() => document.querySelector("main").textContent);
      if (STRINGS.every((string) => listed.includes(string))) return true;
      await ann.ask(() => [...document.querySelectorAll("main button")].find((button) => button.textContent === "Show more")?.click());
      return false;
    }, { seconds: 40, everyMs: 500 });
    await innocent(ann);
    await ann.screenshot("markup-meetings");
    const [, second] = readers;
    for (const string of ["<svg onload=__hit()>", "</title><script>__hit()</script>", "javascript:__hit()"]) {
      await second.goto(`${weir.url}/m/${made[STRINGS.indexOf(string)]}`);
      await listen(second);
      await until("the door has the title", async () => (await second.text("meeting-title")) === string);
      await innocent(second);
    }

    // What listens does hear: the same thing as markup is stopped by the policy, and told.
    for (const tab of [ann, second]) {
      await tab.ask(() => document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=__hit()>"));
      await until(`${tab.browser} tells of what it stopped`, () => tab.ask(() => globalThis.__violations.length > 0));
      assert.deepEqual(await tab.ask(() => globalThis.__hits), [], "and it was stopped");
    }
  });
});

async function signUpAs(tab, name, email) {
  // Without loading a page: what listens stays.
  await wander(tab, "/signup");
  await tab.fill("name", name);
  await tab.fill("email", email);
  await tab.fill("password", "four calm herons wade");
  await tab.click("signup-submit");
  await until("logged in", async () => (await tab.text("account")) === name);
}

/** From here on the page keeps what it was kept from, and what was run all the same. */
function listen(tab) {
  return tab.ask(() => {
    globalThis.__hits = [];
    globalThis.__violations = [];
    for (const name of ["__hit", "alert", "confirm", "prompt"]) globalThis[name] = () => globalThis.__hits.push(name);
    document.addEventListener("securitypolicyviolation", (event) => globalThis.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
}

/** Nothing was run, nothing had to be stopped, and nothing that somebody wrote has become an element. */
async function innocent(tab) {
  const seen = await tab.ask(() => ({
    hits: globalThis.__hits,
    violations: globalThis.__violations,
    strange: [
      ...document.querySelectorAll("iframe, object, embed, base, math, marquee, details, template, form[action], script:not([src]), [onerror], [onload], [onfocus], [onmouseover], img:not([src^='blob:'])"),
      ...document.querySelectorAll('[data-testid="line"] .text > :not(a), [data-testid="line"] .name > *, [data-testid="tile"] .who span > *, option > *, h1 > *'),
    ].map((element) => element.outerHTML),
    links: [...document.querySelectorAll("a")].map((link) => link.href).filter((href) => !/^https?:\/\//.test(href) || new URL(href).username !== ""),
    title: document.title,
  }));
  assert.deepEqual({ hits: seen.hits, violations: seen.violations, strange: seen.strange, links: seen.links }, { hits: [], violations: [], strange: [], links: [] });
  assert.deepEqual(tab.console.filter((line) => /uncaught|Content.Security.Policy/i.test(line)), []);
}

/** A guest for each string, which is the name and what is said. Returns what the server did not take. */
function come(tab, id, strings) {
  return tab.ask(
    async ([meeting, all]) => {
      const refused = [];
      globalThis.__crowd = [];
      const guest = async (string) => {
        const order = JSON.stringify({ meeting_id: meeting, name: string });
        // Without the cookie of somebody who is logged in.
        const response = await fetch("/meeting/join", { method: "POST", headers: { "Content-Type": "application/json" }, body: order, credentials: "omit" });
        const seat = await response.json();
        if (!response.ok) return refused.push(`${response.status} ${seat.detail}: ${string}`);
        const socket = new WebSocket(new URL(seat.socket, location.href.replace(/^http/, "ws")));
        globalThis.__crowd.push(socket);
        const say = (packet) => socket.send(JSON.stringify({ meeting_id: meeting, ...packet }));
        await new Promise((resolve, reject) => {
          socket.onopen = () => say({ content_type: "JOIN", ticket: seat.ticket, version: 1 });
          socket.onclose = () => reject(new Error(`closed: ${string}`));
          socket.onmessage = ({ data }) => {
            const { content_type: type } = JSON.parse(data);
            if (type !== "WELCOME") return;
            say({ content_type: "CHAT", id: crypto.randomUUID(), text: string });
            resolve();
          };
        });
      };
      for (const string of all) await guest(string).catch((error) => refused.push(String(error)));
      return refused;
    },
    [id, strings],
  );
}
