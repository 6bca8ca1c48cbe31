import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "../icons";

type ButtonProps = {
  icon?: IconName;
  look?: "plain" | "primary" | "danger";
  size?: "normal" | "large";
  type?: "button" | "submit";
  disabled?: boolean;
  onClick?: () => void;
  /** For readers, where the text says too little without what stands around it. */
  label?: string;
  children: ComponentChildren;
  testid?: string;
};

export function Button({ icon, look = "plain", size = "normal", type = "button", disabled = false, onClick, label, children, testid }: ButtonProps): JSX.Element {
  return (
    <button type={type} class={`button ${look} ${size}`} aria-label={label} disabled={disabled} onClick={onClick} data-testid={testid}>
      {icon !== undefined && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  );
}

type IconButtonProps = {
  icon: IconName;
  /** Read out, and shown on hover and focus. */
  label: string;
  /** For switches that say "off" by being pressed: a struck microphone. */
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
  testid?: string;
};

export function IconButton({ icon, label, pressed, disabled = false, onClick, testid }: IconButtonProps): JSX.Element {
  return (
    <button type="button" class="icon-button" aria-label={label} aria-pressed={pressed} disabled={disabled} onClick={onClick} data-testid={testid}>
      <Icon name={icon} />
    </button>
  );
}
