import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { Icon } from "../icons";
import { Button, IconButton } from "../parts/button";
import { LevelMeter } from "../parts/meter";
import { Notice } from "../parts/notice";
import { useNow } from "../parts/now";
import { duration } from "../words";
import type { LiveModel } from "./model";

export function Preview({ model }: { model: LiveModel }): JSX.Element {
  const state = model.state.value;
  const level = model.level.value;
  const onAir = model.onAir.value;
  return (
    <section class="preview" aria-label="Preview">
      <div class="tile">
        <Picture model={model} />
        <Status model={model} />
      </div>
      <div class="deck">
        {level !== null && <LevelMeter key={model.audio.value?.id} read={level.read} />}
        <div class="deck-buttons">
          {model.audio.value !== null && (
            <IconButton
              icon={model.micOn.value ? "mic" : "mic-off"}
              label={model.micOn.value ? "Mute microphone" : "Unmute microphone"}
              pressed={!model.micOn.value}
              onClick={model.toggleMic}
              testid="mic"
            />
          )}
          {model.video.value !== null && (
            <IconButton
              icon={model.cameraOn.value ? "camera" : "camera-off"}
              label={model.cameraOn.value ? "Hide picture" : "Show picture"}
              pressed={!model.cameraOn.value}
              onClick={model.toggleCamera}
              testid="camera"
            />
          )}
        </div>
        {onAir ? (
          <Button look="danger" size="large" icon="stop" onClick={model.stop} testid="stop">
            Stop
          </Button>
        ) : (
          <Button look="primary" size="large" icon="live" disabled={!model.canGoLive.value} onClick={model.goLive} testid="go-live">
            Go live
          </Button>
        )}
      </div>
      {state?.at === "failed" && <Notice sentence={state.failure.sentence} detail={state.failure.detail} testid="live-problem" />}
      {model.troubles.value.map((trouble) => (
        <Notice key={trouble.sentence} sentence={trouble.sentence} testid="device-problem">
          {trouble.kind !== "screen" && trouble.reason !== "insecure" && (
            <Button icon="refresh" onClick={() => void model.ask()} testid="try-again">
              Try again
            </Button>
          )}
        </Notice>
      ))}
    </section>
  );
}

function Picture({ model }: { model: LiveModel }): JSX.Element {
  const element = useRef<HTMLVideoElement>(null);
  const track = model.video.value;
  useEffect(() => {
    if (element.current !== null) element.current.srcObject = track === null ? null : new MediaStream([track]);
  }, [track]);
  const words = instead(model);
  return (
    <>
      {/* People know themselves from mirrors; a mirrored screen could not be read. */}
      <video ref={element} class={model.screen.value ? "" : "mirrored"} autoplay muted playsInline hidden={words !== null} aria-label="Your picture" data-testid="preview" />
      {words !== null && (
        <div class="no-picture" role="status">
          <Icon name={track === null && model.audio.value !== null ? "mic" : "camera-off"} />
          <p>{words}</p>
        </div>
      )}
    </>
  );
}

/** What to say where there is no picture to show. */
function instead(model: LiveModel): string | null {
  if (model.video.value !== null) return model.cameraOn.value ? null : "Your picture is hidden";
  if (model.asking.value) return "Waiting for your permission to use the camera and microphone…";
  return model.audio.value === null ? "No picture and no sound yet" : "Sound only";
}

function Status({ model }: { model: LiveModel }): JSX.Element | null {
  const state = model.state.value;
  const since = model.liveSinceMs.value;
  const now = useNow(state !== null);
  if (state === null) return null;
  switch (state.at) {
    case "connected":
      return (
        <p class="badge live on-picture" role="status" data-testid="live-status">
          Live <span class="time">{duration(now - (since ?? now))}</span>
        </p>
      );
    case "connecting":
      return <p class="badge on-picture" role="status" data-testid="live-status">Connecting…</p>;
    case "waiting":
      return <p class="badge warn on-picture" role="status" data-testid="live-status">{state.failure.sentence} Trying again…</p>;
    case "reconnecting":
      return (
        <p class="badge warn on-picture" role="status" data-testid="live-status">
          Reconnecting… <span class="time">{duration(now - state.sinceMs)}</span>
        </p>
      );
    case "failed":
    case "closed":
      return null;
    default:
      return state satisfies never;
  }
}
