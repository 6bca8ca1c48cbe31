import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Seat } from "../../protocol/people";
import { lazy } from "../lazy";
import type { OwnMedia } from "../own-media";
import { PreJoinPage } from "../prejoin/page";
import { LeftPage } from "./left";
import { step } from "./step";

const MeetingPage = lazy(() => import("./page").then((file) => file.MeetingPage));

/** One address, three steps: before a meeting, in it, and after it. */
export function MeetingDoor({ id }: { id: string }): JSX.Element {
  useEffect(() => {
    // Fetched while somebody looks at their own picture, so that "Join" does not wait for it.
    void import("./page").catch(() => undefined);
    return () => void (step.value = { at: "before" });
  }, []);
  const now = step.value;
  switch (now.at) {
    case "before":
      return <PreJoinPage id={id} onSeat={(seat, media) => void enter(seat, media)} />;
    case "inside":
      return <MeetingPage seat={now.seat} media={now.media} />;
    case "left":
      return <LeftPage ending={now.ending} onRejoin={() => (step.value = { at: "before" })} />;
    default:
      return now satisfies never;
  }
}

async function enter(seat: Seat, media: OwnMedia): Promise<void> {
  const { enterMeeting } = await import("./page");
  enterMeeting(seat, media);
}
