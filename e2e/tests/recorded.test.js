// What ffmpeg's decoder makes of what viewers got: their H.264 in files, packet by packet as it came, while they are moved from
// room to room, publishers go and come again, and the idle screen stands in for them.
//
// A browser hides what its decoder could not use; here one word of the decoder's is a failure.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/browsers.js";
import { publishClock } from "../lib/clock.js";
import { reportOf, startLoad } from "../lib/load.js";
import { Program } from "../lib/programs.js";
import { ffmpegBinary, ffmpegPublishes } from "../lib/publishers.js";
import { sleep, until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

const FPS = 25;
/** How long viewers watch, within which publishers go and come again. */
const SECONDS = 30;
const AWAY_MS = 3000;
/** Bytes of a picture of each publisher, as ffmpeg counts them, and of the idle screen: what a viewer was shown. */
const PICTURES = { cat: bytes(480, 270), catAgain: bytes(512, 288), dog: bytes(320, 240), bird: bytes(320, 180), idle: bytes(640, 360) };
/** Of each NAL unit in the files. */
const START_CODE = Buffer.from([0, 0, 0, 1]);

describe("what viewers got, recorded", () => {
  let weir;
  let chromium;
  let folder;
  let decoded = 0;
  const programs = [];
  before(async () => {
    weir = await Weir.start("recorded", { media: ALL });
    chromium = await openChromium();
    folder = mkdtempSync(join(tmpdir(), "weir-recorded-"));
  });
  after(async () => {
    for (const program of programs) await program.stop();
    await chromium?.close();
    await weir?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const goesLive = (room) =>
    until(`${room} is live`, async () => {
      const { rooms } = await (await fetch(`${weir.url}/api/rooms`)).json();
      return rooms.some(({ name, live }) => name === room && live);
    });

  async function publish(room, size) {
    const ffmpeg = ffmpegPublishes(`recorded-${room}-${programs.length}`, weir.whip(room), { size });
    programs.push(ffmpeg);
    await goesLive(room);
    return ffmpeg;
  }

  /** Viewers of a room, moved through others if there are `rooms`. */
  function viewers(name, room, count, rooms, everyMs) {
    const moved = rooms === undefined ? [] : ["--switch", rooms.join(","), "--switch-ms", `${everyMs}`];
    const args = ["--record", join(folder, name), ...moved];
    return startLoad(weir, { room, publishers: 0, viewers: count, seconds: SECONDS, args });
  }

  /** What the decoder complains of, and the sizes of the frames it made. */
  async function decode(file) {
    const said = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+debug", "-xerror"];
    const input = ["-err_detect", "crccheck+bitstream+buffer+explode", "-i", file];
    const output = ["-noautoscale", "-fps_mode", "passthrough", "-f", "framemd5", "-y", `${file}.frames`];
    const program = new Program(`recorded-ffmpeg-${++decoded}`, ffmpegBinary(), [...said, ...input, ...output]);
    const code = await program.ends(120);
    const frames = readFileSync(`${file}.frames`, "utf8").split("\n").filter((line) => /^\d/.test(line));
    // Errors; and what it does not call one: a picture that was patched up is information to it, and one that is missing a remark.
    const complaints = program.output.split("\n").filter((line) => /\[(error|fatal|panic)\]|conceal|Frame num gap/.test(line));
    return { code, sizes: frames.map((line) => Number(line.split(",")[4])), complaints: complaints.slice(0, 5) };
  }

  const files = [];
  test("moved, left and resumed streams decode without a word, every picture of them", async (t) => {
    const cat = await publish("cat", "480x270");
    await publish("dog", "320x240");
    const bird = await chromium.tab(weir.url);
    await publishClock(bird, weir, "bird", { codec: "H264", keyframeMs: 2000 });
    await goesLive("bird");

    const loads = [
      viewers("restless", "cat", 4, ["dog", "bird", "cat"], 250),
      viewers("roaming", "bird", 3, ["cat", "nobody", "dog"], 2500),
      viewers("faithful", "cat", 2),
    ];
    programs.push(...loads);
    await sleep(6000);
    await cat.stop();
    await sleep(AWAY_MS);
    const again = await publish("cat", "480x270");
    await sleep(5000);
    // And once more with other parameter sets.
    await again.stop();
    await sleep(AWAY_MS);
    await publish("cat", "512x288");

    const expected = [
      ["cat", "dog", "bird"],
      ["bird", "cat", "idle", "dog"],
      ["cat", "idle", "catAgain"],
    ];
    for (const [n, load] of loads.entries()) {
      await load.ends(SECONDS + 60);
      const { own, switches, check, recorded } = reportOf(load);
      t.diagnostic(JSON.stringify({ switches, check }));
      assert.equal(own.overflowed, 0, "the load generator lost packets of its own");
      assert.deepEqual([check.errors, switches?.refused ?? 0], [0, 0], JSON.stringify(check.verdicts));
      // Every move begins with a keyframe, but for those that the next one overtook.
      assert.ok(check.keyframes >= 0.8 * (switches?.asked ?? 0), `${check.keyframes} keyframes`);
      files.push(...recorded.map((one) => ({ ...one, expected: expected[n] })));
    }
    assert.equal(files.length, 9);
    for (const { file, pictures, missing, torn, expected } of files) {
      const { code, sizes, complaints } = await decode(file);
      t.diagnostic(`${file.slice(folder.length)}: ${sizes.length} frames`);
      assert.deepEqual({ code, complaints, missing, torn }, { code: 0, complaints: [], missing: 0, torn: 0 }, file);
      assert.equal(sizes.length, pictures, `pictures decoded of ${file}`);
      // The idle screen has ten a second, and for its first second a room has none.
      assert.ok(pictures > 0.6 * FPS * SECONDS, `${pictures} pictures in ${SECONDS} s`);
      for (const what of expected) assert.ok(sizes.includes(PICTURES[what]), `${file} shows ${what}`);
    }
  });

  test("a picture or a part of one that is missing would be noticed", async () => {
    const whole = readFileSync(files.at(-1).file);
    const units = [];
    for (let at = whole.indexOf(START_CODE); at !== -1; ) {
      const next = whole.indexOf(START_CODE, at + 4);
      units.push(whole.subarray(at, next === -1 ? whole.length : next));
      at = next;
    }
    const isSlice = (unit) => (unit[4] & 0x1f) === 1;
    // The number of the first macroblock is zero: one bit.
    const isFirst = (unit) => isSlice(unit) && (unit[5] & 0x80) !== 0;
    const victim = units.findIndex((unit, n) => n > units.length / 3 && isFirst(unit) && isSlice(units[n + 1]));
    const next = units.findIndex((unit, n) => n > victim && !(isSlice(unit) && !isFirst(unit)));
    const damages = {
      "a picture is missing": units.filter((_, n) => n < victim || n >= next),
      "a slice is missing": units.filter((_, n) => n !== victim),
      "a part of it is missing": units.map((unit, n) => (n === victim ? Buffer.concat([unit.subarray(0, unit.length >> 1), unit.subarray((unit.length >> 1) + 20)]) : unit)),
      "parameter sets are missing": units.filter((unit) => (unit[4] & 0x1f) !== 7),
    };
    for (const [what, damaged] of Object.entries(damages)) {
      const file = join(folder, "damaged.h264");
      writeFileSync(file, Buffer.concat(damaged));
      const { complaints } = await decode(file);
      assert.notEqual(complaints.length, 0, what);
    }
  });
});

/** Of a picture in YUV 4:2:0. */
function bytes(width, height) {
  return (width * height * 3) / 2;
}
