// What a person in front of a tab would say: is there a picture, does it move, does it go on.

import assert from "node:assert/strict";
import { until } from "./until.js";

/** Entries of getStats() of one type, of all connections that are open. */
export function statistics(tab, type) {
  return tab.ask(async (wanted) => {
    const found = [];
    for (const connection of globalThis.__connections ?? []) {
      if (connection.connectionState === "closed") continue;
      for (const report of (await connection.getStats()).values()) {
        if (report.type === wanted) found.push({ ...report });
      }
    }
    return found;
  }, type);
}

/** What has been received of the video that is playing. */
export async function video(tab) {
  const inbound = (await statistics(tab, "inbound-rtp")).filter((report) => report.kind === "video");
  const best = inbound.sort((a, b) => (b.framesDecoded ?? 0) - (a.framesDecoded ?? 0))[0];
  return {
    framesDecoded: best?.framesDecoded ?? 0,
    keyFramesDecoded: best?.keyFramesDecoded ?? 0,
    packetsLost: best?.packetsLost ?? 0,
    freezeCount: best?.freezeCount ?? 0,
    width: best?.frameWidth ?? 0,
    height: best?.frameHeight ?? 0,
  };
}

/** Packets of sound received so far. */
export async function soundPackets(tab) {
  const inbound = (await statistics(tab, "inbound-rtp")).filter((report) => report.kind === "audio");
  return inbound.reduce((sum, report) => sum + (report.packetsReceived ?? 0), 0);
}

/**
 * The picture of the largest video on the page, as a canvas sees it: how bright, how varied (0 is one flat colour),
 * and a number that changes with it. Null while nothing can be drawn.
 */
export function picture(tab) {
  return tab.ask(() => {
    const videos = [...document.querySelectorAll("video")].filter((element) => element.videoWidth > 0);
    const largest = videos.sort((a, b) => b.videoWidth - a.videoWidth)[0];
    if (largest === undefined) return null;
    const canvas = document.createElement("canvas");
    canvas.width = 64;
    canvas.height = 36;
    const context = canvas.getContext("2d");
    context.drawImage(largest, 0, 0, 64, 36);
    const pixels = context.getImageData(0, 0, 64, 36).data;
    const brightness = [];
    let print = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      brightness.push((pixels[i] + pixels[i + 1] + pixels[i + 2]) / 3);
      print = (print * 31 + pixels[i] + pixels[i + 1] * 3 + pixels[i + 2] * 7) >>> 0;
    }
    const mean = brightness.reduce((a, b) => a + b) / brightness.length;
    const spread = Math.max(...brightness) - Math.min(...brightness);
    return { width: largest.videoWidth, height: largest.videoHeight, mean, spread, print };
  });
}

/** The mean colour of the largest video on the page, as `{ red, green, blue }`; null while nothing can be drawn. */
export function colour(tab) {
  return tab.ask(() => {
    const videos = [...document.querySelectorAll("video")].filter((element) => element.videoWidth > 0);
    const largest = videos.sort((a, b) => b.videoWidth - a.videoWidth)[0];
    if (largest === undefined) return null;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 16;
    const context = canvas.getContext("2d");
    context.drawImage(largest, 0, 0, 16, 16);
    const pixels = context.getImageData(0, 0, 16, 16).data;
    const mean = (offset) => pixels.reduce((sum, value, i) => (i % 4 === offset ? sum + value : sum), 0) / (pixels.length / 4);
    return { red: mean(0), green: mean(1), blue: mean(2) };
  });
}

/** Frames are decoded, the picture is not black, and it changes. Returns what was seen. */
export async function seesMovingPicture(tab, { frames = 20, seconds = 30 } = {}) {
  const before = await video(tab);
  const after = await until(
    `${tab.browser} decodes ${frames} more frames than ${before.framesDecoded}`,
    async () => {
      const now = await video(tab);
      return now.framesDecoded >= before.framesDecoded + frames && now;
    },
    { seconds },
  );
  const first = await until(`${tab.browser} shows something`, () => picture(tab));
  assert.ok(first.mean > 8, `the picture is black: ${JSON.stringify(first)}`);
  const changed = await until(`the picture in ${tab.browser} moves`, async () => (await picture(tab)).print !== first.print);
  assert.ok(changed);
  return { ...after, ...first };
}

/** Sound arrives. */
export async function hearsSound(tab) {
  const before = await soundPackets(tab);
  await until(`${tab.browser} receives sound`, async () => (await soundPackets(tab)) > before + 25);
}
