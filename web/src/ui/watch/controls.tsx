import type { JSX } from "preact";
import { IconButton } from "../parts/button";
import { streams } from "../streams";
import type { Action } from "./keys";
import type { Player } from "./player";

export function Controls({ player, act, statistics, why }: { player: Player; act: (action: Action) => void; statistics: boolean; why: boolean }): JSX.Element {
  const w = streams.value;
  const paused = player.paused.value;
  const silent = player.muted.value || player.volume.value === 0;
  const full = player.full.value;
  return (
    <div class="stage-bottom fades" role="toolbar" aria-label={w.watch.player}>
      <IconButton icon={paused ? "play" : "pause"} label={paused ? w.watch.play : w.watch.pause} onClick={() => act("play")} testid="play" />
      <IconButton icon={silent ? "muted" : "volume"} label={silent ? w.watch.soundOn : w.watch.mute} onClick={() => act("mute")} testid="mute" />
      <input
        class="volume"
        type="range"
        min="0"
        max="1"
        step="0.05"
        value={silent ? 0 : player.volume.value}
        aria-label={w.watch.volume}
        onInput={(event) => player.setVolume(event.currentTarget.valueAsNumber)}
        data-testid="volume"
      />
      <span class="space" />
      <IconButton icon="chart" label={statistics ? w.watch.hideStatistics : w.statistics.title} pressed={statistics} onClick={() => act("statistics")} testid="statistics-toggle" />
      <IconButton icon="pulse" label={why ? w.watch.hideWhy : w.watch.why} pressed={why} onClick={() => act("why")} testid="why-toggle" />
      <IconButton icon="help" label={w.watch.keyboard} onClick={() => act("help")} testid="help-toggle" />
      {player.canPip && <IconButton icon="pip" label={w.watch.pip} pressed={player.pip.value} onClick={() => act("pip")} testid="pip" />}
      <IconButton icon={full ? "shrink" : "expand"} label={full ? w.watch.leaveFull : w.watch.full} onClick={() => act("full")} testid="fullscreen" />
    </div>
  );
}
