import type { JSX } from "preact";
import { Icon } from "../icons";
import { Button } from "../parts/button";
import { useNow } from "../parts/now";
import { duration } from "../words";
import type { MeetingModel } from "./model";
import { words } from "./words";

/** Sooner than this a line comes back by itself, and a page that is loaded again only takes longer. */
const RELOAD_MS = 15_000;

/** What the line is doing, over pictures that stay. Nothing to press before it could help. */
export function LineState({ model }: { model: MeetingModel }): JSX.Element | null {
  const line = model.line.value;
  const lost = line.at === "reconnecting";
  const now = useNow(lost);
  const w = words.value.line;
  if (lost) {
    const ms = Math.max(0, now - line.sinceMs);
    return (
      <div class="line-state" data-testid="reconnecting">
        <p role="status">{w.reconnecting}</p>
        <span class="time">{duration(ms)}</span>
        {ms > RELOAD_MS && (
          <Button icon="refresh" onClick={() => location.reload()}>
            {w.reload}
          </Button>
        )}
      </div>
    );
  }
  if (model.receiving.value !== "lost" && model.receiving.value !== "shaky") return null;
  return (
    <div class="line-state" data-testid="media-lost">
      <p role="status">{w.media}</p>
    </div>
  );
}

/** What holds for the whole meeting just now. */
export function Facts({ model }: { model: MeetingModel }): JSX.Element | null {
  const { recording, settings, endsAtMs } = model.meeting.value;
  useNow(endsAtMs !== null);
  const w = words.value.stage;
  const shares = model.sharing.screen.value !== null;
  if (!recording && !settings.locked && endsAtMs === null && !shares) return null;
  return (
    <div class="facts-row" data-testid="facts">
      {recording && <span class="badge live">{w.recording}</span>}
      {shares && <span class="badge live">{words.value.tile.yourScreen}</span>}
      {settings.locked && (
        <span class="badge">
          <Icon name="lock" />
          {w.locked}
        </span>
      )}
      {endsAtMs !== null && <span class="badge warn">{w.ending(duration(endsAtMs - Date.now()))}</span>}
    </div>
  );
}
