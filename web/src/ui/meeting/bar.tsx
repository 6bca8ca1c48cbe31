import type { JSX } from "preact";
import { canShareScreen } from "../../media/devices";
import { unread } from "../../protocol/meeting/chat";
import { myself } from "../../protocol/meeting/people";
import { Button, IconButton } from "../parts/button";
import { ConfirmButton } from "../parts/confirm";
import type { MeetingModel } from "./model";
import { Entry, Popup } from "./popup";
import type { View } from "./view";
import { words } from "./words";

type BarProps = { model: MeetingModel; view: View; onDiagnostics: () => void };

/** What is pressed in a meeting. Where there is room for five, the others are under "more". */
export function Bar({ model, view, onDiagnostics }: BarProps): JSX.Element {
  const w = words.value.bar;
  const { media, sharing } = model;
  const meeting = model.meeting.value;
  const me = myself(meeting);
  const micOn = media.micOn.value && media.audio.value !== null;
  const cameraOn = media.cameraOn.value;
  const hand = me?.hand !== undefined;
  const shares = sharing.screen.value !== null;
  const mayShare = canShareScreen() && (meeting.settings.share || model.isHost.value);
  const news = unread(meeting.chat, meeting.me);
  const panel = view.panel.value;
  return (
    <div class="bar" role="toolbar" aria-label={w.label}>
      <IconButton
        icon={micOn ? "mic" : "mic-off"}
        label={media.audio.value === null ? w.noMicrophone : micOn ? w.mute : w.unmute}
        pressed={!micOn}
        disabled={media.audio.value === null}
        onClick={media.toggleMic}
        testid="mic"
      />
      <IconButton icon={cameraOn ? "camera" : "camera-off"} label={cameraOn ? w.cameraOff : w.cameraOn} pressed={!cameraOn} onClick={() => void media.toggleCamera()} testid="camera" />
      {mayShare && (
        <span class="wide-only">
          <IconButton icon={shares ? "stop" : "screen"} label={shares ? w.unshare : w.share} pressed={shares} onClick={() => void sharing.toggle()} testid="share" />
        </span>
      )}
      <IconButton icon="hand" label={hand ? w.lower : w.raise} pressed={hand} onClick={model.toggleHand} testid="hand" />
      <span class="wide-only">
        <Reactions model={model} />
      </span>
      <span class={`counted${news > 0 ? " news" : ""}`} data-count={news > 99 ? "99+" : String(news)}>
        <IconButton icon="chat" label={w.chat(news)} pressed={panel === "chat"} onClick={() => view.toggle("chat")} testid="chat" />
      </span>
      <span class={`counted wide-only${model.isHost.value && meeting.lobby.length > 0 ? " news" : ""}`} data-count={String(meeting.lobby.length)}>
        <IconButton icon="people" label={w.people(meeting.people.size)} pressed={panel === "people"} onClick={() => view.toggle("people")} testid="people" />
      </span>
      <More model={model} view={view} onDiagnostics={onDiagnostics} mayShare={mayShare} />
      <Button look="danger" icon="leave" label={w.leave} onClick={model.leave} testid="leave">
        {w.leave}
      </Button>
    </div>
  );
}

function Reactions({ model }: { model: MeetingModel }): JSX.Element | null {
  if (!model.meeting.value.settings.reactions && !model.isHost.value) return null;
  return (
    <Popup icon="smile" label={words.value.bar.react} testid="react">
      {(close) => <ReactionRow model={model} onDone={close} />}
    </Popup>
  );
}

function ReactionRow({ model, onDone }: { model: MeetingModel; onDone: () => void }): JSX.Element {
  const react = (reaction: string): void => {
    model.commands.react(reaction);
    onDone();
  };
  return (
    <div class="reaction-row">
      {Object.entries(words.value.reactions).map(([reaction, meaning]) => (
        <button key={reaction} type="button" class="reaction" aria-label={meaning} title={meaning} onClick={() => react(reaction)} data-testid="reaction">
          {reaction}
        </button>
      ))}
    </div>
  );
}

function More({ model, view, onDiagnostics, mayShare }: BarProps & { mayShare: boolean }): JSX.Element {
  const { bar, more: w } = words.value;
  const { sharing } = model;
  const meeting = model.meeting.value;
  const shares = sharing.screen.value !== null;
  const speaker = view.layout.value === "speaker";
  return (
    <Popup icon="more" label={bar.more} testid="more">
      {(close) => {
        const does = (action: () => void) => () => {
          close();
          action();
        };
        return (
          <>
            <div class="narrow-only">
              <ReactionRow model={model} onDone={close} />
            </div>
            <Entry narrow icon="people" label={bar.people(meeting.people.size)} onClick={does(() => view.toggle("people"))} testid="more-people" />
            {mayShare && <Entry narrow icon="screen" label={shares ? bar.unshare : bar.share} onClick={does(() => void sharing.toggle())} testid="more-share" />}
            {mayShare && sharing.content.value === "text" && <Entry icon="pulse" label={w.motion} onClick={does(() => sharing.optimise("motion"))} testid="motion" />}
            {mayShare && sharing.content.value === "motion" && <Entry icon="screen" label={w.text} onClick={does(() => sharing.optimise("text"))} testid="text" />}
            <Entry icon={speaker ? "rooms" : "speaker"} label={speaker ? w.grid : w.speaker} onClick={does(view.toggleLayout)} testid="layout" />
            <Entry icon="settings" label={w.devices} onClick={does(() => view.toggle("devices"))} testid="devices" />
            <Entry icon="chart" label={w.statistics} onClick={does(() => view.toggle("statistics"))} testid="statistics" />
            <Entry icon="keyboard" label={w.keys} onClick={does(() => (view.help.value = true))} testid="keys" />
            <Entry icon="download" label={w.diagnostics} onClick={does(onDiagnostics)} testid="diagnostics" />
            {model.isHost.value && <ConfirmButton icon="stop" label={w.endForAll} sure={w.endSure} keep={w.keep} onConfirm={() => void model.commands.end()} testid="end" />}
          </>
        );
      }}
    </Popup>
  );
}
