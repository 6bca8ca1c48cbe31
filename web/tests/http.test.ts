// The HTTP half of a session against a real server on loopback: what goes over the wire, and what comes of each answer.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Refused } from "../src/protocol/failure";
import { open } from "../src/protocol/resource";
import { followRooms, type RoomsNews } from "../src/protocol/rooms";

type Seen = { method: string; path: string; body: string; headers: IncomingMessage["headers"] };
type Answer = (seen: Seen, response: ServerResponse) => void;

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

async function serve(answer: Answer): Promise<{ base: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const entry = { method: request.method ?? "", path: request.url ?? "", body, headers: request.headers };
      seen.push(entry);
      answer(entry, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const post = (base: string, token: string | null = null): ReturnType<typeof open> =>
  open("watch", new URL("/whep/demo", base), token, "v=0 offer", new AbortController().signal);

async function failure(base: string): Promise<Refused["failure"]> {
  const refused: unknown = await post(base).then(() => null, (cause: unknown) => cause);
  if (!(refused instanceof Refused)) throw new Error(`not refused: ${String(refused)}`);
  return refused.failure;
}

test("a session is opened, trickled to, restarted and ended with the right headers", async () => {
  const { base, seen } = await serve((request, response) => {
    if (request.method === "POST") {
      const headers = { "Content-Type": "application/sdp", Location: "/session/abc", ETag: '"one"', Link: '<stun:s.example>; rel="ice-server"' };
      response.writeHead(201, headers).end("v=0 answer");
    } else if (request.headers["if-match"] === "*") {
      response.writeHead(200, { ETag: '"two"' }).end("a=ice-ufrag:new\r\na=ice-pwd:secret\r\n");
    } else response.writeHead(request.method === "DELETE" ? 200 : 204).end();
  });

  const { answer, resource, iceServers } = await post(base, "sesame");
  expect(answer).toBe("v=0 answer");
  expect(iceServers).toEqual([{ urls: "stun:s.example" }]);
  expect(resource.canRestart).toBe(true);
  await resource.trickle("first");
  expect(await resource.restart("again")).toEqual({ ufrag: "new", pwd: "secret", candidates: [] });
  await resource.trickle("second");
  resource.end();
  await expect.poll(() => seen.length).toBe(5);

  expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /whep/demo", ...Array<string>(3).fill("PATCH /session/abc"), "DELETE /session/abc"]);
  expect(seen.map(({ headers }) => headers["if-match"])).toEqual([undefined, '"one"', "*", '"two"', undefined]);
  expect(seen.map(({ headers }) => headers["content-type"])).toEqual(["application/sdp", ...Array<string>(3).fill("application/trickle-ice-sdpfrag"), undefined]);
  expect(seen.every(({ headers }) => headers.authorization === "Bearer sesame")).toBe(true);
});

test("patches leave one after the other, in the order they were asked for", async () => {
  let running = 0;
  const { base, seen } = await serve((request, response) => {
    if (request.method === "POST") return void response.writeHead(201, { Location: "/s" }).end();
    expect(++running).toBe(1);
    setTimeout(() => {
      running -= 1;
      response.writeHead(204).end();
    }, request.body === "a" ? 50 : 0);
  });
  const { resource } = await post(base);
  await Promise.all([resource.trickle("a"), resource.trickle("b"), resource.trickle("c")]);
  expect(seen.slice(1).map(({ body }) => body)).toEqual(["a", "b", "c"]);
});

test("a server that names no entity tag is not asked to restart", async () => {
  const { base } = await serve((_, response) => response.writeHead(201, { Location: "/s" }).end());
  expect((await post(base)).resource.canRestart).toBe(false);
});

test("a redirect is followed, and the session's address counts from where it led", async () => {
  const { base } = await serve((request, response) => {
    if (request.path === "/whep/demo") response.writeHead(307, { Location: "/b/whep/demo" }).end();
    else response.writeHead(201, { Location: "session/x" }).end();
  });
  expect((await post(base)).resource.url.pathname).toBe("/b/whep/session/x");
});

test("a room that is not live says so, with the server's own words and its wish for patience", async () => {
  const { base } = await serve((_, response) =>
    response
      .writeHead(409, { "Content-Type": "application/problem+json; charset=utf-8", "Retry-After": "3" })
      .end(JSON.stringify({ type: "https://x/not-live", title: "Not live", status: 409, detail: "Nobody publishes in demo." })),
  );
  expect(await failure(base)).toEqual({ status: 409, why: "not-live", detail: "Nobody publishes in demo.", retryAfterMs: 3000 });
});

test("a stable problem type says more than its status", async () => {
  const problem = { type: "urn:weir:problem:codec-mismatch", title: "No codec in common", status: 422 };
  const { base } = await serve((_, response) => response.writeHead(422, { "Content-Type": "application/problem+json" }).end(JSON.stringify(problem)));
  expect(await failure(base)).toMatchObject({ detail: "No codec in common", why: "codec-unplayable" });
});

test("an unknown code counts by its class, and a body that is no problem document is not shown", async () => {
  let status = 418;
  const { base } = await serve((_, response) => response.writeHead(status, { "Content-Type": "text/html" }).end("<h1>no"));
  expect(await failure(base)).toMatchObject({ status: 418, detail: null, why: "not-accepted" });
  status = 599;
  expect(await failure(base)).toMatchObject({ status: 599, why: "server" });
});

test("a server that is not there is a sentence and not an exception", async () => {
  const { base } = await serve(() => undefined);
  stops.splice(0).forEach((stop) => stop());
  await expect.poll(() => failure(base)).toMatchObject({ status: 0, why: "unreachable" });
});

test("the list of rooms follows events, and asks again by itself when there are none", async () => {
  const room = (name: string): string => JSON.stringify({ rooms: [{ name, live: true, publishers: [], viewers: 1 }] });
  let streams = 0;
  const { base } = await serve((request, response) => {
    if (request.path === "/api/rooms") return void response.writeHead(200, { "Content-Type": "application/json" }).end(room("polled"));
    streams += 1;
    if (streams > 1) return void response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(": hello\n\nevent: rooms\nda");
    setTimeout(() => response.end(`ta: ${room("streamed")}\n\n`), 20);
  });
  const abort = new AbortController();
  stops.push(() => abort.abort());
  const names: string[] = [];
  await new Promise<void>((resolve) => {
    const tell = (news: RoomsNews): void => {
      names.push(news.kind === "rooms" ? `${news.view.rooms[0]?.name ?? ""} by ${news.by}` : news.failure.why);
      if (names.length === 2) resolve();
    };
    void followRooms(null, abort.signal, tell, base);
  });
  expect(names).toEqual(["streamed by events", "polled by polling"]);
});
