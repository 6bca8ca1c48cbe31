import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Gate } from "../account/gate";
import { me } from "../account/me";
import { sentenceOf } from "../asking";
import { words } from "../language";
import { Button } from "../parts/button";
import { Notice } from "../parts/notice";
import { MeetingsModel } from "./model";
import { NewMeeting } from "./new-meeting";
import { MeetingRow } from "./row";

export function MeetingsPage(): JSX.Element {
  return (
    <main class="page">
      <div class="page-head">
        <h1>{words.value.meetings.title}</h1>
        {me.value !== null && <NewMeeting />}
      </div>
      <Gate>{(person) => <Meetings key={person.account_id} />}</Gate>
    </main>
  );
}

function Meetings(): JSX.Element {
  const w = words.value.meetings;
  const [model] = useState(() => new MeetingsModel());
  useEffect(() => {
    void model.more();
    return () => model.close();
  }, [model]);
  const meetings = model.meetings.value;
  return (
    <>
      {model.denied.value !== null && (
        <Notice sentence={sentenceOf(model.denied.value)} testid="meetings-problem">
          <Button icon="refresh" onClick={() => void model.more()}>
            {words.value.parts.tryAgain}
          </Button>
        </Notice>
      )}
      {meetings === null && model.denied.value === null && (
        <p class="secondary patient" role="status">
          {w.asking}
        </p>
      )}
      {meetings?.length === 0 && (
        <div class="empty">
          <p>{w.empty}</p>
        </div>
      )}
      {meetings !== null && meetings.length > 0 && (
        <ul class="meetings" data-testid="meetings">
          {meetings.map((meeting) => (
            <MeetingRow key={meeting.meeting_id} meeting={meeting} model={model} />
          ))}
        </ul>
      )}
      {model.next.value !== null && (
        <div class="actions">
          <Button disabled={model.busy.value} onClick={() => void model.more()} testid="meetings-more">
            {w.more}
          </Button>
        </div>
      )}
    </>
  );
}
