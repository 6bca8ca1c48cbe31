import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RefObject } from "preact";

const IDLE_MS = 3_000;

/** True when nobody has moved, touched or typed for three seconds. */
export function useIdle(where: RefObject<HTMLElement | null>): Signal<boolean> {
  const idle = useSignal(false);
  useEffect(() => {
    const element = where.current;
    if (element === null) return;
    let timer = 0;
    const wake = (): void => {
      clearTimeout(timer);
      timer = window.setTimeout(() => (idle.value = true), IDLE_MS);
      // After this event: a tap that only brings the controls back must not also pause.
      setTimeout(() => (idle.value = false));
    };
    const events = ["pointermove", "pointerdown", "focusin"] as const;
    for (const event of events) element.addEventListener(event, wake);
    window.addEventListener("keydown", wake);
    wake();
    return () => {
      clearTimeout(timer);
      for (const event of events) element.removeEventListener(event, wake);
      window.removeEventListener("keydown", wake);
    };
  }, [where, idle]);
  return idle;
}
