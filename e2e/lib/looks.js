// How a page looks to people with different eyes, hands and screens. The screenshots are for looking at.

import assert from "node:assert/strict";
import { barriers, overflow, unreachable } from "./accessible.js";

const PHONE = [360, 640];
const DESK = [1280, 800];
/** What a desk becomes when somebody enlarges the page four times (WCAG 1.4.10). */
const ENLARGED = [320, 480];

/**
 * What is wrong with a page, as lines to read: what is serious for axe-core, what scrolls sideways, and controls that no finger finds.
 * `name` is the screenshots'. A page that is also `enlarged` or `mirrored` is looked at once more in that state. `brief`: each size has
 * one of the themes, where a whole set would take minutes.
 */
export async function faults(tab, name, { enlarged = false, mirrored = false, brief = false } = {}) {
  const found = [];
  const look = async (at, theme, size, { withAxe = true } = {}) => {
    await tab.resize(...size);
    await tab.ask((chosen) => (document.documentElement.dataset.theme = chosen), theme);
    await settled(tab);
    await tab.screenshot(`${name}-${at}`);
    const wrong = [...(withAxe ? await barriers(tab) : []), ...(await overflow(tab)), ...(await unreachable(tab))];
    found.push(...wrong.map((line) => `${name}, ${at}: ${line}`));
  };
  for (const theme of ["light", "dark"]) {
    const sizes = !brief ? [PHONE, DESK] : theme === "light" ? [PHONE] : [DESK];
    for (const size of sizes) await look(`${theme}-${size[0]}`, theme, size);
  }
  if (enlarged) await look(`enlarged-${ENLARGED[0]}`, "light", ENLARGED, { withAxe: false });
  if (mirrored) {
    await tab.ask(() => (document.documentElement.dir = "rtl"));
    for (const size of [PHONE, DESK]) await look(`mirrored-${size[0]}`, "light", size, { withAxe: false });
    await tab.ask(() => (document.documentElement.dir = "ltr"));
  }
  await tab.resize(...DESK);
  return found;
}

export const looksRight = async (tab, name) => assert.deepEqual(await faults(tab, name), []);

/** Colours go over to others in 140 ms, tiles to other places in 160 ms; what moves for ever is not waited for. */
function settled(tab) {
  return tab.ask(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const ends = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.race([Promise.all(ends.map((animation) => animation.finished.catch(() => undefined))), new Promise((resolve) => setTimeout(resolve, 1000))]);
  });
}
