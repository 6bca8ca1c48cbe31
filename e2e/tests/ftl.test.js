// FTL ingest: the real binary on both ends of it, and a browser that watches.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/browsers.js";
import { load } from "../lib/load.js";
import { watch } from "../lib/page.js";
import { artefact } from "../lib/place.js";
import { freeTcpPort, freeUdpPorts } from "../lib/ports.js";
import { ffmpegBinary } from "../lib/publishers.js";
import { hearsSound, seesMovingPicture } from "../lib/seen.js";
import { until } from "../lib/until.js";
import { ALL, Weir } from "../lib/weir.js";

const KEY = "77-s3cret";
const ROOM = "legacy";

describe("FTL", () => {
  let weir;
  let chromium;
  let server;
  const clip = artefact("ftl-clip.mkv");
  const video = artefact("ftl-clip.h264");
  const audio = artefact("ftl-clip.opus");

  before(async () => {
    const [tcp, udp] = [await freeTcpPort(), await freeUdpPorts(1)];
    server = `127.0.0.1:${tcp}`;
    const ftl = { enabled: true, listen: server, media: `127.0.0.1:${udp}`, keys: `${KEY} ${ROOM},78-other` };
    const args = Object.entries(ftl).flatMap(([key, value]) => ["--set", `ftl.${key}=${value}`]);
    weir = await Weir.start("ftl", { media: ALL, args });
    chromium = await openChromium();
    process.env.FFMPEG = ffmpegBinary();
    makeFiles();
  });
  after(async () => {
    await chromium?.close();
    await weir?.stop();
    for (const file of [clip, video, audio]) rmSync(file, { force: true });
  });

  /** Four seconds of a test picture and a tone: as a file of other codecs, and as the two forms that are sent as they are. */
  function makeFiles() {
    const run = (...args) => execFileSync(ffmpegBinary(), ["-hide_banner", "-loglevel", "error", "-nostdin", "-y", ...args]);
    const picture = ["-f", "lavfi", "-t", "4", "-i", "testsrc2=size=640x360:rate=25"];
    const tone = ["-f", "lavfi", "-t", "4", "-i", "sine=frequency=440:sample_rate=48000"];
    run(...picture, ...tone, "-c:v", "mpeg4", "-c:a", "flac", clip);
    run(...picture, "-c:v", "libx264", "-profile:v", "high", "-preset", "ultrafast", "-bf", "0", "-g", "25", "-f", "h264", video);
    run(...tone, "-c:a", "libopus", "-ac", "2", audio);
  }

  function send(...args) {
    return weir.command("ftl", "send", ...args, "--to", server);
  }

  async function room(name = ROOM) {
    const { rooms } = await (await fetch(`${weir.url}/api/rooms`)).json();
    return rooms.find((candidate) => candidate.name === name);
  }

  test("Chromium watches a stream, sees that it ends, and sees it again", async (t) => {
    const first = send(video, audio, "--fps", "25", "--key", KEY, "--loop");
    t.after(() => first.stop());
    await first.prints(/^streaming to /m);
    const live = await until("the room is live with picture and sound", async () => {
      const found = await room();
      return found?.live && found.publishers[0].tracks.length === 2 && found;
    });
    assert.deepEqual(live.publishers[0].tracks.map((track) => track.codec).sort(), ["H264", "opus"]);
    const viewer = await watch(chromium, weir, ROOM);
    const seen = await seesMovingPicture(viewer, { frames: 50 });
    assert.equal(seen.height, 360);
    await hearsSound(viewer);
    await viewer.screenshot("ftl-watching");
    assert.equal(await weir.metric("weir_ftl_sessions "), 1);

    // While it sends, the channel is taken.
    const second = send(video, "--key", KEY);
    assert.equal(await second.ends(10), 1);
    assert.match(second.output, /the server answered 406/);

    assert.equal(await first.stop("SIGTERM"), 0, first.output);
    await until("the room is not live any more", async () => !(await room())?.live, { seconds: 5 });
    assert.match(weir.log, /"session ended".*"reason":"left"|session ended.*reason="?left/);

    const again = send(video, audio, "--fps", "25", "--key", KEY, "--loop");
    t.after(() => again.stop());
    await seesMovingPicture(viewer, { frames: 30, seconds: 20 });
    assert.equal(await weir.metric("weir_ftl_sessions_begun_total"), 2);
    assert.equal(await weir.metric("weir_panics_total"), 0);
    await viewer.close();
  });

  test("a checking viewer finds nothing wrong with the stream", async (t) => {
    const sender = send(video, audio, "--fps", "25", "--key", KEY, "--loop");
    t.after(() => sender.stop());
    await until("the room is live", async () => (await room())?.live);
    const report = await load(weir, { room: ROOM, publishers: 0, viewers: 2, seconds: 5, args: ["--codec", "h264"] });
    assert.equal(report.check.errors, 0, JSON.stringify(report.check.verdicts));
    assert.equal(report.packets.lost, 0);
    assert.ok(report.packets.received > 500, `${report.packets.received} packets`);
  });

  test("a file of any codecs is remade by ffmpeg, plays once in real time, and leaves its channel's own room", async () => {
    const program = send(clip, "--key", "78-other", "--fps", "25");
    await program.prints(/^streaming to /m, 30);
    const started = performance.now();
    await until("room 78 is live", async () => (await room("78"))?.live);
    assert.equal(await program.ends(20), 0, program.output);
    const seconds = (performance.now() - started) / 1000;
    assert.ok(seconds > 3.5 && seconds < 8, `${seconds} s`);
    assert.match(program.output, /sent 1\d\d pictures/);
    await until("room 78 is gone", async () => (await room("78")) === undefined, { seconds: 5 });
  });

  test("a wrong key is told so, and a sender that is killed makes way within seconds", async () => {
    const wrong = send(video, "--key", "77-guess");
    assert.equal(await wrong.ends(10), 1);
    assert.match(wrong.output, /the server answered 405: the stream key is wrong/);
    assert.ok(!weir.log.includes("s3cret"), "no secret in the log");

    const killed = send(video, "--fps", "25", "--key", KEY, "--loop");
    await until("the room is live", async () => (await room())?.live);
    await killed.stop("SIGKILL");
    await until("the room is free", async () => (await room()) === undefined, { seconds: 5 });
  });
});
