import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Notice } from "../parts/notice";
import { TextField } from "../parts/field";
import { Link } from "../router";
import { token } from "../token";
import { count } from "../words";
import { useRooms } from "./list";
import { RoomRow } from "./row";

export function RoomsPage(): JSX.Element {
  const { rooms, by, trouble } = useRooms().value;
  const search = useSignal("");
  const wanted = search.value.trim().toLowerCase();
  const shown = rooms?.filter((room) => room.name.toLowerCase().includes(wanted)) ?? [];
  const live = rooms?.filter((room) => room.live).length ?? 0;
  return (
    <main class="page">
      <div class="page-head">
        <div>
          <h1>Rooms</h1>
          <p class="secondary" role="status" data-testid="rooms-status">
            {rooms === null ? "Asking the server…" : `${count(live, "room", "rooms")} live, ${rooms.length} in all`}
            {rooms !== null && trouble === null && (by === "events" ? " · updates as it happens" : " · updates every 5 seconds")}
          </p>
        </div>
        {(rooms?.length ?? 0) > 1 && <TextField label="Find a room" value={search.value} onInput={(text) => (search.value = text)} testid="rooms-search" />}
      </div>
      {trouble !== null && <Notice sentence={trouble.sentence} detail={trouble.detail} />}
      {trouble?.status === 401 && (
        <TextField label="Token" secret value={token.value ?? ""} onInput={(text) => (token.value = text.trim() || null)} testid="token" />
      )}
      {shown.length > 0 && (
        <ul class="room-list" data-testid="rooms">
          {shown.map((room) => (
            <RoomRow key={room.name} room={room} />
          ))}
        </ul>
      )}
      {rooms !== null && shown.length === 0 && (
        <div class="empty">
          <p>{rooms.length === 0 ? "Nobody is here yet." : "No room has that in its name."}</p>
          {rooms.length === 0 && (
            <Link class="button primary normal" href="/live">
              Be the first to go live
            </Link>
          )}
        </div>
      )}
    </main>
  );
}
