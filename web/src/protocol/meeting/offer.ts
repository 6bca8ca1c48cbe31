// An offer to receive fifty pictures has a section for each, and browsers fill sections with everything that they could do. What
// receiving can do without is left out of what is sent, because a packet has its bound (64 KiB); the connection keeps its own copy.

/** Of header extensions, those that tell packets apart, time them, or turn a phone's picture the right way up. */
const EXTENSIONS = [
  "urn:ietf:params:rtp-hdrext:sdes:mid",
  "urn:3gpp:video-orientation",
  "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
];

/** Sections that only receive lose the lines that nobody misses; everything else is passed as it is. */
export function slim(sdp: string): string {
  const [head = "", ...sections] = sdp.split(/^(?=m=)/m);
  return head + sections.map((section) => (/^a=recvonly\r?$/m.test(section) ? lines(section) : section)).join("");
}

const lines = (section: string): string =>
  section
    .split(/(?<=\n)/)
    .filter((line) => !superfluous(line.trimEnd()))
    .join("");

function superfluous(line: string): boolean {
  if (line.startsWith("a=extmap:")) return !EXTENSIONS.some((extension) => line.endsWith(` ${extension}`));
  // The bandwidth estimate that transport-wide feedback has replaced, a picture request that `nack pli` is, and a report for who sends.
  return /^a=rtcp-fb:\S+ (goog-remb|ccm fir)$/.test(line) || line.startsWith("a=rtcp-xr:") || line.startsWith("a=rtcp:9 ");
}
