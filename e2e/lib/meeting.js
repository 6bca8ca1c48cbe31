// What people see and do inside a meeting on Weir's page.

import { until } from "./until.js";

/** Comes in by the link, under this name, as a guest. */
export async function enterAsGuest(tab, weir, id, name) {
  await tab.goto(`${weir.url}/m/${id}`);
  await tab.fill("join-name", name);
  await enter(tab);
}

/** Presses "Join" at the door. */
export async function enter(tab) {
  await tab.click("join");
  await until("the meeting", async () => (await tab.text("leave")) !== null);
}

/** The tiles by the names on them: pictures shown so far, and how large they are; null where there is none. */
export function tiles(tab) {
  return tab.ask(() =>
    Object.fromEntries(
      [...document.querySelectorAll('[data-testid="tile"]')].map((tile) => {
        const video = tile.querySelector("video");
        const shown = video === null ? null : { pictures: video.getVideoPlaybackQuality().totalVideoFrames, width: video.videoWidth, height: video.videoHeight };
        return [tile.querySelector(".who").textContent, shown];
      }),
    ),
  );
}

/** Waits until somebody's tile shows pictures that move. */
export function sees(tab, name, { seconds = 20 } = {}) {
  let before;
  return until(`${name} is seen`, async () => {
    const now = (await tiles(tab))[name]?.pictures ?? 0;
    const moves = before !== undefined && now > before + 3;
    before = before === undefined || now < before ? now : before;
    return moves;
  }, { seconds });
}

/** What was written, as it is read here. */
export function lines(tab) {
  return tab.ask(() => [...document.querySelectorAll('[data-testid="line"]')].map((line) => line.textContent));
}
