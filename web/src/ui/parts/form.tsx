import type { ComponentChildren, JSX } from "preact";
import { useRef } from "preact/hooks";

/** A form whose first wrong field gets the focus after it was sent: who cannot see the red has to hear it. */
export function Form({ onSubmit, children, testid }: { onSubmit: () => void; children: ComponentChildren; testid?: string }): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    onSubmit();
    // Problems are marked by the next rendering.
    requestAnimationFrame(() => form.current?.querySelector<HTMLInputElement>('[aria-invalid="true"]')?.focus());
  };
  return (
    <form ref={form} class="stack" onSubmit={submit} noValidate data-testid={testid}>
      {children}
    </form>
  );
}
