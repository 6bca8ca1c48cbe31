// `Link` headers that name STUN and TURN servers, one address each (RFC 9725 §4.6).

export function iceServers(header: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const [, address = "", parameters = ""] of (header ?? "").matchAll(/<([^>]*)>((?:\s*;\s*[^\s;,="]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))*)/g)) {
    const values = new Map<string, string>();
    for (const [, name = "", quoted, plain] of parameters.matchAll(/([^\s;,="]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))/g)) {
      values.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "");
    }
    if (values.get("rel") !== "ice-server" || !/^(stuns?|turns?):/i.test(address)) continue;
    const username = values.get("username");
    const credential = values.get("credential");
    servers.push(
      username !== undefined && credential !== undefined
        ? { urls: address, username, credential }
        : { urls: address },
    );
  }
  return servers;
}
