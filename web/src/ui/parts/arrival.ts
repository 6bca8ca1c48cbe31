import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * Takes the focus when it appears: what had it before is gone, and readers would not hear what came instead. Where something in its panel has
 * taken it already, because that is what somebody came for, it stays there.
 */
export function useArrival<T extends HTMLElement>(): RefObject<T | null> {
  const element = useRef<T>(null);
  useEffect(() => {
    const around = element.current?.closest("aside");
    if (around?.contains(document.activeElement) !== true) element.current?.focus();
  }, []);
  return element;
}
