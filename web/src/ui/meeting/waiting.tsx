import type { JSX } from "preact";
import { words as pageWords } from "../language";
import { useArrival } from "../parts/arrival";
import { Button, IconButton } from "../parts/button";
import { Picture } from "../parts/picture";
import type { MeetingModel } from "./model";
import { words } from "./words";

/** Before the door opens: one's own picture, and what is being waited for. */
export function WaitingRoom({ model }: { model: MeetingModel }): JSX.Element {
  const w = words.value;
  const { stage } = model.meeting.value;
  const { media } = model;
  const arrival = useArrival<HTMLHeadingElement>();
  const [title, lead] =
    stage.at !== "waiting" ? [w.line.connecting, ""] : stage.because === "lobby" ? [w.line.waiting, w.line.waitingLead] : [w.line.notStarted, w.line.notStartedLead];
  return (
    <main class="page narrow waiting" data-testid="waiting-room">
      <h1 ref={arrival} tabIndex={-1}>
        {title}
      </h1>
      <p class="secondary" role="status">
        {lead}
      </p>
      {media.video.value !== null && (
        <div class="tile">
          <Picture track={media.video.value} label={pageWords.value.prejoin.ownPicture} mirrored />
        </div>
      )}
      <div class="actions">
        <IconButton icon={media.micOn.value ? "mic" : "mic-off"} label={media.micOn.value ? w.bar.mute : w.bar.unmute} pressed={!media.micOn.value} onClick={media.toggleMic} testid="mic" />
        <IconButton icon={media.cameraOn.value ? "camera" : "camera-off"} label={media.cameraOn.value ? w.bar.cameraOff : w.bar.cameraOn} pressed={!media.cameraOn.value} onClick={() => void media.toggleCamera()} testid="camera" />
        <Button look="danger" icon="leave" onClick={model.leave} testid="leave">
          {w.bar.leave}
        </Button>
      </div>
    </main>
  );
}
