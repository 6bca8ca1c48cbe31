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
        // Firefox counts those of a stream under a name of its own.
        const pictures = video?.mozPaintedFrames ?? video?.getVideoPlaybackQuality().totalVideoFrames;
        const shown = video === null ? null : { pictures, width: video.videoWidth, height: video.videoHeight };
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

/** Shares a screen: a canvas in its place, because nothing headless has one. */
export async function shareSlides(tab) {
  await tab.ask(() => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1280, 720];
    const context = canvas.getContext("2d");
    let n = 0;
    setInterval(() => {
      context.fillStyle = "#fff";
      context.fillRect(0, 0, 1280, 720);
      context.fillStyle = "#036";
      context.font = "80px sans-serif";
      context.fillText(`slide ${(n += 1)}`, 100, 300);
    }, 100);
    navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(10);
  });
  await tab.click("share");
}

/**
 * Somebody's picture as this person sees it: its size, how bright and how varied it is (0 is one flat colour), and for each of `boxes`
 * (`[x, y, width, height]`, as shares of the picture) its mean colour and how sharp it is: by how much a pixel differs from its
 * neighbours, on average.
 */
export function portrait(tab, name, boxes = {}) {
  return tab.ask(
    ([who, wanted]) => {
      const tile = [...document.querySelectorAll('[data-testid="tile"]')].find((each) => each.querySelector(".who").textContent === who);
      const video = tile?.querySelector("video");
      if (!video || video.videoWidth === 0) return null;
      const canvas = document.createElement("canvas");
      const [width, height] = [(canvas.width = 640), (canvas.height = 360)];
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(video, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      const grey = new Float32Array(width * height);
      for (let i = 0; i < grey.length; i += 1) grey[i] = (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3;
      const look = ([x, y, w, h]) => {
        const [left, top, right, bottom] = [x * width, y * height, (x + w) * width, (y + h) * height].map(Math.round);
        let [sharp, n] = [0, 0];
        const colour = [0, 0, 0];
        for (let row = Math.max(1, top); row < Math.min(height - 1, bottom); row += 1) {
          for (let column = Math.max(1, left); column < Math.min(width - 1, right); column += 1) {
            const i = row * width + column;
            sharp += Math.abs(4 * grey[i] - grey[i - 1] - grey[i + 1] - grey[i - width] - grey[i + width]);
            for (const part of [0, 1, 2]) colour[part] += data[4 * i + part];
            n += 1;
          }
        }
        return { sharp: sharp / n, colour: colour.map((sum) => sum / n) };
      };
      return {
        width: video.videoWidth,
        height: video.videoHeight,
        mean: grey.reduce((sum, value) => sum + value, 0) / grey.length,
        spread: grey.reduce((most, value) => Math.max(most, value), 0) - grey.reduce((least, value) => Math.min(least, value), 255),
        boxes: Object.fromEntries(Object.entries(wanted).map(([key, box]) => [key, look(box)])),
      };
    },
    [name, boxes],
  );
}
