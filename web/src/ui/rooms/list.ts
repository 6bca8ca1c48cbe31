// The rooms as a signal that follows the server for as long as somebody looks.

import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Failure } from "../../protocol/failure";
import type { RoomView } from "../../protocol/generated/api";
import { followRooms } from "../../protocol/rooms";
import { token } from "../token";

export type Rooms = {
  /** Null until the first answer. */
  rooms: RoomView[] | null;
  by: "events" | "polling";
  trouble: Failure | null;
};

export function useRooms(): Signal<Rooms> {
  const list = useSignal<Rooms>({ rooms: null, by: "events", trouble: null });
  const bearer = token.value;
  useEffect(() => {
    const abort = new AbortController();
    void followRooms(bearer, abort.signal, (news) => {
      list.value =
        news.kind === "rooms"
          ? { rooms: sorted(news.view.rooms), by: news.by, trouble: null }
          : { ...list.value, trouble: news.failure };
    });
    return () => abort.abort();
  }, [list, bearer]);
  return list;
}

/** Live first, then by name: viewers come and go, and a list that jumps cannot be clicked. */
export function sorted(rooms: readonly RoomView[]): RoomView[] {
  return rooms.toSorted((a, b) => Number(b.live) - Number(a.live) || a.name.localeCompare(b.name));
}

/** "VP8 · 3 layers · 2.4 Mbit/s", from what the publishers of a room send. */
export function carries(room: RoomView): { codecs: string[]; layers: number; kbps: number } {
  const tracks = room.publishers.flatMap((publisher) => publisher.tracks);
  return {
    codecs: [...new Set(tracks.toSorted((a, b) => b.kind.localeCompare(a.kind)).map((track) => track.codec))],
    layers: Math.max(0, ...tracks.map((track) => track.layers.length)),
    kbps: tracks.flatMap((track) => track.layers).reduce((sum, layer) => sum + layer.kbps, 0),
  };
}
