import { useSignal, type Signal } from "@preact/signals";
import type { JSX } from "preact";
import { useId, useRef } from "preact/hooks";
import { words } from "../language";
import { Button } from "./button";

const SHOWN_MS = 2_000;

export function CopyField({ label, text, testid }: { label: string; text: string; testid: string }): JSX.Element {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const { outcome, copy } = useCopy(text);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="copy">
        <input ref={input} id={id} type="text" readOnly value={text} onFocus={(event) => event.currentTarget.select()} data-testid={testid} />
        <Button
          icon={outcome.value === "copied" ? "check" : "copy"}
          onClick={() => {
            // No clipboard without HTTPS or permission; the text is selected, which is one key away.
            input.current?.select();
            void copy();
          }}
          testid={`${testid}-copy`}
        >
          {said(outcome.value) ?? words.value.parts.copy}
        </Button>
      </div>
      <span class="sr-only" role="status">
        {said(outcome.value)}
      </span>
    </div>
  );
}

/** The same where a list has no room for the text. Without a clipboard the text is shown to be copied by hand. */
export function CopyButton({ label, text, testid }: { label: string; text: string; testid: string }): JSX.Element {
  const { outcome, copy } = useCopy(text);
  if (outcome.value === "refused") return <CopyField label={label} text={text} testid={testid} />;
  return (
    <>
      <Button icon={outcome.value === "copied" ? "check" : "copy"} label={`${said(outcome.value) ?? words.value.parts.copyLink}: ${label}`} onClick={() => void copy()} testid={`${testid}-copy`}>
        {said(outcome.value) ?? words.value.parts.copyLink}
      </Button>
      <span class="sr-only" role="status">
        {said(outcome.value)}
      </span>
    </>
  );
}

type Outcome = "none" | "copied" | "refused";

function said(outcome: Outcome): string | null {
  const w = words.value.parts;
  return outcome === "none" ? null : outcome === "copied" ? w.copied : w.copyKey;
}

function useCopy(text: string): { outcome: Signal<Outcome>; copy: () => Promise<void> } {
  const outcome = useSignal<Outcome>("none");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      outcome.value = "copied";
      setTimeout(() => (outcome.value = "none"), SHOWN_MS);
    } catch {
      outcome.value = "refused";
    }
  };
  return { outcome, copy };
}
