import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Takes the focus when it appears: what had it before is gone, and readers would not hear what came instead. */
export function useArrival<T extends HTMLElement>(): RefObject<T | null> {
  const element = useRef<T>(null);
  useEffect(() => element.current?.focus(), []);
  return element;
}
