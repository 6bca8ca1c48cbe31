import type { JSX } from "preact";
import { words as pageWords } from "../language";
import { useArrival } from "../parts/arrival";
import { Button } from "../parts/button";
import { Link } from "../router";
import type { Ending } from "./step";
import { words } from "./words";

/** After a meeting: why it is over for us, and the way back where there is one. */
export function LeftPage({ ending, onRejoin }: { ending: Ending; onRejoin: () => void }): JSX.Element {
  const w = pageWords.value.meeting;
  const arrival = useArrival<HTMLHeadingElement>();
  const { title, lead, back } = told(ending);
  return (
    <main class="page">
      <h1 ref={arrival} tabIndex={-1} data-testid="left">
        {title}
      </h1>
      {lead !== null && <p class="secondary">{lead}</p>}
      {ending.said !== null && <p>{ending.said}</p>}
      <div class="actions">
        {back && (
          <Button look="primary" onClick={onRejoin} testid="rejoin">
            {w.rejoin}
          </Button>
        )}
        <Link class="button plain normal" href="/">
          {w.home}
        </Link>
      </div>
    </main>
  );
}

function told({ why, ended, denied, byServer }: Ending): { title: string; lead: string | null; back: boolean } {
  const w = words.value.over;
  switch (why) {
    case "left":
      return { title: w.left, lead: null, back: true };
    case "ended":
      // One that nobody came to start can still be started.
      return { title: w.ended, lead: ended === null ? null : w.endedLead[ended], back: ended === "not_started" };
    case "denied":
      return { title: w.denied, lead: denied === null ? null : w.deniedLead[denied], back: denied !== "banned" && denied !== "ended" };
    case "removed":
      return { title: byServer ? w.removedByServer : w.removed, lead: null, back: true };
    case "taken_over":
      return { title: w.takenOver, lead: w.takenOverLead, back: true };
    default:
      return why satisfies never;
  }
}
