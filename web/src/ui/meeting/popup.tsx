import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "../icons";
import { useDisclosure } from "../parts/disclosure";

type PopupProps = {
  icon: IconName;
  label: string;
  /** Gets what closes it, for entries that have done what they are for. */
  children: (close: () => void) => ComponentChildren;
  testid: string;
};

/** What a button shows above itself and hides again: on Escape, and when somebody goes elsewhere. */
export function Popup({ icon, label, children, testid }: PopupProps): JSX.Element {
  const shown = useDisclosure();
  return (
    <div ref={shown.root} class="popup" onKeyDown={shown.onKeyDown}>
      <button ref={shown.button} type="button" class="icon-button" aria-label={label} aria-expanded={shown.open} aria-controls={shown.id} onClick={shown.toggle} data-testid={testid}>
        <Icon name={icon} />
      </button>
      <div id={shown.id} class="popup-items" role="group" aria-label={label} hidden={!shown.open}>
        {shown.open && children(shown.close)}
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
