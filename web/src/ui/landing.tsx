import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { meetingIdFrom, meetingPath } from "../protocol/code";
import { sentenceOfFailure } from "./streams";
import { roomFromInput, roomNameProblem } from "../protocol/room";
import { hasMeetings } from "./account/me";
import { Icon } from "./icons";
import { words } from "./language";
import { NewMeeting } from "./meetings/new-meeting";
import { Button } from "./parts/button";
import { TextField } from "./parts/field";
import { useRooms } from "./rooms/list";
import { RoomRow } from "./rooms/row";
import { Link, navigate } from "./router";

const SHOWN = 5;

export function LandingPage(): JSX.Element {
  const w = words.value.landing;
  const meet = hasMeetings.value;
  return (
    <main class="page landing">
      <section class="hero">
        <div>
          <h1>{meet ? w.title : w.liveTitle}</h1>
          <p class="lead">{meet ? w.lead : w.liveLead}</p>
          <div class="actions">
            {meet && <NewMeeting size="large" />}
            <Link class={`button ${meet ? "plain" : "primary"} large`} href="/live" data-testid="go-live-link">
              <Icon name="live" />
              <span>{w.goLive}</span>
            </Link>
          </div>
          {meet && <JoinForm />}
        </div>
        <Falls />
      </section>
      <section class="columns">
        <WatchCard />
        <LiveNow />
      </section>
    </main>
  );
}

function JoinForm(): JSX.Element {
  const w = words.value.landing;
  const input = useSignal("");
  const wrong = useSignal(false);
  const join = (event: SubmitEvent): void => {
    event.preventDefault();
    const id = meetingIdFrom(input.value);
    wrong.value = id === null;
    if (id !== null) navigate(meetingPath(id));
  };
  return (
    <form class="with-button join" onSubmit={join} noValidate>
      <TextField
        label={w.join}
        placeholder="qkfd-mzwhp-xbtr"
        value={input.value}
        problem={wrong.value ? w.badCode : null}
        onInput={(text) => {
          input.value = text;
          wrong.value = false;
        }}
        testid="join-code"
      />
      <Button type="submit" testid="join-submit">
        {w.joinNow}
      </Button>
    </form>
  );
}

function WatchCard(): JSX.Element {
  const w = words.value.landing;
  const input = useSignal("");
  const problem = useSignal<string | null>(null);
  const watch = (event: SubmitEvent): void => {
    event.preventDefault();
    const room = roomFromInput(input.value);
    const wrong = roomNameProblem(room);
    problem.value = wrong === null ? null : words.value.roomNames[wrong];
    if (problem.value === null) navigate(`/watch/${room}`);
  };
  return (
    <form class="card" onSubmit={watch} noValidate>
      <h2>{w.watch}</h2>
      <TextField
        label={w.room}
        placeholder="quiet-river-204"
        value={input.value}
        problem={problem.value}
        onInput={(text) => {
          input.value = text;
          problem.value = null;
        }}
        testid="watch-room"
      />
      <Button type="submit" icon="play" testid="watch-submit">
        {w.watch}
      </Button>
    </form>
  );
}

function LiveNow(): JSX.Element {
  const w = words.value.landing;
  const { rooms, trouble } = useRooms().value;
  const live = rooms?.filter((room) => room.live) ?? [];
  return (
    <section class="card" aria-labelledby="live-now">
      <div class="card-head">
        <h2 id="live-now">{w.now}</h2>
        <Link class="more" href="/rooms" data-testid="all-rooms">
          {w.allRooms}
          <Icon name="right" />
        </Link>
      </div>
      {live.length > 0 ? (
        <ul class="room-list plain" data-testid="live-now">
          {live.slice(0, SHOWN).map((room) => (
            <RoomRow key={room.name} room={room} />
          ))}
        </ul>
      ) : (
        <p class="secondary" role="status">
          {trouble !== null ? sentenceOfFailure(trouble) : rooms === null ? w.asking : w.nobody}
        </p>
      )}
    </section>
  );
}

/** One stream comes in, falls over the weir, and leaves as many. */
function Falls(): JSX.Element {
  const ends = [14, 40, 66, 92, 118, 144, 170];
  return (
    <svg class="falls" viewBox="0 0 320 184" aria-hidden="true" focusable="false">
      {ends.map((y) => (
        <path key={y} class="out" d={`M134 92C190 92 190 ${y} 246 ${y}H282`} />
      ))}
      <path class="in" d="M62 92H134" />
      <path class="edge" d="M134 58V126" />
      <rect class="source" x="16" y="70" width="52" height="44" rx="10" />
      <path class="lens" d="M36 82.5v19l15-9.500z" />
      {ends.map((y) => (
        <circle key={y} class="end" cx="288" cy={y} r="7" />
      ))}
    </svg>
  );
}
