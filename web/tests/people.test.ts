// Accounts and meetings: what goes over the wire, what comes of each refusal, and what people type.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ask, Denied } from "../src/protocol/ask";
import { meetingIdFrom } from "../src/protocol/code";
import type { HostedMeeting, VisitedMeeting } from "../src/protocol/people";
import { joined } from "../src/ui/meetings/joined";
import { outlook } from "../src/ui/prejoin/outlook";
import { readRemembered } from "../src/ui/remembered";

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

async function serve(status: number, body = "", headers: Record<string, string> = {}): Promise<{ base: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      seen.push(`${request.method ?? ""} ${request.url ?? ""} ${request.headers["content-type"] ?? "-"} ${text}`.trim());
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function denial(base: string): Promise<Denied> {
  const cause: unknown = await ask("/x", {}, base).then(() => null, (thrown: unknown) => thrown);
  if (!(cause instanceof Denied)) throw new Error(`not denied: ${String(cause)}`);
  return cause;
}

const problem = (type: string, detail = ""): [string, Record<string, string>] => [JSON.stringify({ type, detail }), { "Content-Type": "application/problem+json" }];

test("a meeting is found however its code was pasted, typed or read out", () => {
  const typed = ["qkfd-mzwhp-xbtr", " QKFD MZWHP XBTR ", "qkfdmzwhpxbtr", "qkfd–mzwhp–xbtr", "https://example.org/m/qkfd-mzwhp-xbtr?x=1#y", "/m/QKFDMZWHPXBTR"];
  for (const input of typed) expect(meetingIdFrom(input), input).toBe("qkfd-mzwhp-xbtr");
  for (const input of ["", "qkfd-mzwhp-xbt", "qkfd-mzwhp-xbtrr", "qkfd-mzwhp-xbt1", "qkfd-mzwhp-xbtä", "https://example.org/watch/demo", "-".repeat(10_000)]) {
    expect(meetingIdFrom(input), input).toBeNull();
  }
});

test("a question carries JSON only when it has some, and an empty answer is one", async () => {
  const { base, seen } = await serve(204);
  expect(await ask("/account/logout", { method: "POST" }, base)).toBeUndefined();
  await ask("/meeting", { method: "POST", body: { title: "Tea" } }, base);
  expect(seen).toEqual(["POST /account/logout -", 'POST /meeting application/json {"title":"Tea"}']);
});

test("a refusal is known by its type, else by its status", async () => {
  for (const kind of ["meeting-locked", "passcode-wrong", "guests-not-allowed", "banned"]) {
    const { base } = await serve(403, ...problem(`urn:weir:problem:${kind}`, "why"));
    expect(await denial(base)).toMatchObject({ kind, detail: "why" });
  }
  const statuses = { 400: "bad-input", 401: "unauthorized", 403: "forbidden", 404: "not-found", 409: "conflict", 410: "gone", 422: "bad-input", 429: "too-many", 503: "server" };
  for (const [status, kind] of Object.entries(statuses)) {
    const { base } = await serve(Number(status), ...problem("urn:weir:problem:new-one"));
    expect((await denial(base)).kind, status).toBe(kind);
  }
});

test("patience that the server asks for is passed on", async () => {
  const { base } = await serve(429, "", { "Retry-After": "12" });
  expect(await denial(base)).toMatchObject({ kind: "too-many", retryAfterMs: 12_000, detail: null });
});

test("a success that is not JSON, and a server that is not there, are refusals and no surprises", async () => {
  const { base } = await serve(200, "<h1>hello");
  expect((await denial(base)).kind).toBe("server");
  stops.splice(0).forEach((stop) => stop());
  await expect.poll(async () => (await denial(base)).kind).toBe("unreachable");
});

const visited: VisitedMeeting = { meeting_id: "m", title: "", host_name: "Ann", guests: true, lobby: false, locked: false, passcode: false };
const hosted: HostedMeeting = { ...visited, server: "s", host: "a", link: "l", created: 1, role: "host" };

test("the door says beforehand what will happen", () => {
  expect(outlook(visited, false)).toBe("enter");
  expect(outlook({ ...visited, lobby: true }, true)).toBe("lobby");
  expect(outlook({ ...visited, lobby: true, locked: true }, true)).toBe("locked");
  expect(outlook({ ...visited, guests: false, locked: true }, false)).toBe("needs-account");
  expect(outlook({ ...visited, guests: false }, true)).toBe("enter");
  expect(outlook({ ...hosted, lobby: true, locked: true }, true)).toBe("host");
  expect(outlook({ ...hosted, ended: 2 }, true)).toBe("over");
});

test("a meeting that slid from one page of the list to the next is there once", () => {
  const page = (...ids: string[]): HostedMeeting[] => ids.map((meeting_id) => ({ ...hosted, meeting_id }));
  expect(joined(page("a", "b"), page("b", "c")).map((meeting) => meeting.meeting_id)).toEqual(["a", "b", "c"]);
});

test("devices are remembered field by field, and what is damaged is as if it had never been", () => {
  expect(readRemembered('{"camera":"c","micOn":false,"speaker":7}')).toEqual({ microphone: "", camera: "c", speaker: "", micOn: false, cameraOn: true, background: "none", noise: "browser" });
  expect(readRemembered('{"background":"lake","noise":"strong"}')).toMatchObject({ background: "lake", noise: "strong" });
  expect(readRemembered('{"background":"__proto__","noise":1}')).toMatchObject({ background: "none", noise: "browser" });
  expect(readRemembered('{"blur":true}').background, "as an older page wrote it").toBe("blur");
  for (const text of [null, "", "{", "null", "[]", '"x"']) expect(readRemembered(text).cameraOn, String(text)).toBe(true);
});
