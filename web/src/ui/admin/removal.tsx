import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sentenceOf, useAsking } from "../asking";
import { Button } from "../parts/button";
import { TextField } from "../parts/field";
import { Form } from "../parts/form";
import { Notice } from "../parts/notice";
import { words } from "./words";

type RemovalProps = {
  label: string;
  /** For readers, where several stand below each other. */
  of?: string;
  /** What will happen. */
  lead: string;
  sure: string;
  onRemove: (reason: string) => Promise<void>;
  testid: string;
};

/** A button that asks once more, says what will happen, and takes a reason along. */
export function Removal({ label, of, lead, sure, onRemove, testid }: RemovalProps): JSX.Element {
  const w = words.value;
  const open = useSignal(false);
  const reason = useSignal("");
  const { busy, denied, run } = useAsking();
  const box = useRef<HTMLDivElement>(null);
  const turned = useRef(false);
  useEffect(() => {
    // What was pressed is gone: the keyboard goes on at the reason, and comes back to the button.
    if (turned.current) box.current?.querySelector<HTMLElement>(open.value ? "input" : "button")?.focus();
    turned.current = true;
  }, [open.value]);
  const remove = (): void =>
    void run(async () => {
      await onRemove(reason.value.trim());
      open.value = false;
      reason.value = "";
    });
  return (
    <div ref={box} class={open.value ? "removal open" : "removal"} onKeyDown={(event) => event.key === "Escape" && (open.value = false)}>
      {!open.value && (
        <Button onClick={() => (open.value = true)} {...(of === undefined ? {} : { label: of })} testid={testid}>
          {label}
        </Button>
      )}
      {open.value && (
        <Form onSubmit={remove}>
          <p>{lead}</p>
          <TextField label={w.reason} hint={w.reasonHint} value={reason.value} onInput={(text) => (reason.value = text.slice(0, 200))} testid={`${testid}-reason`} />
          <div class="actions">
            <Button onClick={() => (open.value = false)} testid={`${testid}-keep`}>
              {w.keep}
            </Button>
            <Button type="submit" look="danger" disabled={busy.value} testid={`${testid}-sure`}>
              {sure}
            </Button>
          </div>
          {denied.value !== null && <Notice sentence={sentenceOf(denied.value)} detail={denied.value.detail} testid={`${testid}-problem`} />}
        </Form>
      )}
    </div>
  );
}
