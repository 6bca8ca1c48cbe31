// The real network on sound that is made here: a voice of glottal pulses and formants, and noise of which every sample is known.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Framer } from "../src/media/noise/framer";
import { FRAME, RATE, Rnnoise } from "../src/media/noise/rnnoise";

const module = new WebAssembly.Module(readFileSync(new URL("../node_modules/@sapphi-red/web-noise-suppressor/dist/rnnoise_simd.wasm", import.meta.url)));

/** A block of the Web Audio API. */
const BLOCK = 128;
const VOWELS = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [300, 870, 2240],
  [530, 1840, 2480],
] as const;

/** Says vowels in every other second, four of them each time. */
function voice(seconds: number): Float32Array {
  const said = new Float32Array(seconds * RATE);
  const rings = [0, 1, 2].map(() => ({ last: 0, before: 0 }));
  let phase = 0;
  for (let i = 0; i < said.length; i += 1) {
    const t = i / RATE;
    const along = (t * 4) % 1;
    phase += (120 + 20 * Math.sin(4.4 * t) + 10 * Math.sin(18.8 * t)) / RATE;
    const pulse = phase >= 1 ? 1 : 0;
    phase %= 1;
    const vowel = VOWELS[Math.floor(t * 4) % VOWELS.length] ?? VOWELS[0];
    let sample = 0;
    rings.forEach((ring, n) => {
      const r = Math.exp((-Math.PI * (80 + 40 * n)) / RATE);
      const out = pulse * (1 - r) + 2 * r * Math.cos((2 * Math.PI * (vowel[n] ?? 0)) / RATE) * ring.last - r * r * ring.before;
      ring.before = ring.last;
      ring.last = out;
      sample += out / (n + 1);
    });
    said[i] = Math.floor(t) % 2 === 0 ? sample * Math.sin(Math.PI * along) ** 0.7 : 0;
  }
  const loudest = said.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return said.map((sample) => (0.4 * sample) / loudest);
}

function noise(length: number, amplitude: number): Float32Array {
  let seed = 1;
  return new Float32Array(length).map(() => {
    seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
    return amplitude * ((seed / 2 ** 31) - 1);
  });
}

function cleaned(sound: Float32Array): Float32Array {
  const rnnoise = new Rnnoise(module);
  const framer = new Framer(FRAME, (frame) => rnnoise.clean(frame));
  const out = new Float32Array(sound.length);
  for (let at = 0; at < sound.length; at += BLOCK) framer.push(sound.subarray(at, at + BLOCK), out.subarray(at, at + BLOCK));
  return out;
}

const decibels = (sound: Float32Array, from: number, to: number): number => {
  const part = sound.subarray(from * RATE, to * RATE);
  return 10 * Math.log10(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length + 1e-12);
};

test("noise goes, and the voice in it stays as loud as it was", () => {
  const said = voice(6);
  const disturbance = noise(said.length, 0.05);
  const heard = said.map((sample, i) => sample + (disturbance[i] ?? 0));
  const out = cleaned(heard);
  for (const second of [2, 4]) {
    const change = decibels(out, second + 0.2, second + 0.9) - decibels(said, second + 0.2, second + 0.9);
    expect(Math.abs(change), `the voice in second ${second}`).toBeLessThan(3);
  }
  for (const second of [3, 5]) {
    expect(decibels(heard, second + 0.2, second + 0.9) - decibels(out, second + 0.2, second + 0.9), `the noise in second ${second}`).toBeGreaterThan(20);
  }
});

test("blocks of any length come out as they went in, one frame later", () => {
  for (const block of [1, 100, 128, 480, 1000]) {
    const framer = new Framer(FRAME, () => undefined);
    const sound = noise(4800, 1);
    const out = new Float32Array(sound.length);
    for (let at = 0; at < sound.length; at += block) framer.push(sound.subarray(at, at + block), out.subarray(at, at + block));
    expect(out.subarray(FRAME), `blocks of ${block}`).toEqual(sound.subarray(0, Math.max(0, sound.length - FRAME)));
    expect(out.subarray(0, FRAME).every((sample) => sample === 0)).toBe(true);
  }
});
