import type { JSX } from "preact";
import { codecNames, sendable } from "../../media/codecs";
import { canShareScreen } from "../../media/devices";
import { PRESETS } from "../../media/quality";
import { node } from "../node";
import { SelectField, SwitchField, TextField, type Choice } from "../parts/field";
import { token } from "../token";
import { words } from "../language";
import { streams } from "../streams";
import { codec } from "../words";
import { NONE, SCREEN, type LiveModel } from "./model";

/** What is chosen before going live. */
export function Setup({ model }: { model: LiveModel }): JSX.Element {
  const w = streams.value.live;
  const problem = model.roomProblem.value;
  const refused = model.state.value?.at === "failed" && [401, 403].includes(model.state.value.failure.status);
  return (
    <section class="panel card" aria-label={w.settings}>
      <TextField
        label={w.room}
        value={model.room.value}
        problem={problem === null ? null : words.value.roomNames[problem]}
        hint={w.roomHint}
        onInput={(text) => (model.room.value = text.trim())}
        testid="room"
      />
      {(node.value?.token_required === true || token.value !== null || refused) && (
        <TextField
          label={w.token}
          secret
          value={token.value ?? ""}
          hint={w.tokenHint}
          onInput={(text) => (token.value = text.trim() || null)}
          testid="token"
        />
      )}
      <Sources model={model} />
      <SelectField
        label={w.quality}
        value={model.presetId.value}
        choices={PRESETS.map(({ id }) => ({ value: id, label: streams.value.presets[id] }))}
        onChange={model.chooseQuality}
        testid="quality"
      />
      <SelectField
        label={w.codec}
        value={model.codec.value}
        choices={codecNames(sendable()).map((name) => ({ value: name, label: codec(name) }))}
        onChange={(name) => (model.codec.value = name)}
        testid="codec"
      />
      <SwitchField
        label={w.simulcast}
        hint={w.simulcastHint}
        on={model.simulcast.value}
        onChange={(on) => (model.simulcast.value = on)}
        testid="simulcast"
      />
    </section>
  );
}

/** Camera or screen, and microphone. On air, only a kind that is being sent can be exchanged. */
export function Sources({ model }: { model: LiveModel }): JSX.Element {
  const w = streams.value.live;
  const devices = model.devices.value;
  const onAir = model.onAir.value;
  const off: Choice[] = onAir ? [] : [{ value: NONE, label: w.none }];
  const screen: Choice[] = canShareScreen() ? [{ value: SCREEN, label: w.screen }] : [];
  const withCurrent = (choices: Choice[], current: string): Choice[] =>
    choices.some((choice) => choice.value === current) ? choices : [{ value: current, label: current === NONE ? w.none : w.standard }, ...choices];
  const video = devices.video.map(({ id, label }) => ({ value: id, label }));
  const audio = devices.audio.map(({ id, label }) => ({ value: id, label }));
  return (
    <>
      <SelectField
        label={w.picture}
        value={model.videoId}
        choices={withCurrent([...video, ...screen, ...off], model.videoId)}
        disabled={model.asking.value || (onAir && model.video.value === null)}
        onChange={(id) => void model.chooseVideo(id)}
        testid="video-source"
      />
      <SelectField
        label={w.microphone}
        value={model.microphoneId}
        choices={withCurrent([...audio, ...off], model.microphoneId)}
        disabled={model.asking.value || (onAir && model.audio.value === null)}
        onChange={(id) => void model.chooseMicrophone(id)}
        testid="audio-source"
      />
    </>
  );
}
