// What is done to pictures and sound before they are sent, judged by what arrives at somebody else.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openChromium, openFirefox } from "../lib/browsers.js";
import { enter, enterAsGuest, portrait, sees, tiles } from "../lib/meeting.js";
import { newMeeting, signUp } from "../lib/people.js";
import { statistics } from "../lib/seen.js";
import { BOXES, filmPerson, recordNoise } from "../lib/staged.js";
import { sleep, until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

/** Of the sharpness that a background has as it is. */
const BLURRED = 0.2;
/** Of the sharpness that a person has: coding at another moment costs some of it. */
const STILL_SHARP = 0.6;
/** By how much a colour may change on the way through a mask and two codecs. */
const ALIKE = 30;
const QUIETER_DB = 15;

describe("effects", () => {
  let folder;
  let weir;
  let sender;
  let receiver;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "weir-staged-"));
    weir = await Weir.start("effects", { media: ALL });
    receiver = await openChromium();
    const [camera, microphone] = [join(folder, "person.mjpeg"), join(folder, "noise.wav")];
    const studio = await receiver.tab();
    await filmPerson(studio, camera);
    await studio.close();
    recordNoise(microphone, 0.05);
    sender = await openChromium({ camera, microphone });
  });
  after(async () => {
    for (const browser of [sender, receiver]) await browser?.close();
    await weir?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("others see what was chosen to be behind somebody, and the person as sharp as before; and they are spared the noise", async (t) => {
    const ann = await sender.tab();
    await signUp(ann, weir, { name: "Ann", email: "ann@example.org" });
    const id = await newMeeting(ann);
    await until("Ann sees herself", async () => (await ann.text("preview")) !== null);
    await enter(ann);
    const bo = await receiver.tab();
    await enterAsGuest(bo, weir, id, "Bo");
    await sees(bo, "Ann");
    const look = async () => {
      const seen = await portrait(bo, "Ann", BOXES);
      return seen !== null && { ...seen.boxes, width: seen.width };
    };
    const background = ({ left, right }) => Math.min(left.sharp, right.sharp);
    const person = ({ face, badge }) => Math.min(face.sharp, badge.sharp);
    const plain = await until("the picture is as sharp as the film", async () => {
      const boxes = await look();
      return boxes.width >= 320 && background(boxes) > 25 && person(boxes) > 5 && boxes;
    }, { seconds: 40 });
    const say = (what, boxes) => t.diagnostic(`${what}, ${boxes.width} wide: background ${background(boxes).toFixed(1)}, person ${person(boxes).toFixed(1)}, left ${boxes.left.colour.map(Math.round)}`);
    say("as it is", plain);
    await bo.screenshot("effects-none");

    await ann.click("more");
    await ann.click("devices");
    const chosen = async (name, is) => {
      await ann.click(`background-${name}`);
      const boxes = await until(`others see the background «${name}»`, async () => {
        const now = await look();
        return now && is(now) && near(now.face.colour, plain.face.colour) && now;
      }, { seconds: 60 });
      say(name, boxes);
      await bo.screenshot(`effects-${name}`);
      return boxes;
    };
    // A larger layer is as good, a smaller one has lost what is looked for.
    const stillSharp = (boxes) => boxes.width >= plain.width && person(boxes) > STILL_SHARP * person(plain);
    await chosen("blur", (boxes) => stillSharp(boxes) && Math.max(boxes.left.sharp, boxes.right.sharp) < BLURRED * background(plain));
    const [before, began] = [await decoded(bo), performance.now()];
    await sleep(3000);
    t.diagnostic(`blurred, ${((1000 * (await decoded(bo) - before)) / (performance.now() - began)).toFixed(1)} frames a second arrive`);
    await ann.screenshot("effects-choice");

    const like = (wanted) => (boxes) => ["left", "right"].every((side) => near(boxes[side].colour, wanted[side]));
    await chosen("lake", like(await painted(ann, "lake")));
    await chosen("night", like(await painted(ann, "night")));
    // Nothing of the room is left.
    const own = [90, 140, 110];
    await offer(ann, "own.png", own);
    await chosen("own", like({ left: own, right: own }));
    await ann.ask(() => {
      const rest = new DataTransfer();
      rest.items.add(new File(["<svg/>"], "x.png", { type: "image/png" }));
      const input = document.querySelector('[data-testid="background-file"]');
      input.files = rest.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    await until("what is no picture is said", async () => (await ann.text("background-file-problem"))?.includes("cannot read"));
    await chosen("none", (boxes) => boxes.width >= plain.width && background(boxes) > 0.7 * background(plain));

    await ann.choose("noise", "off");
    const loud = await until("the noise is heard", async () => {
      const level = await decibels(bo);
      return level > -45 && level;
    }, { seconds: 30 });
    await ann.choose("noise", "strong");
    const quiet = await until("and is taken away", async () => {
      const level = await decibels(bo);
      return level < loud - QUIETER_DB && level;
    }, { seconds: 30 });
    t.diagnostic(`noise of ${loud.toFixed(1)} dB as it is, and ${quiet.toFixed(1)} dB when it is reduced strongly`);
    assert.equal(await ann.text("noise-problem"), null, "the browser can do it");

    // Chosen once, it holds the next time, and one's own picture is still there.
    await ann.click("background-own");
    await ann.click("leave");
    await ann.click("rejoin");
    await until("one's own picture is chosen", async () => (await ann.attribute("background-own", "data-chosen")) === "true");
    await ann.reload();
    await until("also by a fresh page", async () => (await ann.attribute("background-own", "data-chosen")) === "true");
    await until("which shows it", () => ann.ask(() => document.querySelector("[data-testid=preview]")?.videoWidth > 0), { seconds: 60 });
    await ann.screenshot("effects-remembered");
    const hosts = await ann.ask(() => [...new Set(performance.getEntriesByType("resource").map((entry) => new URL(entry.name).host).filter((host) => host !== ""))]);
    assert.deepEqual(hosts, [new URL(weir.url).host], "nothing comes from elsewhere");
    for (const tab of [ann, bo]) assert.deepEqual(tab.console.filter((line) => /uncaught|Content Security Policy/.test(line)), []);
    await Promise.all([ann, bo].map((tab) => tab.close()));
  });

  test("a browser that cannot hide a background says so, and shows nothing of the room until it may", async (t) => {
    // The network runs on the processor, but what it answers is read through WebGL.
    const firefox = await openFirefox({ preferences: { "webgl.disabled": true } });
    t.after(() => firefox.close());
    const ann = await firefox.tab();
    await signUp(ann, weir, { name: "Ann", email: "ann@example.net" });
    const id = await newMeeting(ann);
    await ann.click("background-dunes");
    await until("it is said", async () => (await ann.text("background-problem")) !== null, { seconds: 60 });
    await ann.screenshot("effects-cannot");
    await enter(ann);
    const bo = await receiver.tab();
    await enterAsGuest(bo, weir, id, "Bo");
    await until("Ann's tile", async () => "Ann" in (await tiles(bo)));
    await sleep(2000);
    assert.equal((await tiles(bo)).Ann, null, "others see no picture");
    await ann.click("more");
    await ann.click("devices");
    await ann.click("background-show");
    await sees(bo, "Ann", { seconds: 30 });
    assert.equal(await ann.text("background-problem"), null);
    assert.deepEqual(ann.console.filter((line) => /Content.Security.Policy/i.test(line)), []);
    await Promise.all([ann, bo].map((tab) => tab.close()));
  });
});

const near = (colour, wanted) => colour.every((part, i) => Math.abs(part - wanted[i]) < ALIKE);

/** What our own picture has where a background is looked at, as its small picture on the page shows it. */
function painted(tab, scene) {
  return tab.ask(
    ([name, boxes]) => {
      const canvas = document.querySelector(`[data-testid="background-${name}"] canvas`);
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const mean = ([x, y, w, h]) => {
        const sum = [0, 0, 0, 0];
        for (let row = Math.round(y * canvas.height); row < (y + h) * canvas.height; row += 1) {
          for (let column = Math.round(x * canvas.width); column < (x + w) * canvas.width; column += 1) {
            for (const part of [0, 1, 2]) sum[part] += data[4 * (row * canvas.width + column) + part];
            sum[3] += 1;
          }
        }
        return sum.slice(0, 3).map((total) => total / sum[3]);
      };
      return { left: mean(boxes.left), right: mean(boxes.right) };
    },
    [scene, BOXES],
  );
}

/** Hands the page a file of one colour, as somebody does who chooses one from a disk. */
function offer(tab, name, [red, green, blue]) {
  return tab.ask(
    async ([file, colour]) => {
      const canvas = new OffscreenCanvas(800, 800);
      const context = canvas.getContext("2d");
      context.fillStyle = `rgb(${colour.join(" ")})`;
      context.fillRect(0, 0, 800, 800);
      const chosen = new DataTransfer();
      chosen.items.add(new File([await canvas.convertToBlob()], file, { type: "image/png" }));
      const input = document.querySelector('[data-testid="background-file"]');
      input.files = chosen.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    },
    [name, [red, green, blue]],
  );
}

async function decoded(tab) {
  const pictures = (await statistics(tab, "inbound-rtp")).filter((report) => report.kind === "video");
  return Math.max(0, ...pictures.map((report) => report.framesDecoded ?? 0));
}

/** How loud what is heard is, over two seconds. */
async function decibels(tab) {
  const energy = async () => {
    const voices = (await statistics(tab, "inbound-rtp")).filter((report) => report.kind === "audio");
    return voices.reduce((sum, report) => sum + (report.totalAudioEnergy ?? 0), 0);
  };
  const before = await energy();
  await sleep(2000);
  return 10 * Math.log10(((await energy()) - before) / 2 + 1e-9);
}
