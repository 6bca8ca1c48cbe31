import type { JSX } from "preact";
import { Icon } from "../icons";
import { node } from "../node";
import { CopyField } from "../parts/copy";
import { QrCode } from "../parts/qr";
import { useRooms } from "../rooms/list";
import { count } from "../words";
import type { LiveModel } from "./model";
import { Sources } from "./setup";

/** What matters while live: who can see it, and what is shown. */
export function OnAir({ model }: { model: LiveModel }): JSX.Element {
  return (
    <div class="panels">
      <Share room={model.room.value} />
      <section class="card sources" aria-labelledby="sources">
        <h2 id="sources">Sources</h2>
        <Sources model={model} />
      </section>
    </div>
  );
}

function Share({ room }: { room: string }): JSX.Element {
  const link = `${location.origin}/watch/${room}`;
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  const viewers = useRooms().value.rooms?.find((r) => r.name === room)?.viewers;
  return (
    <section class="card share" aria-labelledby="share">
      <div class="card-head">
        <h2 id="share">Share</h2>
        {viewers !== undefined && (
          <span class="viewers" role="status" data-testid="viewers">
            <Icon name="eye" />
            {count(viewers, "viewer", "viewers")}
          </span>
        )}
      </div>
      <CopyField label="Link to watch" text={link} testid="share-link" />
      <div class="share-body">
        <QrCode text={link} label={`QR code of ${link}`} />
        <div>
          <p class="note">Scan it to watch on a phone.</p>
          {local && <p class="note">The link works on this computer only, because the page was opened as {location.hostname}.</p>}
          {node.value?.token_required === true && <p class="note">Viewers need a token of their own.</p>}
        </div>
      </div>
    </section>
  );
}
