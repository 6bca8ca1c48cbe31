import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { expose } from "../debug";
import { Notice } from "../parts/notice";
import { streams } from "../streams";
import { Announcements } from "./announcements";
import { Announcer } from "./announcer";
import { Bar } from "./bar";
import { CaptionLines } from "./caption-lines";
import { ChatPanel } from "./chat";
import { downloadDiagnostics } from "./diagnostics";
import { Help } from "./help";
import { actionOf, focusedOn, type Action } from "./keys";
import { Facts, LineState } from "./line-state";
import type { MeetingModel } from "./model";
import { Devices, Statistics } from "./panels";
import { PeoplePanel } from "./people";
import { Sound } from "./sound";
import { Stage } from "./stage";
import { View, type Panel } from "./view";
import { words } from "./words";

export function Room({ model }: { model: MeetingModel }): JSX.Element {
  const [view] = useState(() => new View(model.meeting));
  const [announcer] = useState(() => new Announcer(() => view.panel.value === "chat"));
  useEffect(() => {
    const deaf = model.onNews(announcer.hear);
    expose(() => model.connections().receiving, model.messages);
    return () => {
      deaf();
      announcer.close();
      view.close();
    };
  }, [model, view, announcer]);
  useEffect(() => listenForKeys(model, view), [model, view]);
  const trouble = model.sharing.trouble.value;
  const panel = view.panel.value;
  return (
    <main class={`meeting${panel === null ? "" : " with-panel"}`} data-testid="meeting-page">
      <h1 class="sr-only">{words.value.stage.label}</h1>
      <Stage model={model} view={view} />
      {panel !== null && <OpenPanel model={model} view={view} panel={panel} />}
      <Bar model={model} view={view} onDiagnostics={() => void downloadDiagnostics(model)} />
      <Facts model={model} />
      <LineState model={model} />
      <CaptionLines model={model} />
      <Announcements model={model} announcer={announcer} />
      {trouble !== null && trouble.reason !== "refused" && (
        <div class="over-pictures">
          <Notice sentence={streams.value.devices[trouble.reason][trouble.kind]} testid="share-problem" />
        </div>
      )}
      <Sound model={model} />
      {view.help.value && <Help onClose={() => (view.help.value = false)} />}
    </main>
  );
}

function OpenPanel({ model, view, panel }: { model: MeetingModel; view: View; panel: Panel }): JSX.Element {
  const close = (): void => void (view.panel.value = null);
  switch (panel) {
    case "chat":
      return <ChatPanel model={model} view={view} />;
    case "people":
      return <PeoplePanel model={model} view={view} />;
    case "statistics":
      return <Statistics model={model} onClose={close} />;
    case "devices":
      return <Devices model={model} onClose={close} />;
    default:
      return panel satisfies never;
  }
}

function listenForKeys(model: MeetingModel, view: View): () => void {
  const { media } = model;
  /** Space is down, and opened the microphone. */
  let talking = false;
  const act = (action: Action): void => {
    switch (action) {
      case "mic":
        if (media.audio.value !== null) media.toggleMic();
        return;
      case "camera":
        return void media.toggleCamera();
      case "talk":
        if (media.micOn.value || media.audio.value === null) return;
        talking = true;
        return media.toggleMic();
      case "chat":
        return view.toggle("chat");
      case "share":
        if (model.meeting.value.settings.share || model.isHost.value) void model.sharing.toggle();
        return;
      case "hand":
        return model.toggleHand();
      case "people":
        return view.toggle("people");
      case "view":
        return view.toggleLayout();
      case "statistics":
        return view.toggle("statistics");
      case "help":
        view.help.value = true;
        return;
      default:
        return action satisfies never;
    }
  };
  const down = (event: KeyboardEvent): void => {
    // A dialog has its own keys.
    if (document.querySelector("dialog[open]") !== null) return;
    const action = actionOf(event, focusedOn(document.activeElement));
    if (action === null) return;
    event.preventDefault();
    act(action);
  };
  const quiet = (): void => {
    if (talking && media.micOn.value) media.toggleMic();
    talking = false;
  };
  const up = (event: KeyboardEvent): void => {
    if (event.key === " ") quiet();
  };
  window.addEventListener("keydown", down);
  window.addEventListener("keyup", up);
  // The key that is let go in another window is not heard here.
  window.addEventListener("blur", quiet);
  return () => {
    window.removeEventListener("keydown", down);
    window.removeEventListener("keyup", up);
    window.removeEventListener("blur", quiet);
  };
}
