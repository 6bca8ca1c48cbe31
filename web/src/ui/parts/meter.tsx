import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { words } from "../language";

const SEGMENTS = 16;

/** A microphone's level. Drawn outside the component tree: sixty times a second is too often to render. */
export function LevelMeter({ read }: { read: () => number }): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let lit = -1;
    let spoken = 0;
    const draw = (now: number): void => {
      const bar = root.current;
      if (bar !== null) {
        const next = Math.round(read() * SEGMENTS);
        if (next !== lit) {
          [...bar.children].forEach((segment, i) => segment.classList.toggle("lit", i < next));
          lit = next;
        }
        // Readers announce each change; once a second is already plenty.
        if (now - spoken > 1_000) {
          bar.setAttribute("aria-valuenow", String(Math.round((next / SEGMENTS) * 100)));
          spoken = now;
        }
      }
      frame = requestAnimationFrame(draw);
    };
    let frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [read]);
  return (
    <div ref={root} class="level" role="meter" aria-label={words.value.parts.level} aria-valuemin={0} aria-valuemax={100} aria-valuenow={0} data-testid="level">
      {Array.from({ length: SEGMENTS }, (_, i) => (
        <i key={i} />
      ))}
    </div>
  );
}
