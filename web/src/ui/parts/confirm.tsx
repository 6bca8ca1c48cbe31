import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { IconName } from "../icons";
import { Button } from "./button";

type ConfirmProps = { icon?: IconName; label: string; sure: string; keep: string; disabled?: boolean; onConfirm: () => void; testid: string };

/** For what cannot be taken back: two presses, the second in another place than the first, so that a double click is none. */
export function ConfirmButton({ icon, label, sure, keep, disabled = false, onConfirm, testid }: ConfirmProps): JSX.Element {
  const asking = useSignal(false);
  const group = useRef<HTMLDivElement>(null);
  const turned = useRef(false);
  useEffect(() => {
    // The button that was pressed is gone; whoever uses the keyboard stays here, on the harmless one.
    if (turned.current) group.current?.querySelector("button")?.focus();
    turned.current = true;
  }, [asking.value]);
  const confirm = (): void => {
    asking.value = false;
    onConfirm();
  };
  return (
    <div ref={group} class="confirm" role="group" aria-label={label}>
      {asking.value ? (
        <>
          <Button disabled={disabled} onClick={() => (asking.value = false)} testid={`${testid}-keep`}>
            {keep}
          </Button>
          <Button look="danger" disabled={disabled} onClick={confirm} testid={`${testid}-sure`}>
            {sure}
          </Button>
        </>
      ) : (
        <Button {...(icon === undefined ? {} : { icon })} disabled={disabled} onClick={() => (asking.value = true)} testid={testid}>
          {label}
        </Button>
      )}
    </div>
  );
}
