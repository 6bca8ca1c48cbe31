import type { JSX } from "preact";
import { Icon } from "../icons";
import { node } from "../node";
import { CopyField } from "../parts/copy";
import { QrCode } from "../parts/qr";
import { StatisticsPanel, sentRows } from "../parts/statistics";
import { useRooms } from "../rooms/list";
import { count } from "../words";
import { Layers } from "./layers";
import type { LiveModel } from "./model";
import { Sources } from "./setup";

/** What matters while live: who can see it, and how it fares. */
export function OnAir({ model }: { model: LiveModel }): JSX.Element {
  return (
    <div class="panels">
      <Share room={model.room.value} />
      <section class="card" aria-labelledby="statistics">
        <h2 id="statistics">Statistics</h2>
        <StatisticsPanel rows={sentRows(model.samples.value)} />
        <Layers sample={model.samples.value.at(-1)} />
      </section>
      <section class="card" aria-labelledby="sources">
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
      <div class="share-body">
        <QrCode text={link} label={`QR code of ${link}`} />
        <div>
          <CopyField label="Link to watch" text={link} testid="share-link" />
          {local && <p class="note">Works on this computer only: the page was opened as {location.hostname}.</p>}
          {node.value?.token_required === true && <p class="note">Viewers need a token of their own.</p>}
        </div>
      </div>
    </section>
  );
}
