// What keeps people out who use a page without eyes, without a mouse, or on a small screen.

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

/**
 * Controls that cannot be pressed: out of the window even after scrolling to them, or under something else. While a dialog is open, only its
 * own are to be reached.
 */
export function unreachable(tab) {
  return tab.ask(() => {
    const scope = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
    const lost = [];
    for (const control of scope.querySelectorAll("button, a[href], input, select, textarea, summary")) {
      if (control.disabled || control.type === "file" || control.matches(".skip") || !control.checkVisibility({ visibilityProperty: true })) continue;
      // A choice is pressed by its label; the circle may be hidden.
      const pressed = ["radio", "checkbox"].includes(control.type) ? (control.closest("label") ?? control) : control;
      pressed.scrollIntoView({ block: "nearest", inline: "nearest" });
      const box = pressed.getBoundingClientRect();
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      const name = control.dataset.testid ?? control.getAttribute("aria-label") ?? control.textContent.trim().slice(0, 30);
      const hit = document.elementFromPoint(x, y);
      if (box.left < -1 || box.right > innerWidth + 1 || hit === null) lost.push(`${name} is out of the window`);
      else if (!pressed.contains(hit)) lost.push(`${name} is under ${hit.tagName}.${hit.className}`);
    }
    scrollTo(0, 0);
    return lost;
  });
}
