import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { useArrival } from "../parts/arrival";
import { IconButton } from "../parts/button";

type PanelProps = { title: string; close: string; onClose: () => void; children: ComponentChildren; testid: string };

/** Beside the pictures where there is room, over them where there is not. Escape closes it. */
export function Panel({ title, close, onClose, children, testid }: PanelProps): JSX.Element {
  const id = useId();
  const heading = useArrival<HTMLHeadingElement>();
  return (
    <aside class="panel" aria-labelledby={id} onKeyDown={(event) => event.key === "Escape" && onClose()} data-testid={testid}>
      <div class="card-head">
        <h2 ref={heading} id={id} tabIndex={-1}>
          {title}
        </h2>
        <IconButton icon="close" label={close} onClick={onClose} testid="panel-close" />
      </div>
      {children}
    </aside>
  );
}
