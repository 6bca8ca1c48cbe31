// What a person does with Weir's page.

import { until } from "./until.js";
import { statistics } from "./seen.js";

/** Opens the page, chooses, presses "Go live", and waits until media is being sent. */
export async function goLive(tab, weir, room, { codec = "VP8", simulcast = false, quality = "saver" } = {}) {
  await tab.goto(`${weir.url}/live/${room}`);
  await startStreaming(tab, { codec, simulcast, quality });
}

/** The same on a page that is open already, for example after a reload. */
export async function startStreaming(tab, { codec = "VP8", simulcast = false, quality = "saver" } = {}) {
  await tab.choose("quality", quality);
  await tab.choose("codec", codec);
  if ((await tab.attribute("simulcast", "aria-checked")) !== String(simulcast)) await tab.click("simulcast");
  await tab.click("go-live");
  await until("media is sent", async () => (await sentFrames(tab)) > 0 || whyNot(tab));
}

/** Frames sent, all layers together. */
export async function sentFrames(tab) {
  return (await layers(tab)).reduce((sum, layer) => sum + (layer.framesSent ?? 0), 0);
}

/** The encodings that are being sent. */
export async function layers(tab) {
  return (await statistics(tab, "outbound-rtp")).filter((report) => report.kind === "video");
}

/** Opens the page that watches a room. */
export async function watch(browser, weir, room) {
  return browser.tab(`${weir.url}/watch/${room}`);
}

/** An error the page shows is a better end of a wait than a time-out. */
async function whyNot(tab) {
  const problem = (await tab.text("live-problem")) ?? (await tab.text("device-problem"));
  if (problem !== null) throw new Error(`the page says: ${problem}`);
  return false;
}
