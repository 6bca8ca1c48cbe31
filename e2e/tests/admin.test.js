// Whoever looks after a server: sees who is here and how they fare, ends what has to end, and drains.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { focused, tabTo } from "../lib/accessible.js";
import { openChromium } from "../lib/browsers.js";
import { enter, enterAsGuest, sees } from "../lib/meeting.js";
import { looksRight } from "../lib/looks.js";
import { goLive } from "../lib/page.js";
import { newMeeting, signUp, wander } from "../lib/people.js";
import { until } from "../lib/until.js";
import { Weir } from "../lib/weir.js";

describe("admin", () => {
  let weir;
  let chromium;
  let admin;
  before(async () => {
    weir = await Weir.start("admin");
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    await weir?.stop();
  });

  test("at the machine itself the page opens, and says that nobody is here", async () => {
    admin = await chromium.tab(weir.url);
    await wander(admin, "/admin");
    await until("the node's facts", async () => (await admin.text("facts")) !== null);
    assert.match(await admin.text("facts"), /Weir .* · up .* · 0 sessions of/);
    assert.equal(await count(admin, "worker"), 2, "one card for each worker");
    await looksRight(admin, "admin-empty");
  });

  test("a stream and its viewer are seen, the numbers move, and a session says how it fares", async () => {
    const publisher = await chromium.tab();
    await goLive(publisher, weir, "market");
    const viewer = await chromium.tab(`${weir.url}/watch/market`);
    await until("the viewer sees it", async () => (await viewer.attribute("situation", "data-kind")) === "fine");
    await until("the room is listed, live", async () => /Live.*market.*1 publisher · 1 viewer/.test(await admin.text("room-market")));
    const sent = async () => (await admin.text("sent")) ?? "";
    await until("something is sent", async () => /[1-9]/.test(await sent()), { seconds: 20 });
    const before = await sent();
    await until("the number moves", async () => (await sent()) !== before, { seconds: 20 });
    await until("the plot has a line", () => admin.ask(() => document.querySelector('[data-testid="sent"] polyline') !== null));
    const told = (kind) => admin.ask((what) => document.querySelector(`[data-testid="event"][data-kind="${what}"]`)?.textContent ?? "", kind);
    await until("the log tells of the stream", async () => /A stream began.*market/.test(await told("stream.published")));
    await until("and of the viewer", async () => /A viewer came.*market/.test(await told("viewer.joined")));

    // With nothing but a keyboard.
    await tabTo(admin, "room-market");
    await admin.press("Enter");
    await until("its sessions", async () => (await count(admin, "session")) === 2);
    await tabTo(admin, "session-viewer");
    await admin.press("Enter");
    await until("the session's tracks", async () => (await count(admin, "track")) > 0);
    await until("the picture plays", () => admin.ask(() => document.querySelector('[data-testid="track"][data-verdict="playing"]') !== null));
    const detail = await admin.text("session-detail");
    assert.match(detail, /127\.0\.0\.1:\d+/, "its path");
    assert.match(detail, /VP8/);
    assert.match(await admin.text("session-viewer"), /Plays/);
    await looksRight(admin, "admin-session");
    await looksLikeGerman(admin);

    await tabTo(admin, "end-session");
    await admin.press("Enter");
    await until("the focus is on the reason", async () => (await focused(admin)) === "end-session-reason");
    await admin.press("Escape");
    await until("nothing has happened", async () => (await focused(admin)) === "end-session");
    assert.equal(await viewer.attribute("situation", "data-kind"), "fine");
    await admin.press("Enter");
    await until("the focus is on the reason again", async () => (await focused(admin)) === "end-session-reason");
    await admin.type("The market closes");
    await looksRight(admin, "admin-removal");
    await tabTo(admin, "end-session-sure");
    await admin.press("Enter");
    await until("the viewer's page says why", async () => /disconnected you.*The market closes/s.test(await viewer.text("situation")));
    assert.equal(await viewer.attribute("situation", "data-kind"), "failed", "and does not come back by itself");
    await viewer.screenshot("admin-removed-viewer");
    await until("one session is left", async () => (await count(admin, "session")) === 1);
    // Somebody who comes back by themselves may.
    await viewer.click("try-now");
    await until("the viewer sees it again", async () => (await viewer.attribute("situation", "data-kind")) === "fine");
    await Promise.all([publisher, viewer].map((tab) => tab.close()));
  });

  test("a meeting shows its people, and who is removed reads why", async () => {
    const host = await chromium.tab();
    await signUp(host, weir, { name: "Ann", email: "ann@example.org" });
    const id = await newMeeting(host);
    await enter(host);
    const guest = await chromium.tab();
    await enterAsGuest(guest, weir, id, "Bo");
    await sees(guest, "Ann");
    await until("the meeting is listed", async () => /Meeting.*2 people/.test((await admin.text(`room-~${id}`)) ?? ""));
    await admin.click(`room-~${id}`);
    await until("both are named", async () => (await count(admin, "person")) === 2);
    assert.match(await admin.text("people-inside"), /Ann.*Host.*Bo.*Participant/s);
    await until("their connections have names", () =>
      admin.ask(() => {
        const named = [...document.querySelectorAll('[data-testid="session"] .who .name')].map((name) => name.textContent);
        return named.includes("Ann") && named.includes("Bo");
      }),
    );
    await looksRight(admin, "admin-meeting");
    await admin.ask(() => [...document.querySelectorAll('[data-testid="remove-person"]')].find((button) => button.getAttribute("aria-label") === "Remove Bo").click());
    await admin.fill("remove-person-reason", "Wrong meeting");
    await admin.click("remove-person-sure");
    await until("Bo's page says who and why", () => guest.ask(() => /Whoever runs this server.*Wrong meeting/s.test(document.body.textContent)));
    await guest.screenshot("admin-removed-person");
    await until("Ann is left", async () => (await count(admin, "person")) === 1);
    await Promise.all([host, guest].map((tab) => tab.close()));
  });

  test("a node that drains takes nobody, keeps who is here, and can be asked to go on", async () => {
    const publisher = await chromium.tab();
    await goLive(publisher, weir, "late");
    await admin.click("drain");
    await looksRight(admin, "admin-drain");
    await admin.click("drain-keep");
    await until("asked again", async () => (await admin.text("drain")) !== null);
    await admin.click("drain");
    await admin.click("drain-sure");
    await until("it drains", async () => (await admin.attribute("drain-state", "data-state")) === "draining");
    assert.equal((await fetch(`${weir.url}/readyz`)).status, 503);
    const viewer = await chromium.tab(`${weir.url}/watch/late`);
    await until("who comes is told", async () => /being restarted/.test(await viewer.text("situation")));
    await until("who was here is counted", async () => /[1-9]\d* (is|are) left/.test(await admin.text("drain-state")));
    await looksRight(admin, "admin-draining");
    await admin.click("undrain");
    await until("the viewer comes in by itself", async () => (await viewer.attribute("situation", "data-kind")) === "fine", { seconds: 30 });
    assert.equal((await fetch(`${weir.url}/readyz`)).status, 200);
    await Promise.all([publisher, viewer].map((tab) => tab.close()));
    await admin.close();
  });

  test("somebody else is refused and told what to do, and a token opens the page", async () => {
    const strict = await Weir.start("admin-strict", { args: ["--auth", "token"] });
    try {
      const tab = await chromium.tab(strict.url);
      await wander(tab, "/admin");
      await until("it asks to log in", async () => (await tab.text("log-in-first")) !== null);
      await looksRight(tab, "admin-login");
      await signUp(tab, strict, { name: "Cem", email: "cem@example.org" });
      await wander(tab, "/admin");
      await until("it says who could", async () => /weir account grant cem@example.org admin/.test((await tab.text("refused")) ?? ""));
      await looksRight(tab, "admin-refused");
      await tab.fill("admin-token", await strict.token("--room", "*", "--subscribe"));
      await tab.click("admin-token-use");
      await until("a viewer's token is none", () => tab.ask(() => document.querySelector(".note.problem")?.textContent.includes("weir token create --admin")));
      await tab.fill("admin-token", await strict.token("--admin"));
      await tab.click("admin-token-use");
      await until("the node's facts", async () => (await tab.text("facts")) !== null);
      assert.deepEqual(tab.console.filter((line) => line.startsWith("uncaught")), []);
      await tab.close();
    } finally {
      await strict.stop();
    }
  });
});

const count = (tab, testid) => tab.ask((id) => document.querySelectorAll(`[data-testid="${id}"]`).length, testid);

async function looksLikeGerman(tab) {
  await tab.choose("language", "de");
  await until("it speaks German", () => tab.ask(() => document.querySelector("h1").textContent === "Verwaltung"));
  await looksRight(tab, "admin-german");
  await tab.choose("language", "en");
  await until("it speaks English", () => tab.ask(() => document.querySelector("h1").textContent === "Administration"));
}
