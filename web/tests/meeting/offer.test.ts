// What is left of an offer when it is sent.

import { expect, test } from "vitest";
import { slim } from "../../src/protocol/meeting/offer";

const section = (direction: string): string =>
  [
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", "a=mid:1",
    "a=extmap:14 urn:ietf:params:rtp-hdrext:toffset", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:13 urn:3gpp:video-orientation",
    `a=${direction}`, "a=rtcp-mux", "a=rtcp-xr:rcvr-rtt=all", "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 goog-remb", "a=rtcp-fb:96 transport-cc",
    "a=rtcp-fb:96 ccm fir", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", "",
  ].join("\r\n");

test("sections that receive keep what is answered, and sections that send keep everything", () => {
  const head = "v=0\r\na=group:BUNDLE 0 1\r\n";
  const slimmed = slim(head + section("recvonly") + section("sendonly"));
  expect(slimmed.startsWith(head)).toBe(true);
  expect(slimmed.endsWith(section("sendonly"))).toBe(true);
  const [, received = ""] = slimmed.split(/^(?=m=)/m);
  expect(received.split("\r\n")).toEqual([
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 0.0.0.0", "a=mid:1", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:13 urn:3gpp:video-orientation",
    "a=recvonly", "a=rtcp-mux", "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 transport-cc", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", "",
  ]);
  expect(slim("")).toBe("");
});
