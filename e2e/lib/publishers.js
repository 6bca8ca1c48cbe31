// Publishers and viewers that are not browsers.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { E2E } from "./place.js";
import { Program } from "./programs.js";

const PYTHON = join(E2E, ".venv", "bin", "python");

/** The ffmpeg of the wheel imageio-ffmpeg: Debian's has no WHIP. */
export function ffmpegBinary() {
  return execFileSync(PYTHON, ["-c", "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"]).toString().trim();
}

/** A test picture and a tone, H.264 and Opus, sent in real time until it is stopped. */
export function ffmpegPublishes(name, url, { token, flags = [], size = "640x360" } = {}) {
  const video = ["-re", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25`];
  const audio = ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
  const h264 = ["-c:v", "libx264", "-profile:v", "baseline", "-preset", "ultrafast", "-tune", "zerolatency"];
  const rate = ["-b:v", "800k", "-pix_fmt", "yuv420p", "-g", "50", "-bf", "0"];
  const opus = ["-c:a", "libopus", "-ar", "48000", "-ac", "2", "-b:a", "64k"];
  const authorization = token === undefined ? [] : ["-authorization", token];
  const output = ["-f", "whip", ...authorization, ...flags, url];
  return new Program(name, ffmpegBinary(), ["-hide_banner", "-nostdin", ...video, ...audio, ...h264, ...rate, ...opus, ...output]);
}

/** An aiortc client: `publish` or `watch`. Each line it prints is JSON, see aiortc_peer.py. */
export function aiortc(name, verb, url, seconds = 60) {
  return new Program(name, PYTHON, [join(E2E, "lib", "aiortc_peer.py"), verb, url, String(seconds)]);
}

/** The last line an aiortc client has printed. */
export function lastReport(program) {
  const lines = program.output.split("\n").filter((line) => line.startsWith("{"));
  return lines.length === 0 ? null : JSON.parse(lines.at(-1));
}
