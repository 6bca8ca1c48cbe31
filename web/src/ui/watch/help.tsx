import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { IconButton } from "../parts/button";
import { streams } from "../streams";
import { KEYS } from "./keys";

export function Help({ onClose }: { onClose: () => void }): JSX.Element {
  const w = streams.value.watch;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose} data-testid="help">
      <div class="card-head">
        <h2 id="help-title">{w.keyboard}</h2>
        <IconButton icon="close" label={w.close} onClick={() => dialog.current?.close()} />
      </div>
      <dl>
        {KEYS.map(({ action, shown }) => (
          <div key={action}>
            <dt>
              <kbd>{shown ?? w.spaceOrK}</kbd>
            </dt>
            <dd>{w.keys[action]}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
