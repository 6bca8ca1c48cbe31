// What cameras and microphones are given to see and hear, so that what comes of it can be measured.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { E2E } from "./place.js";

/** The outline of the person in the photograph, which is 512 by 512 for this purpose. */
const OUTLINE = [
  [20, 512], [25, 440], [22, 400], [40, 290], [75, 250], [110, 222], [113, 190], [125, 165], [160, 150], [185, 148], [178, 125], [165, 105], [153, 80],
  [158, 50], [180, 28], [215, 15], [250, 18], [280, 35], [298, 60], [300, 90], [290, 115], [275, 130], [268, 152], [258, 175], [290, 195], [305, 240],
  [335, 262], [352, 290], [362, 345], [330, 365], [295, 400], [275, 440], [278, 512],
];

/** Where to look in that picture, as shares of it: a face, something sewn to a suit, and what is behind on both sides. */
export const BOXES = { face: [0.42, 0.12, 0.1, 0.22], badge: [0.36, 0.66, 0.1, 0.17], left: [0.02, 0.05, 0.18, 0.55], right: [0.68, 0.05, 0.3, 0.55] };

/** Writes a film for a camera: a person in front of a chessboard, as sharp as can be. Drawn by any tab. */
export async function filmPerson(tab, file) {
  const photograph = readFileSync(join(E2E, "pictures/astronaut.jpg")).toString("base64");
  const frames = await tab.ask(
    async ([data, outline]) => {
      const photo = await createImageBitmap(await (await fetch(`data:image/jpeg;base64,${data}`)).blob());
      const canvas = new OffscreenCanvas(640, 360);
      const context = canvas.getContext("2d");
      const frames = [];
      for (const shift of [0, 1]) {
        for (let y = 0; y < 360; y += 12) {
          for (let x = 0; x < 640; x += 12) {
            context.fillStyle = (x + y) % 24 === 0 ? "#f0f0f0" : "#202020";
            context.fillRect(x, y, 12, 12);
          }
        }
        context.save();
        // It moves by a hair, as people do: a picture that never changes is sent as one.
        context.translate(140 + shift, 0);
        context.scale(360 / 512, 360 / 512);
        context.beginPath();
        for (const [x, y] of outline) context.lineTo(x, y);
        context.clip();
        context.drawImage(photo, 0, 0, 512, 512);
        context.restore();
        const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 })).arrayBuffer());
        frames.push(btoa(String.fromCharCode(...bytes)));
      }
      return frames;
    },
    [photograph, OUTLINE],
  );
  const film = frames.map((frame) => Buffer.from(frame, "base64"));
  // A second each, so that it is not all the time that something moves.
  writeFileSync(file, Buffer.concat(Array.from({ length: 40 }, (_, i) => film[i < 20 ? 0 : 1])));
}

const RATE = 48_000;

/** Writes ten seconds of even noise for a microphone, of this amplitude. */
export function recordNoise(file, amplitude) {
  const samples = new Int16Array(10 * RATE);
  let seed = 1;
  for (let i = 0; i < samples.length; i += 1) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    samples[i] = amplitude * 32_767 * (seed / 2 ** 31 - 1);
  }
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  // PCM, one channel, two bytes a sample.
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(2 * RATE, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(samples.byteLength, 40);
  writeFileSync(file, Buffer.concat([header, Buffer.from(samples.buffer)]));
}
