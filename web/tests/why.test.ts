// Why is it frozen: what the server says, and what only the browser can know.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { Sample } from "../src/media/statistics";
import type { SessionTrack, SessionView, Verdict } from "../src/protocol/generated/api";
import { chooseLayer, lookAt, type Looked } from "../src/protocol/inspect";
import { language } from "../src/ui/language";
import { diagnose, summary } from "../src/ui/watch/why";

const track = (packets: number, verdict: Verdict = { is: "playing" }): SessionTrack => ({
  mid: "0",
  kind: "video",
  codec: "VP8",
  layer: "q",
  spatial: null,
  temporal: null,
  target: "h",
  chosen: null,
  layers: [{ rid: "q", kbps: 150, silent: false }, { rid: "h", kbps: 1600, silent: false }, { rid: "f", kbps: 0, silent: true }],
  packets,
  bytes: 0,
  repairs: 0,
  last_packet_ms_ago: 5,
  catching_up_ms: null,
  verdict,
  sentence: verdict.is === "playing" ? "It plays." : "The server's own words.",
});

const view = (...tracks: SessionTrack[]): SessionView => ({
  room: "demo",
  side: "viewer",
  state: "connected",
  age_ms: 9000,
  connected_ms: 8000,
  rtt_ms: 20,
  estimate_kbps: 2400,
  sent_kbps: 850,
  loss_percent: 0.25,
  tracks,
});

const sample = (packetsReceived: number, framesDecoded: number): Sample =>
  ({ packetsReceived, framesDecoded, freezes: 1 }) as Sample;

test("a track that plays on both sides plays", () => {
  const [picture] = diagnose([view(track(100)), view(track(200))], [sample(90, 30), sample(95, 30)]);
  expect(picture).toMatchObject({ title: "Picture", good: true, sentence: "It plays." });
  expect(picture?.facts).toBe("VP8 · layer q · h to come · 200 packets sent · 30 frames decoded in a second · 1 freeze");
  expect(picture?.layers.map(({ label }) => label)).toEqual(["h (1.6 Mbit/s)", "q (150 kbit/s)", "f (not sent now)"]);
});

test("what is sent and does not arrive, or is not decoded, only the browser knows", () => {
  const views = [view(track(100)), view(track(200))];
  expect(diagnose(views, [sample(0, 0), sample(0, 0)])[0]).toMatchObject({ good: false, sentence: expect.stringMatching(/nothing arrives/) as string });
  expect(diagnose(views, [sample(90, 0), sample(90, 0)])[0]).toMatchObject({ good: false, sentence: expect.stringMatching(/does not decode/) as string });
  expect(diagnose(views, [sample(0, 0)])[0]?.good).toBe(true);
  expect(diagnose([view(track(200)), view(track(200))], [sample(0, 0), sample(0, 0)])[0]?.good).toBe(true);
});

test("where the server knows why, that is said in the language of the page", () => {
  const silent = track(200, { is: "source-silent", since_ms: 4000 });
  expect(diagnose([view(track(100)), view(silent)], [sample(0, 0), sample(0, 0)])[0]).toMatchObject({ good: false, sentence: expect.stringMatching(/sent nothing for 4.0 s/) as string });
  const lost = track(200, { is: "loss", hop: "viewer", percent: 7.25 });
  language.value = "de";
  expect(diagnose([view(track(100)), view(lost)], [])[0]).toMatchObject({ is: "picture", title: "Bild", sentence: expect.stringMatching(/zwischen diesem Server und dir verloren/) as string });
  language.value = "en";
  const newer = track(200, { is: "tired" } as unknown as Verdict);
  expect(diagnose([view(track(100)), view(newer)], [])[0]?.sentence, "of a newer server").toBe("The server's own words.");
  expect(diagnose([], [])).toEqual([]);
  expect(summary(view())).toBe("Room demo · 850 kbit/s sent · the line carries 2.4 Mbit/s · round trip 20 ms · 0.3 % lost");
});

test("the session is asked about by its id, and a layer is chosen at its own address", async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push(`${request.method ?? ""} ${request.url ?? ""} ${body} ${request.headers.authorization ?? ""}`.trim());
      if (request.url === "/api/sessions/w01") return void response.end(JSON.stringify(view(track(1))));
      if (!body.includes("none")) return void response.end();
      response.writeHead(422, { "Content-Type": "application/problem+json" }).end(JSON.stringify({ type: "urn:weir:problem:bad-choice", detail: "no such layer" }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const session = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/whep/demo/w01`);
  const abort = new AbortController();
  const looked = await new Promise<Looked>((resolve) => {
    void lookAt(() => session, "sesame", resolve, abort.signal);
  });
  abort.abort();
  expect(looked.view?.room).toBe("demo");
  expect(await chooseLayer(session, "sesame", "0", "h")).toBeNull();
  expect(await chooseLayer(session, null, "0", null)).toBeNull();
  expect(await chooseLayer(session, null, "0", "none")).toMatchObject({ status: 422, why: "not-accepted", detail: "no such layer" });
  server.closeAllConnections();
  server.close();
  expect(seen).toEqual([
    "GET /api/sessions/w01  Bearer sesame",
    'POST /whep/demo/w01/layer {"mediaId":"0","rid":"h"} Bearer sesame',
    'POST /whep/demo/w01/layer {"mediaId":"0"}',
    'POST /whep/demo/w01/layer {"mediaId":"0","rid":"none"}',
  ]);
});
