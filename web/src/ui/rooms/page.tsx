import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { words } from "../language";
import { Notice } from "../parts/notice";
import { TextField } from "../parts/field";
import { Link } from "../router";
import { sentenceOfFailure } from "../streams";
import { token } from "../token";
import { useRooms } from "./list";
import { RoomRow } from "./row";

export function RoomsPage(): JSX.Element {
  const { rooms, by, trouble } = useRooms().value;
  const w = words.value.rooms;
  const search = useSignal("");
  const wanted = search.value.trim().toLowerCase();
  const shown = rooms?.filter((room) => room.name.toLowerCase().includes(wanted)) ?? [];
  const live = rooms?.filter((room) => room.live).length ?? 0;
  return (
    <main class="page">
      <div class="page-head">
        <div>
          <h1>{w.title}</h1>
          <p class="secondary" role="status" data-testid="rooms-status">
            {rooms === null ? w.asking : w.live(live, rooms.length)}
            {rooms !== null && trouble === null && ` · ${by === "events" ? w.byEvents : w.byPolling}`}
          </p>
        </div>
        {(rooms?.length ?? 0) > 1 && <TextField label={w.find} value={search.value} onInput={(text) => (search.value = text)} testid="rooms-search" />}
      </div>
      {trouble !== null && <Notice sentence={sentenceOfFailure(trouble)} detail={trouble.detail} />}
      {trouble?.status === 401 && (
        <TextField label={w.token} secret value={token.value ?? ""} onInput={(text) => (token.value = text.trim() || null)} testid="token" />
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
          <p>{rooms.length === 0 ? w.empty : w.noMatch}</p>
          {rooms.length === 0 && (
            <Link class="button primary normal" href="/live">
              {w.first}
            </Link>
          )}
        </div>
      )}
    </main>
  );
}
