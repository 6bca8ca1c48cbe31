import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { PersonView, SlotState } from "../../protocol/generated/meeting";
import { feedState } from "../../protocol/meeting/people";
import { Icon } from "../icons";
import { IconButton } from "../parts/button";
import { colourOf, initials } from "./face";
import type { Placed } from "./layout";
import type { MeetingModel } from "./model";
import type { View } from "./view";
import { words } from "./words";

/** Below this there is room for one line of words. */
const SMALL_PX = 220;

/** One picture: somebody's camera or screen, or who they are where there is none. */
export function Tile({ model, view, placed }: { model: MeetingModel; view: View; placed: Placed }): JSX.Element | null {
  const meeting = model.meeting.value;
  const person = meeting.people.get(placed.account_id);
  if (person === undefined) return null;
  const w = words.value;
  const own = placed.account_id === meeting.me;
  const screen = placed.source === "screen";
  const feed = own ? null : feedState(meeting, placed.account_id, placed.source);
  const sends = screen ? person.screen : person.camera;
  const track = own ? model.media.video.value : feed !== null && sends && feed.state.is !== "waiting" ? model.track(feed.mid) : null;
  const name = screen ? w.tile.screen(person.name) : own ? w.tile.you(person.name) : person.name;
  const speaks = !screen && meeting.speaker === placed.account_id;
  const muted = !screen && !(own ? model.media.micOn.value && person.microphone : person.microphone);
  const pinned = view.pinned.value === placed.id;
  const trouble = troubleOf(person, own, feed?.state ?? null, sends && !own);
  const dimmed = !own && (feed?.state.is === "paused" || person.away || model.line.value.at === "reconnecting");
  return (
    <div
      class={`face on-${placed.on}${placed.width < SMALL_PX ? " small" : ""}${speaks ? " speaks" : ""}${dimmed && track !== null ? " dimmed" : ""}`}
      // Through the object model, because the page's policy refuses styles in markup.
      style={{ transform: `translate(${placed.x}px, ${placed.y}px)`, width: `${placed.width}px`, height: `${placed.height}px` }}
      role="group"
      aria-label={[name, muted ? w.tile.muted : "", person.hand === undefined ? "" : w.tile.hand].filter((part) => part !== "").join(", ")}
      data-testid="tile"
      data-who={placed.id}
    >
      {track === null ? <Initials name={person.name} /> : <Moving track={track} mirrored={own} whole={screen} />}
      {trouble !== null && (
        <p class="trouble" title={trouble.detail ?? undefined}>
          {trouble.bars > 0 && <Bars lit={trouble.bars} />}
          <span class={trouble.bars > 0 ? "trouble-words" : ""}>{trouble.sentence}</span>
        </p>
      )}
      <p class="who">
        {muted && <Icon name="mic-off" />}
        {screen && <Icon name="screen" />}
        <span>{name}</span>
        {person.hand !== undefined && !screen && <Icon name="hand" />}
      </p>
      {!own && <IconButton icon="pin" label={pinned ? w.tile.unpin(name) : w.tile.pin(name)} pressed={pinned} onClick={() => view.togglePin(placed.id)} testid="pin" />}
    </div>
  );
}

function Initials({ name }: { name: string }): JSX.Element {
  return (
    <div class="initials" aria-hidden="true">
      <span class={`colour-${colourOf(name)}`}>{initials(name)}</span>
    </div>
  );
}

/** Elements keep the last frame of a track that pauses: that is what is dimmed. */
function Moving({ track, mirrored, whole }: { track: MediaStreamTrack; mirrored: boolean; whole: boolean }): JSX.Element {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (video === null) return;
    video.srcObject = new MediaStream([track]);
    // Silent pictures may always play; a browser that saves power starts them later by itself.
    void video.play().catch(() => undefined);
    return () => void (video.srcObject = null);
  }, [track]);
  return <video ref={element} class={`${mirrored ? "mirrored" : ""}${whole ? " whole" : ""}`} muted playsInline aria-hidden="true" />;
}

type Trouble = { sentence: string; detail: string | null; bars: number };

function troubleOf(person: PersonView, own: boolean, state: SlotState | null, expected: boolean): Trouble | null {
  const w = words.value.tile;
  const plain = (sentence: string): Trouble => ({ sentence, detail: null, bars: 0 });
  if (person.away) return plain(w.away(person.name));
  if (state?.is === "paused") return plain(w.paused);
  const detail = person.quality.reason === "" ? null : person.quality.reason;
  switch (person.quality.level) {
    case "poor":
      return { sentence: own ? w.ownPoor : w.poor(person.name), detail, bars: 1 };
    case "fair":
      return { sentence: own ? w.ownFair : w.fair(person.name), detail, bars: 2 };
    case "good":
      return expected && (state === null || state.is === "waiting") ? plain(w.connecting) : null;
    default:
      return person.quality.level satisfies never;
  }
}

function Bars({ lit }: { lit: number }): JSX.Element {
  return (
    <span class="bars" aria-hidden="true">
      {[1, 2, 3].map((bar) => (
        <i key={bar} class={bar <= lit ? "lit" : ""} />
      ))}
    </span>
  );
}
