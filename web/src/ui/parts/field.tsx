// Labelled inputs. Every one says what it is for, and what is wrong right below it.

import type { JSX } from "preact";
import { useId } from "preact/hooks";

/** What a password manager or an address book may fill in. */
export type Fill = "off" | "username" | "email" | "name" | "current-password" | "new-password";

type TextProps = {
  label: string;
  value: string;
  onInput: (value: string) => void;
  problem?: string | null;
  hint?: string;
  placeholder?: string;
  secret?: boolean;
  fill?: Fill;
  disabled?: boolean;
  testid?: string;
};

export function TextField({ label, value, onInput, problem = null, hint, placeholder, secret = false, fill = "off", disabled = false, testid }: TextProps): JSX.Element {
  const id = useId();
  // The types of `<input>` differ by `type`, and know no input that is either.
  const kind = (secret ? "password" : fill === "username" || fill === "email" ? "email" : "text") as "text";
  const note = problem ?? hint;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type={kind}
        value={value}
        placeholder={placeholder}
        disabled={disabled}
        autocomplete={fill}
        autocapitalize="off"
        spellcheck={false}
        aria-invalid={problem !== null}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        onInput={(event) => onInput(event.currentTarget.value)}
        data-testid={testid}
      />
      {note !== undefined && (
        <p id={`${id}-note`} class={problem === null ? "note" : "note problem"}>
          {note}
        </p>
      )}
    </div>
  );
}

export type Choice = { value: string; label: string };

type SelectProps = {
  label: string;
  value: string;
  choices: readonly Choice[];
  onChange: (value: string) => void;
  disabled?: boolean;
  testid?: string;
};

export function SelectField({ label, value, choices, onChange, disabled = false, testid }: SelectProps): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="select">
        <select id={id} value={value} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value)} data-testid={testid}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}

type SwitchProps = { label: string; hint: string; on: boolean; onChange: (on: boolean) => void; disabled?: boolean; testid?: string };

export function SwitchField({ label, hint, on, onChange, disabled = false, testid }: SwitchProps): JSX.Element {
  const id = useId();
  return (
    <div class="field switch-field">
      <div>
        <label id={id} for={`${id}-switch`}>
          {label}
        </label>
        <p id={`${id}-note`} class="note">
          {hint}
        </p>
      </div>
      <button
        id={`${id}-switch`}
        type="button"
        role="switch"
        class="switch"
        aria-checked={on}
        aria-labelledby={id}
        aria-describedby={`${id}-note`}
        disabled={disabled}
        onClick={() => onChange(!on)}
        data-testid={testid}
      />
    </div>
  );
}
