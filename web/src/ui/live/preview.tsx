import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { Icon } from "../icons";
import { Button, IconButton } from "../parts/button";
import { LevelMeter } from "../parts/meter";
import { Notice } from "../parts/notice";
import { useNow } from "../parts/now";
import { words } from "../language";
import { sentenceOfFailure, streams } from "../streams";
import { duration } from "../words";
import type { LiveModel } from "./model";

export function Preview({ model }: { model: LiveModel }): JSX.Element {
  const w = streams.value;
  const state = model.state.value;
  const level = model.level.value;
  const onAir = model.onAir.value;
  return (
    <section class="preview" aria-label={w.live.preview}>
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
              label={model.micOn.value ? w.live.mute : w.live.unmute}
              pressed={!model.micOn.value}
              onClick={model.toggleMic}
              testid="mic"
            />
          )}
          {model.video.value !== null && (
            <IconButton
              icon={model.cameraOn.value ? "camera" : "camera-off"}
              label={model.cameraOn.value ? w.live.hide : w.live.show}
              pressed={!model.cameraOn.value}
              onClick={model.toggleCamera}
              testid="camera"
            />
          )}
        </div>
        {onAir ? (
          <Button look="danger" size="large" icon="stop" onClick={model.stop} testid="stop">
            {w.live.stop}
          </Button>
        ) : (
          <Button look="primary" size="large" icon="live" disabled={!model.canGoLive.value} onClick={model.goLive} testid="go-live">
            {w.live.goLive}
          </Button>
        )}
      </div>
      {state?.at === "failed" && <Notice sentence={sentenceOfFailure(state.failure)} detail={state.failure.detail} testid="live-problem" />}
      {model.troubles.value.map((trouble) => (
        <Notice key={trouble.kind} sentence={w.devices[trouble.reason][trouble.kind]} testid="device-problem">
          {trouble.kind !== "screen" && trouble.reason !== "insecure" && (
            <Button icon="refresh" onClick={() => void model.ask()} testid="try-again">
              {words.value.parts.tryAgain}
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
  const said = instead(model);
  return (
    <>
      {/* People know themselves from mirrors; a mirrored screen could not be read. */}
      <video ref={element} class={model.screen.value ? "" : "mirrored"} autoplay muted playsInline hidden={said !== null} aria-label={streams.value.live.ownPicture} data-testid="preview" />
      {said !== null && (
        <div class="no-picture" role="status">
          <Icon name={track === null && model.audio.value !== null ? "mic" : "camera-off"} />
          <p>{said}</p>
        </div>
      )}
    </>
  );
}

/** What to say where there is no picture to show. */
function instead(model: LiveModel): string | null {
  const w = streams.value.live;
  if (model.video.value !== null) return model.cameraOn.value ? null : w.hidden;
  if (model.asking.value) return w.permission;
  return model.audio.value === null ? w.nothing : w.soundOnly;
}

function Status({ model }: { model: LiveModel }): JSX.Element | null {
  const state = model.state.value;
  const w = streams.value.live;
  const since = model.liveSinceMs.value;
  const now = useNow(state !== null);
  if (state === null) return null;
  switch (state.at) {
    case "connected":
      return (
        <p class="badge live on-picture" role="status" data-testid="live-status">
          {w.isLive} <span class="time">{duration(now - (since ?? now))}</span>
        </p>
      );
    case "connecting":
      return <p class="badge on-picture" role="status" data-testid="live-status">{w.connecting}</p>;
    case "waiting":
      return <p class="badge warn on-picture" role="status" data-testid="live-status">{w.tryingAgain(sentenceOfFailure(state.failure))}</p>;
    case "reconnecting":
      return (
        <p class="badge warn on-picture" role="status" data-testid="live-status">
          {w.reconnecting} <span class="time">{duration(now - state.sinceMs)}</span>
        </p>
      );
    case "failed":
    case "closed":
      return null;
    default:
      return state satisfies never;
  }
}
