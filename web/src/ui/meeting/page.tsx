import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { effect } from "@preact/signals";
import { leaveMeeting } from "../../protocol/meeting";
import type { Seat } from "../../protocol/people";
import type { OwnMedia } from "../own-media";
import { MeetingModel } from "./model";
import { Room } from "./room";
import { step, type Ending } from "./step";
import { WaitingRoom } from "./waiting";
import "../styles/meeting.css";

/** From here on the media belong to the meeting: it releases them when it is left. */
export function enterMeeting(seat: Seat, media: OwnMedia): void {
  step.value = { at: "inside", seat, media };
}

export function MeetingPage({ seat, media }: { seat: Seat; media: OwnMedia }): JSX.Element {
  const [model] = useState(() => new MeetingModel(seat, media, socketAddress(seat)));
  useEffect(() => {
    const nudge = (): void => {
      if (document.visibilityState === "visible") model.nudge();
    };
    const stop = effect(() => {
      const line = model.line.value;
      if (line.at === "over" && step.peek().at === "inside") step.value = { at: "left", ending: endingOf(model, line.because) };
    });
    let toldServer = false;
    const leave = (): void => {
      model.leave();
      const line = model.line.peek();
      // Who was taken over or removed has no place to give back; and nobody waits for the answer: a place expires by itself.
      if (toldServer || line.at !== "over" || line.because !== "left") return;
      toldServer = true;
      leaveMeeting(seat).catch(() => undefined);
    };
    window.addEventListener("online", nudge);
    document.addEventListener("visibilitychange", nudge);
    window.addEventListener("pagehide", leave);
    return () => {
      stop();
      window.removeEventListener("online", nudge);
      document.removeEventListener("visibilitychange", nudge);
      window.removeEventListener("pagehide", leave);
      leave();
      model.close();
    };
  }, [model, seat]);
  const { stage, me } = model.meeting.value;
  return stage.at === "inside" || me !== "" ? <Room model={model} /> : <WaitingRoom model={model} />;
}

function socketAddress(seat: Seat): URL {
  const url = new URL(seat.socket, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}

function endingOf(model: MeetingModel, why: Ending["why"]): Ending {
  const { stage } = model.meeting.peek();
  return {
    why,
    ended: stage.at === "ended" ? stage.reason : null,
    denied: stage.at === "denied" ? stage.code : null,
    said: model.removedBecause.peek(),
    byServer: model.removedByServer.peek(),
  };
}
