import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useId, useRef } from "preact/hooks";
import { Button } from "./button";

const SHOWN_MS = 2_000;

export function CopyField({ label, text, testid }: { label: string; text: string; testid: string }): JSX.Element {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const said = useSignal("");
  const copy = async (): Promise<void> => {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(text);
      said.value = "Copied";
    } catch {
      // No clipboard without HTTPS or permission; the text is selected, which is one key away.
      said.value = "Press Ctrl+C";
    }
    setTimeout(() => (said.value = ""), SHOWN_MS);
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="copy">
        <input ref={input} id={id} type="text" readOnly value={text} onFocus={(event) => event.currentTarget.select()} data-testid={testid} />
        <Button icon={said.value === "Copied" ? "check" : "copy"} onClick={() => void copy()} testid={`${testid}-copy`}>
          {said.value === "" ? "Copy" : said.value}
        </Button>
      </div>
      <span class="sr-only" role="status">
        {said.value}
      </span>
    </div>
  );
}
