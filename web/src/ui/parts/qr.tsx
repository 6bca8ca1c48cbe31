import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

/** Quiet zone that the standard asks for, in modules. Without it scanners miss the code on a dark page. */
const MARGIN = 4;

export function QrCode({ text, label }: { text: string; label: string }): JSX.Element {
  const code = useSignal<{ size: number; path: string } | null>(null);
  useEffect(() => {
    let wanted = true;
    // Fetched when first shown: most visits never need it.
    void import("qrcode-generator").then(({ default: qrcode }) => {
      const qr = qrcode(0, "M");
      qr.addData(text);
      qr.make();
      if (wanted) code.value = { size: qr.getModuleCount() + 2 * MARGIN, path: modules(qr.getModuleCount(), (y, x) => qr.isDark(y, x)) };
    });
    return () => {
      wanted = false;
    };
  }, [text, code]);
  const drawn = code.value;
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`0 0 ${drawn?.size ?? 1} ${drawn?.size ?? 1}`} shape-rendering="crispEdges" data-testid="qr">
      {drawn !== null && <path d={drawn.path} />}
    </svg>
  );
}

/** One run of dark modules is one rectangle: a third of the path, and no hairlines between neighbours. */
function modules(count: number, dark: (y: number, x: number) => boolean): string {
  let path = "";
  for (let y = 0; y < count; y += 1) {
    for (let x = 0; x < count; x += 1) {
      if (!dark(y, x)) continue;
      const start = x;
      while (x + 1 < count && dark(y, x + 1)) x += 1;
      path += `M${start + MARGIN} ${y + MARGIN}h${x - start + 1}v1h-${x - start + 1}z`;
    }
  }
  return path;
}
