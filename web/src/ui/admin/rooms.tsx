import type { JSX } from "preact";
import { useId } from "preact/hooks";
import type { AdminRoom } from "../../protocol/generated/api";
import { Icon } from "../icons";
import { words as common } from "../language";
import { Button } from "../parts/button";
import { TextField } from "../parts/field";
import type { AdminModel } from "./model";
import { People } from "./people";
import { Sessions } from "./sessions";
import { rate, words } from "./words";

/** Rooms by name; one of them opens into who is in it. */
export function Rooms({ model }: { model: AdminModel }): JSX.Element {
  const w = words.value;
  const rooms = model.rooms.value;
  return (
    <section aria-label={w.rooms} class="admin-rooms">
      <div class="page-head">
        <h2>{w.rooms}</h2>
        <TextField label={w.find} value={model.find.value} onInput={model.search} testid="find" />
      </div>
      {rooms?.length === 0 && (
        <div class="empty">
          <p>{model.find.value.trim() === "" ? w.noRooms : w.noMatch}</p>
        </div>
      )}
      {rooms !== null && rooms.length > 0 && (
        <ul class="room-list" data-testid="admin-rooms">
          {rooms.map((room) => (
            <RoomEntry key={room.name} room={room} model={model} />
          ))}
        </ul>
      )}
      {model.moreRooms.value && (
        <div class="actions">
          <Button onClick={model.showMoreRooms} testid="more-rooms">
            {w.more}
          </Button>
        </div>
      )}
    </section>
  );
}

function RoomEntry({ room, model }: { room: AdminRoom; model: AdminModel }): JSX.Element {
  const w = words.value;
  const panel = useId();
  const open = model.room.value === room.name;
  const kbps = room.publishers.flatMap(({ tracks }) => tracks).flatMap(({ layers }) => layers).reduce((sum, layer) => sum + layer.kbps, 0);
  const facts = [
    ...(room.meeting === undefined ? [] : [w.inside(room.people.length)]),
    ...(room.meeting === undefined || room.publishers.length > 0 ? [w.publishers(room.publishers.length)] : []),
    ...(room.meeting === undefined ? [w.viewers(room.viewers)] : []),
    ...(kbps > 0 ? [rate(kbps)] : []),
  ];
  return (
    <li data-testid="admin-room">
      <button type="button" class="room-row entry" aria-expanded={open} aria-controls={panel} onClick={() => model.toggleRoom(room.name)} data-testid={`room-${room.name}`}>
        <Kind room={room} />
        <span class="name">{room.meeting ?? room.name}</span>
        <span class="facts">{facts.join(" · ")}</span>
        <Icon name="down" />
      </button>
      <div id={panel} class="room-panel" hidden={!open}>
        {open && (
          <>
            {room.meeting !== undefined && <People meeting={room.meeting} room={room} model={model} />}
            <Sessions room={room} model={model} />
          </>
        )}
      </div>
    </li>
  );
}

function Kind({ room }: { room: AdminRoom }): JSX.Element {
  const w = words.value;
  if (room.meeting !== undefined) return <span class="badge">{w.meeting}</span>;
  return <span class={room.live ? "badge live" : "badge"}>{room.live ? common.value.rooms.isLive : w.idle}</span>;
}
