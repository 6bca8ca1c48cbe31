import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Seat } from "../../protocol/people";
import { sentenceOf } from "../asking";
import { words } from "../language";
import { OwnMedia } from "../own-media";
import { Button } from "../parts/button";
import { Notice } from "../parts/notice";
import { Link } from "../router";
import { DeviceChoice } from "./device-choice";
import { Entry } from "./entry";
import { PreJoinModel } from "./model";
import { Preview } from "./preview";

/** The last look into the mirror. Who gets in takes the media along; who leaves releases them. */
export function PreJoinPage({ id, onSeat }: { id: string; onSeat: (seat: Seat, media: OwnMedia) => void }): JSX.Element {
  const [model] = useState(() => new PreJoinModel(id));
  const [media] = useState(() => new OwnMedia());
  const [kept] = useState(() => ({ media: false }));
  useEffect(() => {
    void model.follow();
    void media.ask();
    return () => {
      model.close();
      if (!kept.media) media.close();
    };
  }, [model, media, kept]);

  const w = words.value.prejoin;
  const denied = model.denied.value;
  if (model.outlook.value === "over" || denied?.kind === "gone") return <NoMeeting title={w.gone} lead={w.goneLead} />;
  if (denied?.kind === "not-found") return <NoMeeting title={w.unknown} lead={w.unknownLead} />;
  const join = async (): Promise<void> => {
    const seat = await model.join();
    if (seat === null) return;
    kept.media = true;
    onSeat(seat, media);
  };
  return (
    <main class="page prejoin">
      <div class="panels">
        <Preview media={media} />
        <DeviceChoice media={media} />
      </div>
      <section class="card" aria-labelledby="ready">
        {denied !== null ? (
          <Notice sentence={sentenceOf(denied)} detail={denied.detail} testid="meeting-problem">
            <Button icon="refresh" onClick={() => void model.look()}>
              {words.value.parts.tryAgain}
            </Button>
          </Notice>
        ) : (
          <Entry model={model} onJoin={() => void join()} />
        )}
      </section>
    </main>
  );
}

function NoMeeting({ title, lead }: { title: string; lead: string }): JSX.Element {
  return (
    <main class="page" data-testid="no-meeting">
      <h1>{title}</h1>
      <p class="secondary">{lead}</p>
      <div class="actions">
        <Link class="button primary normal" href="/">
          {words.value.prejoin.home}
        </Link>
      </div>
    </main>
  );
}
