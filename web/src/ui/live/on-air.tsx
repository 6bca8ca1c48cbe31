import type { JSX } from "preact";
import { Icon } from "../icons";
import { node } from "../node";
import { CopyField } from "../parts/copy";
import { QrCode } from "../parts/qr";
import { useRooms } from "../rooms/list";
import { streams } from "../streams";
import type { LiveModel } from "./model";
import { Sources } from "./setup";

/** What matters while live: who can see it, and what is shown. */
export function OnAir({ model }: { model: LiveModel }): JSX.Element {
  return (
    <div class="panels">
      <Share room={model.room.value} />
      <section class="card sources" aria-labelledby="sources">
        <h2 id="sources">{streams.value.live.sources}</h2>
        <Sources model={model} />
      </section>
    </div>
  );
}

function Share({ room }: { room: string }): JSX.Element {
  const w = streams.value.live;
  const link = `${location.origin}/watch/${room}`;
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  const viewers = useRooms().value.rooms?.find((r) => r.name === room)?.viewers;
  return (
    <section class="card share" aria-labelledby="share">
      <div class="card-head">
        <h2 id="share">{w.share}</h2>
        {viewers !== undefined && (
          <span class="viewers" role="status" data-testid="viewers">
            <Icon name="eye" />
            {w.viewers(viewers)}
          </span>
        )}
      </div>
      <CopyField label={w.link} text={link} testid="share-link" />
      <div class="share-body">
        <QrCode text={link} label={w.qr(link)} />
        <div>
          <p class="note">{w.scan}</p>
          {local && <p class="note">{w.local(location.hostname)}</p>}
          {node.value?.token_required === true && <p class="note">{w.tokens}</p>}
        </div>
      </div>
    </section>
  );
}
