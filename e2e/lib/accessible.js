// What keeps people out who use a page without eyes, without a mouse, or on a small screen.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core finds that is serious or critical, as lines to read. Runs beside the page: its policy does not concern it. */
export async function barriers(tab) {
  await tab.ask(AXE);
  const found = await tab.ask(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
    return violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, where: nodes.slice(0, 3).map((node) => node.target.join(" ")) }));
  });
  return found.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, help, where }) => `${id}: ${help} (${where.join(", ")})`);
}

/** What is wider than the window, and so makes the page scroll sideways. */
export function overflow(tab) {
  return tab.ask(() => {
    const excess = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (excess <= 0) return [];
    const wide = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > innerWidth + 1 || element.getBoundingClientRect().left < -1);
    return [`${excess} px too wide: ${wide.slice(0, 4).map((element) => `${element.tagName}.${element.className}`).join(", ")}`];
  });
}

/** Presses Tab until the element with this test id has the focus, as somebody does who has only a keyboard. */
export async function tabTo(tab, testid, { presses = 60 } = {}) {
  for (let i = 0; i < presses; i += 1) {
    if ((await focused(tab)) === testid) return;
    await tab.press("Tab");
  }
  throw new Error(`${presses} presses of Tab do not reach ${testid}; the focus is on ${await focused(tab)}`);
}

export const focused = (tab) => tab.ask(() => document.activeElement?.getAttribute("data-testid") ?? document.activeElement?.tagName ?? null);

/** Nothing serious for axe-core, and nothing that scrolls sideways, light and dark, small and large; the screenshots are for eyes. */
export async function looksRight(tab, name) {
  const found = [];
  for (const theme of ["light", "dark"]) {
    for (const [width, height] of [[360, 640], [1280, 800]]) {
      await tab.resize(width, height);
      await tab.ask((chosen) => (document.documentElement.dataset.theme = chosen), theme);
      // Colours go over to the others in 140 ms.
      await tab.ask(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
      const at = `${name}, ${theme}, ${width} px`;
      found.push(...[...(await barriers(tab)), ...(await overflow(tab))].map((line) => `${at}: ${line}`));
      await tab.screenshot(`${name}-${theme}-${width}`);
    }
  }
  assert.deepEqual(found, []);
}
