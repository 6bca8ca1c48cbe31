import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { Icon, Mark } from "../icons";
import { IconButton } from "../parts/button";
import { receivedRows, StatisticsPanel } from "../parts/statistics";
import { words } from "../language";
import { Link } from "../router";
import { streams } from "../streams";
import { Controls } from "./controls";
import { Help } from "./help";
import { useIdle } from "./idle";
import { actionOf, type Action } from "./keys";
import { WatchModel } from "./model";
import { Overlay } from "./overlay";
import { Player } from "./player";
import { situation } from "./situation";
import { WhyPanel } from "./why-panel";

export function WatchPage({ room }: { room: string }): JSX.Element {
  const [model] = useState(() => new WatchModel(room));
  const stage = useRef<HTMLElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const still = useRef<HTMLCanvasElement>(null);
  const player = useSignal<Player | null>(null);
  const statistics = useSignal(false);
  const why = useSignal(false);
  const help = useSignal(false);
  const now = useComputed(() => situation(model.state.value, model.quietSinceMs.value));
  const idle = useIdle(stage);

  useEffect(() => {
    if (video.current === null || stage.current === null || still.current === null) return;
    const made = new Player(video.current, stage.current, still.current);
    player.value = made;
    model.join();
    return () => {
      model.close();
      made.close();
    };
  }, [model, player]);

  useSignalEffect(() => {
    const stream = model.stream.value;
    if (stream !== null) void player.value?.show(stream);
  });
  const kind = useComputed(() => now.value.kind);
  useSignalEffect(() => {
    if (kind.value === "fine") player.peek()?.thaw();
    else if (kind.value === "reconnecting" || kind.value === "waiting") player.peek()?.freeze();
  });

  const act = (action: Action): void => {
    const p = player.value;
    switch (action) {
      case "play":
        return p?.togglePlay();
      case "mute":
        return p?.toggleMute();
      case "louder":
        return p?.setVolume(p.volume.value + 0.1);
      case "quieter":
        return p?.setVolume(p.volume.value - 0.1);
      case "full":
        return p?.toggleFull();
      case "pip":
        return p?.togglePip();
      case "statistics":
        return void (statistics.value = !statistics.value);
      case "why":
        return void (why.value = !why.value);
      case "help":
        return void (help.value = !help.value);
      default:
        return action satisfies never;
    }
  };
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const action = actionOf(event, focusOf(event.target));
      if (action === null) return;
      event.preventDefault();
      latest.current(action);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);

  const w = streams.value;
  const p = player.value;
  const asleep = idle.value && !(p?.paused.value ?? false) && now.value.kind === "fine" && !help.value;
  return (
    <main ref={stage} class={asleep ? "stage asleep" : "stage"} data-testid="stage">
      <h1 class="sr-only">{w.watch.watching(room)}</h1>
      <video ref={video} playsInline aria-label={w.watch.stream(room)} onClick={() => idle.value || p?.togglePlay()} data-testid="video" />
      <canvas ref={still} class={p?.showing.value === true ? "still" : "still shown"} aria-hidden="true" />
      {now.value.kind === "fine" && !model.picture.value && (
        <div class="no-picture" role="status" data-testid="sound-only">
          <Icon name="volume" />
          <p>{w.watch.soundOnly}</p>
        </div>
      )}
      <Overlay model={model} situation={now.value} />
      <div class="stage-top fades">
        <Link class="home" href="/" aria-label={words.value.frame.home}>
          <Mark />
        </Link>
        <span class="room">{room}</span>
        {now.value.kind === "fine" && <span class="badge live">{w.watch.live}</span>}
      </div>
      {p?.blocked.value === true && now.value.kind === "fine" && (
        <button type="button" class="listen" onClick={p.toggleMute} data-testid="listen">
          <Icon name="muted" />
          {w.watch.listen}
        </button>
      )}
      {statistics.value && (
        <section class="stats-overlay" aria-label={w.statistics.title}>
          <div class="card-head">
            <h2>{w.statistics.title}</h2>
            <IconButton icon="close" label={w.watch.closeStatistics} onClick={() => act("statistics")} />
          </div>
          <StatisticsPanel rows={receivedRows(model.samples.value)} />
        </section>
      )}
      {why.value && <WhyPanel model={model} onClose={() => act("why")} />}
      {p !== null && <Controls player={p} act={act} statistics={statistics.value} why={why.value} />}
      {help.value && <Help onClose={() => (help.value = false)} />}
    </main>
  );
}

function focusOf(target: EventTarget | null): "page" | "button" | "slider" | "text" {
  if (target instanceof HTMLInputElement) return target.type === "range" ? "slider" : "text";
  return target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement ? "button" : "page";
}
