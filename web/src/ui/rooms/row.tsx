import type { JSX } from "preact";
import type { RoomView } from "../../protocol/generated/api";
import { Icon } from "../icons";
import { language, words } from "../language";
import { Link } from "../router";
import { age, bitrate, codec } from "../words";
import { carries } from "./list";

export function RoomRow({ room }: { room: RoomView }): JSX.Element {
  const w = words.value.rooms;
  const { codecs, layers, kbps } = carries(room);
  const oldest = Math.max(0, ...room.publishers.map((publisher) => publisher.age_s));
  const facts = [
    ...codecs.map(codec),
    ...(layers > 1 ? [w.layers(layers)] : []),
    ...(kbps > 0 ? [bitrate(kbps)] : []),
    ...(room.live ? [w.since(age(oldest))] : []),
  ];
  return (
    <li>
      <Link class="room-row" href={`/watch/${room.name}`} data-testid="room">
        <LiveBadge live={room.live} />
        <span class="name">{room.name}</span>
        <span class="facts">{facts.join(" · ")}</span>
        <span class="viewers">
          <Icon name="eye" />
          <span aria-hidden="true">{room.viewers.toLocaleString(language.value)}</span>
          <span class="sr-only">{w.viewers(room.viewers)}</span>
        </span>
        <Icon name="right" />
      </Link>
    </li>
  );
}

export function LiveBadge({ live }: { live: boolean }): JSX.Element {
  return <span class={live ? "badge live" : "badge"}>{live ? words.value.rooms.isLive : words.value.rooms.isIdle}</span>;
}
