import type { JSX } from "preact";
import { IconButton } from "../parts/button";
import type { Action } from "./keys";
import type { Player } from "./player";

export function Controls({ player, act, statistics, why }: { player: Player; act: (action: Action) => void; statistics: boolean; why: boolean }): JSX.Element {
  const paused = player.paused.value;
  const silent = player.muted.value || player.volume.value === 0;
  const full = player.full.value;
  return (
    <div class="stage-bottom fades" role="toolbar" aria-label="Player">
      <IconButton icon={paused ? "play" : "pause"} label={paused ? "Play" : "Pause"} onClick={() => act("play")} testid="play" />
      <IconButton icon={silent ? "muted" : "volume"} label={silent ? "Sound on" : "Mute"} onClick={() => act("mute")} testid="mute" />
      <input
        class="volume"
        type="range"
        min="0"
        max="1"
        step="0.05"
        value={silent ? 0 : player.volume.value}
        aria-label="Volume"
        onInput={(event) => player.setVolume(event.currentTarget.valueAsNumber)}
        data-testid="volume"
      />
      <span class="space" />
      <IconButton icon="chart" label={statistics ? "Hide statistics" : "Statistics"} pressed={statistics} onClick={() => act("statistics")} testid="statistics-toggle" />
      <IconButton icon="pulse" label={why ? "Hide the diagnosis" : "Why is it frozen?"} pressed={why} onClick={() => act("why")} testid="why-toggle" />
      <IconButton icon="help" label="Keyboard" onClick={() => act("help")} testid="help-toggle" />
      {player.canPip && <IconButton icon="pip" label="Picture in picture" pressed={player.pip.value} onClick={() => act("pip")} testid="pip" />}
      <IconButton icon={full ? "shrink" : "expand"} label={full ? "Leave full screen" : "Full screen"} onClick={() => act("full")} testid="fullscreen" />
    </div>
  );
}
