import type { JSX } from "preact";
import { Icon } from "../icons";
import { Button } from "../parts/button";
import type { Announcer } from "./announcer";
import type { MeetingModel } from "./model";
import { words } from "./words";

export function Announcements({ model, announcer }: { model: MeetingModel; announcer: Announcer }): JSX.Element {
  const w = words.value.news;
  const asked = announcer.asked.value;
  const { media } = model;
  const unmute = (): void => {
    if (!media.micOn.value) media.toggleMic();
    announcer.asked.value = null;
  };
  return (
    <>
      <div class="announcements">
        {/* Always there: readers hear only what is added to a region that they know. */}
        <div role="status" aria-live="polite" data-testid="announcements">
          {announcer.sentences.value.map(({ id, text, kind }) => (
            <p key={id} class={`announcement ${kind}`}>
              {kind === "warning" && <Icon name="alert" />}
              <span>{text}</span>
            </p>
          ))}
        </div>
        {asked !== null && (
          <div class="announcement asks" role="alert" data-testid="asked">
            <p>{w.askUnmute(asked)}</p>
            <div class="actions">
              <Button look="primary" icon="mic" disabled={media.audio.value === null} onClick={unmute} testid="asked-unmute">
                {w.unmute}
              </Button>
              <Button onClick={() => (announcer.asked.value = null)}>{w.notNow}</Button>
            </div>
          </div>
        )}
      </div>
      <div class="floating">
        {announcer.floating.value.map(({ id, reaction, name }) => (
          <p key={id} class={`float lane-${id % 5}`} data-testid="floating">
            <span aria-hidden="true">{reaction}</span>
            <span class="name">{name}</span>
          </p>
        ))}
      </div>
    </>
  );
}
