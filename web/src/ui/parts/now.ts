import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** `performance.now()`, new every second while it matters. */
export function useNow(running: boolean): number {
  const now = useSignal(performance.now());
  useEffect(() => {
    if (!running) return;
    now.value = performance.now();
    const timer = setInterval(() => (now.value = performance.now()), 1_000);
    return () => clearInterval(timer);
  }, [running, now]);
  return now.value;
}
