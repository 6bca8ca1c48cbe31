import type { JSX } from "preact";
import type { AdminSessionView, SessionTrack } from "../../protocol/generated/api";
import { Icon } from "../icons";
import { codec, milliseconds } from "../words";
import type { SessionHistory } from "./history";
import { Plot } from "./plot";
import { Removal } from "./removal";
import { bytes, number, percent, rate, words } from "./words";

type DetailProps = { view: AdminSessionView; past: SessionHistory | null; who: string; onEnd: (reason: string) => Promise<void> };

/** Where a session is, how it was, and what is the matter with each of its tracks. */
export function SessionDetail({ view, past, who, onEnd }: DetailProps): JSX.Element {
  const w = words.value;
  const { session } = view;
  const inMeeting = session.room.startsWith("~");
  return (
    <div class="session-detail" data-testid="session-detail">
      {past !== null && (
        <div class="session-plots">
          <Plot label={w.rate} value={rate(session.kbps)} series={past.kbps} top={100} write={rate} />
          <Plot label={w.loss} value={percent(session.loss_percent)} series={past.loss} top={5} write={percent} />
          {session.rtt_ms !== null && <Plot label={w.rtt} value={milliseconds(session.rtt_ms)} series={past.rtt} top={50} write={milliseconds} />}
        </div>
      )}
      <dl class="facts-list">
        <Entry label={w.here} value={view.local.length === 0 ? null : view.local.join(", ")} />
        <Entry label={w.there} value={session.remote} />
        {session.side === "viewer" && <Entry label={w.estimate} value={view.view.estimate_kbps === null ? null : rate(view.view.estimate_kbps)} />}
        <Entry label={session.side === "viewer" ? w.sent : w.received} value={w.transferred(number(view.packets), bytes(view.bytes))} />
        {session.side === "viewer" && <Entry label={w.missed} value={number(view.nacks)} />}
        <Entry label={w.keyframes} value={number(view.keyframe_requests)} />
      </dl>
      <ul class="tracks">
        {view.view.tracks.map((track) => (
          <Track key={`${track.kind}-${track.mid}`} track={track} viewer={session.side === "viewer"} />
        ))}
      </ul>
      {!inMeeting && session.side !== "pull" && (
        <Removal
          label={w.endSession}
          lead={session.side === "publisher" ? w.endPublisherLead(who) : w.endSessionLead(who)}
          sure={w.sure.session}
          onRemove={onEnd}
          testid="end-session"
        />
      )}
    </div>
  );
}

function Track({ track, viewer }: { track: SessionTrack; viewer: boolean }): JSX.Element {
  const w = words.value;
  const good = track.verdict.is === "playing" || track.verdict.is === "paused-by-viewer" || track.verdict.is === "catching-up";
  // One layer has nothing to choose from, and so no name.
  const [only, ...others] = track.layers;
  const plain = only !== undefined && others.length === 0 && only.rid === undefined;
  const layers = track.layers.map((layer, n) => `${layer.rid ?? n}: ${layer.silent ? w.silent : rate(layer.kbps)}`);
  const given = [
    track.layer ?? w.nothing,
    ...(track.target !== null && track.target !== track.layer ? [`→ ${track.target}`] : []),
    ...(track.spatial === null ? [] : [`S${track.spatial}`]),
    ...(track.temporal === null ? [] : [`T${track.temporal}`]),
  ];
  return (
    <li class="track-entry" data-testid="track" data-verdict={track.verdict.is}>
      <h4>
        <Icon name={good ? "check" : "alert"} />
        {track.kind === "video" ? w.picture : w.sound}
        <span class="secondary">{codec(track.codec)}</span>
      </h4>
      {/* The server's own sentence, the same that the viewer's page and `weir why` say. */}
      <p lang="en">{track.sentence}</p>
      <dl class="facts-list">
        {plain && only.kbps > 0 && <Entry label={w.arrives} value={rate(only.kbps)} />}
        {!plain && layers.length > 0 && <Entry label={w.layersIn} value={layers.join(", ")} />}
        {viewer && !plain && layers.length > 0 && <Entry label={w.given} value={given.join(" ")} />}
        {viewer && layers.length > 1 && <Entry label={w.asked} value={track.chosen ?? w.automatic} />}
      </dl>
    </li>
  );
}

function Entry({ label, value }: { label: string; value: string | null }): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value ?? words.value.unknown}</dd>
    </div>
  );
}
