import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon, type IconName } from "../icons";

type PopupProps = {
  icon: IconName;
  label: string;
  /** Gets what closes it, for entries that have done what they are for. */
  children: (close: () => void) => ComponentChildren;
  testid: string;
};

/** What a button shows above itself and hides again: on Escape, and when somebody goes elsewhere. */
export function Popup({ icon, label, children, testid }: PopupProps): JSX.Element {
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
  const close = (): void => {
    open.value = false;
    button.current?.focus();
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !open.value) return;
    // What it stands in goes on being open.
    event.stopPropagation();
    close();
  };
  return (
    <div ref={root} class="popup" onKeyDown={key}>
      <button ref={button} type="button" class="icon-button" aria-label={label} aria-expanded={open.value} aria-controls={id} onClick={() => (open.value = !open.value)} data-testid={testid}>
        <Icon name={icon} />
      </button>
      <div id={id} class="popup-items" role="group" aria-label={label} hidden={!open.value}>
        {open.value && children(close)}
      </div>
    </div>
  );
}

type EntryProps = { icon: IconName; label: string; onClick: () => void; narrow?: boolean; danger?: boolean; testid: string };

/** `narrow`: shown where the bar has no room for its button. */
export function Entry({ icon, label, onClick, narrow = false, danger = false, testid }: EntryProps): JSX.Element {
  return (
    <button type="button" class={`entry${narrow ? " narrow-only" : ""}${danger ? " danger" : ""}`} onClick={onClick} data-testid={testid}>
      <Icon name={icon} />
      {label}
    </button>
  );
}
