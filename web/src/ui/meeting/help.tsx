import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "../parts/button";
import { KEYS } from "./keys";
import { words } from "./words";

export function Help({ onClose }: { onClose: () => void }): JSX.Element {
  const w = words.value.keys;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="keys-title" onClose={onClose} data-testid="help">
      <div class="card-head">
        <h2 id="keys-title">{w.title}</h2>
        <IconButton icon="close" label={w.close} onClick={() => dialog.current?.close()} />
      </div>
      <dl>
        {KEYS.map(({ action, key }) => (
          <div key={action}>
            <dt>
              <kbd>{key === " " ? w.space : key.toUpperCase()}</kbd>
            </dt>
            <dd>{w.does[action]}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
