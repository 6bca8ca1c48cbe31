import type { JSX } from "preact";
import { codecNames, sendable } from "../../media/codecs";
import { canShareScreen } from "../../media/devices";
import { PRESETS } from "../../media/quality";
import { node } from "../node";
import { SelectField, SwitchField, TextField, type Choice } from "../parts/field";
import { token } from "../token";
import { codec } from "../words";
import { NONE, SCREEN, type LiveModel } from "./model";

/** What is chosen before going live. */
export function Setup({ model }: { model: LiveModel }): JSX.Element {
  const refused = model.state.value?.at === "failed" && [401, 403].includes(model.state.value.failure.status);
  return (
    <section class="panel card" aria-label="Settings">
      <TextField
        label="Room"
        value={model.room.value}
        problem={model.roomProblem.value}
        hint="Its name becomes part of the link."
        onInput={(text) => (model.room.value = text.trim())}
        testid="room"
      />
      {(node.value?.token_required === true || token.value !== null || refused) && (
        <TextField
          label="Token"
          secret
          value={token.value ?? ""}
          hint="From whoever runs this server."
          onInput={(text) => (token.value = text.trim() || null)}
          testid="token"
        />
      )}
      <Sources model={model} />
      <SelectField
        label="Quality"
        value={model.presetId.value}
        choices={PRESETS.map(({ id, label }) => ({ value: id, label }))}
        onChange={model.chooseQuality}
        testid="quality"
      />
      <SelectField
        label="Video codec"
        value={model.codec.value}
        choices={codecNames(sendable()).map((name) => ({ value: name, label: codec(name) }))}
        onChange={(name) => (model.codec.value = name)}
        testid="codec"
      />
      <SwitchField
        label="Simulcast"
        hint="Sends three sizes, so that slow viewers get a picture too."
        on={model.simulcast.value}
        onChange={(on) => (model.simulcast.value = on)}
        testid="simulcast"
      />
    </section>
  );
}

/** Camera or screen, and microphone. On air, only a kind that is being sent can be exchanged. */
export function Sources({ model }: { model: LiveModel }): JSX.Element {
  const devices = model.devices.value;
  const onAir = model.onAir.value;
  const off: Choice[] = onAir ? [] : [{ value: NONE, label: "None" }];
  const screen: Choice[] = canShareScreen() ? [{ value: SCREEN, label: "Screen or window…" }] : [];
  const withCurrent = (choices: Choice[], current: string): Choice[] =>
    choices.some((choice) => choice.value === current) ? choices : [{ value: current, label: current === NONE ? "None" : "Default" }, ...choices];
  const video = devices.video.map(({ id, label }) => ({ value: id, label }));
  const audio = devices.audio.map(({ id, label }) => ({ value: id, label }));
  return (
    <>
      <SelectField
        label="Picture"
        value={model.videoId}
        choices={withCurrent([...video, ...screen, ...off], model.videoId)}
        disabled={model.asking.value || (onAir && model.video.value === null)}
        onChange={(id) => void model.chooseVideo(id)}
        testid="video-source"
      />
      <SelectField
        label="Microphone"
        value={model.microphoneId}
        choices={withCurrent([...audio, ...off], model.microphoneId)}
        disabled={model.asking.value || (onAir && model.audio.value === null)}
        onChange={(id) => void model.chooseMicrophone(id)}
        testid="audio-source"
      />
    </>
  );
}
