// The idle screen's clip in ffmpeg's hands: what our own encoders wrote decodes without a complaint into the pictures that
// were drawn, and what ffmpeg encodes becomes a clip that a node starts with.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { weirBinary } from "../lib/place.js";
import { Program } from "../lib/programs.js";
import { ffmpegBinary } from "../lib/publishers.js";
import { Weir } from "../lib/weir.js";

describe("the idle clip", () => {
  let folder;
  let count = 0;
  const path = (name) => join(folder, name);

  before(() => (folder = mkdtempSync(join(tmpdir(), "weir-clip-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function run(command, args) {
    const program = new Program(`clip-${++count}`, command, args);
    return { code: await program.ends(120), output: program.output };
  }

  const ffmpeg = (...args) => run(ffmpegBinary(), ["-hide_banner", "-nostdin", ...args]);
  const idleClip = (...args) => run(weirBinary(), ["idle-clip", ...args]);

  async function made(...args) {
    const { code, output } = await idleClip(...args);
    assert.equal(code, 0, output);
    return output;
  }

  /** Every frame decoded, and not a word about any of them. */
  async function decodes(stream, frames) {
    const { code, output } = await ffmpeg("-loglevel", "warning", "-xerror", "-i", stream, "-f", "framemd5", "-");
    assert.equal(code, 0, output);
    const lines = output.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.deepEqual(lines.filter((line) => !/^\d+, /.test(line)), [], "warnings");
    assert.equal(lines.length, frames);
  }

  /** How near the worst picture of a stream is to the one that was drawn, in decibels. */
  async function psnrOf(stream, options) {
    await made("export", "-o", path("drawn.y4m"));
    const compare = ["-i", path("drawn.y4m"), ...options, "-i", stream, "-lavfi", "psnr", "-f", "null", "-"];
    const { code, output } = await ffmpeg(...compare);
    assert.equal(code, 0, output);
    return Number(/PSNR .*min:([\d.]+)/.exec(output)?.[1]);
  }

  for (const [stream, options] of [["builtin.h264", ["-framerate", "10"]], ["builtin.ivf", []]]) {
    test(`the built-in one is in ${stream} as it was drawn`, async () => {
      await made("export", "-o", path(stream));
      await decodes(path(stream), 20);
      const psnr = await psnrOf(path(stream), options);
      // 50 dB as it is. An encoder that has another idea of what was decoded than ffmpeg drifts far below this.
      assert.ok(psnr > 45, `${psnr} dB in the worst picture`);
    });
  }

  test("a damaged one would be noticed", async () => {
    for (const stream of ["damaged.h264", "damaged.ivf"]) {
      await made("export", "-o", path(stream));
      const bytes = readFileSync(path(stream));
      bytes.fill(0x55, 2000, 2400);
      writeFileSync(path(stream), bytes);
      // A wrong VP8 frame is decoded into a wrong picture without a word.
      if (stream.endsWith("h264")) await assert.rejects(decodes(path(stream), 20));
      assert.ok((await psnrOf(path(stream), stream.endsWith("h264") ? ["-framerate", "10"] : [])) < 40);
    }
  });

  test("one of a video begins with a key frame every two seconds, and a node starts with it", async (t) => {
    const source = ["-f", "lavfi", "-i", "testsrc2=size=1440x810:rate=25:duration=4", "-f", "lavfi", "-i", "sine=duration=4"];
    const encoded = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", path("own.mp4")];
    assert.equal((await ffmpeg("-loglevel", "error", ...source, ...encoded)).code, 0);
    const said = await made("make", path("own.mp4"), "-o", path("own.weirclip"), "--seconds", "3", "--ffmpeg", ffmpegBinary());
    for (const codec of ["H264", "VP8 "]) {
      assert.match(said, new RegExp(`${codec}  1280x720, 45 pictures in 3.0 s, 2 of them key frames`));
    }
    assert.equal(await made("show", path("own.weirclip")), said);
    for (const stream of ["own.h264", "own.ivf"]) {
      await made("export", path("own.weirclip"), "-o", path(stream));
      await decodes(path(stream), 45);
    }
    const weir = await Weir.start("clip-own", { args: ["--set", `stream.idle_clip=${path("own.weirclip")}`] });
    t.after(() => weir.stop());
    assert.ok((await fetch(`${weir.url}/readyz`)).ok);
  });

  test("one of a picture lasts two seconds", async () => {
    const drawn = ["-f", "lavfi", "-i", "testsrc2=size=321x181", "-frames:v", "1", path("own.png")];
    assert.equal((await ffmpeg("-loglevel", "error", ...drawn)).code, 0);
    const said = await made("make", path("own.png"), "-o", path("still.weirclip"), "--ffmpeg", ffmpegBinary());
    assert.match(said, /H264 {2}320x180, 10 pictures in 2.0 s, 1 of them key frames/);
    assert.match(said, /VP8 {3}320x180, 10 pictures in 2.0 s, 1 of them key frames/);
  });

  test("what cannot be a clip is refused in one sentence", async () => {
    writeFileSync(path("words.txt"), "no video\n");
    const refused = async (...args) => {
      const { code, output } = await idleClip(...args);
      assert.equal(code, 1);
      assert.equal(output.trim().split("\n").length, 1, output);
      return output;
    };
    const into = ["-o", path("refused.weirclip")];
    assert.match(await refused("make", path("gone.mp4"), ...into), /there is no file .*gone\.mp4/);
    assert.match(await refused("make", path("words.txt"), ...into, "--ffmpeg", "/no/ffmpeg"), /install ffmpeg/);
    assert.match(await refused("make", path("words.txt"), ...into, "--ffmpeg", ffmpegBinary()), /ffmpeg cannot make a clip of/);
    assert.match(await refused("show", path("words.txt")), /not a clip/);
  });
});
