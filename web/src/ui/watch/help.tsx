import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { IconButton } from "../parts/button";
import { KEYS } from "./keys";

export function Help({ onClose }: { onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose} data-testid="help">
      <div class="card-head">
        <h2 id="help-title">Keyboard</h2>
        <IconButton icon="close" label="Close" onClick={() => dialog.current?.close()} />
      </div>
      <dl>
        {KEYS.map(({ action, shown, does }) => (
          <div key={action}>
            <dt>
              <kbd>{shown}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
