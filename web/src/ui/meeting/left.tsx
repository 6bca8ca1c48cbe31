import type { JSX } from "preact";
import { words } from "../language";
import { useArrival } from "../parts/arrival";
import { Button } from "../parts/button";
import { Link } from "../router";

export function LeftPage({ onRejoin }: { onRejoin: () => void }): JSX.Element {
  const w = words.value.meeting;
  const arrival = useArrival<HTMLHeadingElement>();
  return (
    <main class="page">
      <h1 ref={arrival} tabIndex={-1} data-testid="left">
        {w.left}
      </h1>
      <div class="actions">
        <Button look="primary" onClick={onRejoin} testid="rejoin">
          {w.rejoin}
        </Button>
        <Link class="button plain normal" href="/">
          {w.home}
        </Link>
      </div>
    </main>
  );
}
