import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { isNoise, type Device } from "../../media/devices";
import { canHideBackground } from "../../media/background/track";
import { canSuppressNoise } from "../../media/noise/suppress";
import { canChooseSpeaker, playTone } from "../../media/speaker";
import { words } from "../language";
import type { OwnMedia } from "../own-media";
import { Button } from "../parts/button";
import { SelectField, type Choice } from "../parts/field";
import { BackgroundChoice } from "./background-choice";

/** Camera, microphone and speaker by name. A kind that this machine does not have is not asked about. */
export function DeviceChoice({ media }: { media: OwnMedia }): JSX.Element {
  const w = words.value.prejoin;
  const { audio, video, speakers } = media.devices.value;
  return (
    <div class="devices" role="group" aria-label={words.value.meetings.settings}>
      {video.length > 0 && (
        <SelectField label={w.camera} value={media.cameraId.value} choices={choices(video, media.cameraId.value)} disabled={media.asking.value} onChange={(id) => void media.chooseCamera(id)} testid="video-source" />
      )}
      {audio.length > 0 && (
        <SelectField label={w.microphone} value={media.microphoneId.value} choices={choices(audio, media.microphoneId.value)} disabled={media.asking.value} onChange={(id) => void media.chooseMicrophone(id)} testid="audio-source" />
      )}
      {audio.length > 0 && <NoiseChoice media={media} />}
      {canChooseSpeaker() && speakers.length > 0 && (
        <SelectField label={w.speaker} value={media.speaker.value} choices={choices(speakers, media.speaker.value, true)} onChange={media.chooseSpeaker} testid="speaker" />
      )}
      <ToneButton speaker={media.speaker.value} />
      {video.length > 0 && canHideBackground() && <BackgroundChoice media={media} />}
    </div>
  );
}

function NoiseChoice({ media }: { media: OwnMedia }): JSX.Element {
  const w = words.value.prejoin;
  const ways: Choice[] = [
    { value: "off", label: w.noiseOff },
    { value: "browser", label: w.noiseBrowser },
    ...(canSuppressNoise() ? [{ value: "strong", label: w.noiseStrong }] : []),
  ];
  return (
    <div>
      <SelectField label={w.noise} value={media.noise.value} choices={ways} disabled={media.asking.value} onChange={(way) => isNoise(way) && void media.chooseNoise(way)} testid="noise" />
      {media.noiseFailed.value && (
        <p class="note problem" role="alert" data-testid="noise-problem">
          {w.noiseFailed}
        </p>
      )}
    </div>
  );
}

function ToneButton({ speaker }: { speaker: string }): JSX.Element {
  const w = words.value.prejoin;
  const playing = useSignal(false);
  const play = async (): Promise<void> => {
    playing.value = true;
    // A browser that plays nothing at all shows it by the silence that this button is there to find.
    await playTone(speaker).catch(() => undefined);
    playing.value = false;
  };
  return (
    <div>
      <Button icon="volume" disabled={playing.value} onClick={() => void play()} testid="tone">
        {w.tone}
      </Button>
      <span class="sr-only" role="status">
        {playing.value ? w.tonePlays : ""}
      </span>
    </div>
  );
}

/** What is in use is always among them, even when the browser does not list it; an empty id is the system's choice. */
function choices(devices: readonly Device[], current: string, system = false): Choice[] {
  const listed = devices.map(({ id, label }) => ({ value: id, label }));
  const extra = (system ? [""] : []).concat(current).filter((id, i, all) => all.indexOf(id) === i && !devices.some((device) => device.id === id));
  return [...extra.map((id) => ({ value: id, label: words.value.prejoin[id === "" && !system ? "none" : "standard"] })), ...listed];
}
