// Numbers and states as people say them.

export function bitrate(kbps: number): string {
  if (kbps < 1) return "0 kbit/s";
  return kbps < 1000 ? `${Math.round(kbps)} kbit/s` : `${(kbps / 1000).toFixed(1)} Mbit/s`;
}

export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** Rounded to the unit that matters: "12 s", "5 min", "3 h". */
export function age(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
}

export const percent = (share: number): string => (share === 0 ? "0 %" : share < 0.001 ? "< 0.1 %" : `${(share * 100).toFixed(1)} %`);

export const milliseconds = (ms: number): string => (ms < 1 ? "< 1 ms" : `${Math.round(ms)} ms`);

export const size = (width: number, height: number): string => `${width} × ${height}`;

const CODECS: Record<string, string> = { H264: "H.264", H265: "H.265", opus: "Opus" };

export const codec = (name: string): string => CODECS[name] ?? name;
