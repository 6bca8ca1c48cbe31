import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { leaveMeeting, viewMeeting } from "../../protocol/meeting";
import type { Seat } from "../../protocol/people";
import { Icon } from "../icons";
import { words } from "../language";
import type { OwnMedia } from "../own-media";
import { useArrival } from "../parts/arrival";
import { Button, IconButton } from "../parts/button";
import { Picture } from "../parts/picture";
import { step } from "./step";

/** From here on the media belong to the meeting: it releases them when it is left. */
export function enterMeeting(seat: Seat, media: OwnMedia): void {
  step.value = { at: "inside", seat, media };
}

export function MeetingPage({ seat, media }: { seat: Seat; media: OwnMedia }): JSX.Element {
  const { meeting: w, meetings, prejoin } = words.value;
  const title = useSignal("");
  const arrival = useArrival<HTMLHeadingElement>();
  useEffect(() => {
    const abort = new AbortController();
    const named = viewMeeting(seat.meeting_id, abort.signal).then((meeting) => void (title.value = meeting.title));
    // The title only decorates; somebody who is inside stays inside without it.
    named.catch(() => undefined);
    let inside = true;
    const leave = (): void => {
      if (!inside) return;
      inside = false;
      abort.abort();
      media.close();
      // Nobody waits for the answer: the seat expires by itself if it does not come.
      leaveMeeting(seat).catch(() => undefined);
      if (step.value.at === "inside" && step.value.seat === seat) step.value = { at: "left" };
    };
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, [seat, media, title]);
  const micOn = media.micOn.value;
  const cameraOn = media.cameraOn.value;
  return (
    <main class="page prejoin" data-testid="meeting-page">
      <section class="preview" aria-label={w.you}>
        <div class="tile">
          {media.video.value !== null ? (
            <Picture track={media.video.value} label={prejoin.ownPicture} mirrored testid="own-picture" />
          ) : (
            <div class="no-picture">
              <Icon name="camera-off" />
              <p>{cameraOn ? prejoin.noPicture : prejoin.pictureOff}</p>
            </div>
          )}
          <p class="badge on-picture">{seat.person.name}</p>
        </div>
        <div class="deck">
          <div class="deck-buttons">
            {media.audio.value !== null && (
              <IconButton icon={micOn ? "mic" : "mic-off"} label={micOn ? prejoin.micOff : prejoin.micOn} pressed={!micOn} onClick={media.toggleMic} testid="mic" />
            )}
            <IconButton icon={cameraOn ? "camera" : "camera-off"} label={cameraOn ? prejoin.cameraOff : prejoin.cameraOn} pressed={!cameraOn} onClick={() => void media.toggleCamera()} testid="camera" />
          </div>
          <Button look="danger" size="large" icon="leave" onClick={() => (step.value = { at: "left" })} testid="leave">
            {w.leave}
          </Button>
        </div>
      </section>
      <section class="card">
        <h1 ref={arrival} tabIndex={-1} data-testid="meeting-title">{title.value === "" ? meetings.untitled : title.value}</h1>
        <p role="status">{w.inside(seat.person.name)}</p>
        <p class="secondary code">{seat.meeting_id}</p>
      </section>
    </main>
  );
}
