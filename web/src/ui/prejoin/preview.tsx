import type { JSX } from "preact";
import { Icon } from "../icons";
import { words } from "../language";
import type { OwnMedia } from "../own-media";
import { Button, IconButton } from "../parts/button";
import { LevelMeter } from "../parts/meter";
import { Notice } from "../parts/notice";
import { Picture } from "../parts/picture";
import { BackgroundTrouble } from "./background-choice";

export function Preview({ media }: { media: OwnMedia }): JSX.Element {
  const w = words.value.prejoin;
  const level = media.level.value;
  const micOn = media.micOn.value;
  const cameraOn = media.cameraOn.value;
  const silent = media.audio.value === null && !media.asking.value;
  return (
    <section class="preview" aria-label={w.preview}>
      <div class="tile">
        {media.video.value !== null ? (
          <Picture track={media.video.value} label={w.ownPicture} mirrored testid="preview" />
        ) : (
          <div class="no-picture" role="status">
            <Icon name="camera-off" />
            <p>{instead(media)}</p>
          </div>
        )}
      </div>
      <div class="deck">
        {level !== null && <LevelMeter key={media.audio.value?.id} read={level.read} />}
        {silent && <p class="note level-note">{w.noMicrophone}</p>}
        <div class="deck-buttons">
          {media.audio.value !== null && (
            <IconButton icon={micOn ? "mic" : "mic-off"} label={micOn ? w.micOff : w.micOn} pressed={!micOn} onClick={media.toggleMic} testid="mic" />
          )}
          <IconButton icon={cameraOn ? "camera" : "camera-off"} label={cameraOn ? w.cameraOff : w.cameraOn} pressed={!cameraOn} onClick={() => void media.toggleCamera()} testid="camera" />
        </div>
      </div>
      <BackgroundTrouble media={media} />
      {media.troubles.value.map(({ kind, reason }) => (
        <Notice key={kind} sentence={words.value.devices[reason][kind === "screen" ? "both" : kind]} testid="device-problem">
          {reason !== "insecure" && (
            <Button icon="refresh" onClick={() => void media.ask()} testid="try-again">
              {words.value.parts.tryAgain}
            </Button>
          )}
        </Notice>
      ))}
    </section>
  );
}

/** What to say where there is no picture to show. */
function instead(media: OwnMedia): string {
  const w = words.value.prejoin;
  if (media.asking.value) return w.permission;
  if (!media.cameraOn.value) return w.pictureOff;
  return media.hiding.value === "fetching" ? w.backgroundLoading : w.noPicture;
}
