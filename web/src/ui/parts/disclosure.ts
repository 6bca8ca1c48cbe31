import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export type Disclosure = {
  readonly open: boolean;
  readonly toggle: () => void;
  /** Hides it, and gives the focus back to the button. */
  readonly close: () => void;
  readonly hide: () => void;
  /** Around the button and what it shows. */
  readonly root: RefObject<HTMLDivElement | null>;
  readonly button: RefObject<HTMLButtonElement | null>;
  /** Of what is shown, for the button's `aria-controls`. */
  readonly id: string;
  readonly onKeyDown: (event: KeyboardEvent) => void;
};

/** What a button shows and hides again: on Escape, and when somebody goes elsewhere. */
export function useDisclosure(): Disclosure {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    const elsewhere = (event: Event): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) === false) open.value = false;
    };
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("focusin", elsewhere);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("focusin", elsewhere);
    };
  }, [open]);
  const hide = (): void => void (open.value = false);
  const close = (): void => {
    hide();
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !open.value) return;
    // What it stands in goes on being open.
    event.stopPropagation();
    close();
  };
  return { open: open.value, toggle: () => void (open.value = !open.value), close, hide, root, button, id, onKeyDown };
}
