import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { meetingPath } from "../../protocol/code";
import { endMeeting } from "../../protocol/meeting";
import type { HostedMeeting } from "../../protocol/people";
import { sentenceOf, useAsking } from "../asking";
import { language, words } from "../language";
import { ConfirmButton } from "../parts/confirm";
import { CopyButton } from "../parts/copy";
import { Notice } from "../parts/notice";
import { Link } from "../router";
import type { MeetingsModel } from "./model";
import { Rules } from "./rules";

export function MeetingRow({ meeting, model }: { meeting: HostedMeeting; model: MeetingsModel }): JSX.Element {
  const w = words.value.meetings;
  const open = useSignal(false);
  const panel = useId();
  const { busy, denied, run } = useAsking();
  const over = meeting.ended !== undefined;
  const title = meeting.title === "" ? w.untitled : meeting.title;
  const end = (): void =>
    void run(async () => {
      await endMeeting(meeting.meeting_id);
      open.value = false;
      model.changed({ ...meeting, ended: Math.floor(Date.now() / 1000) });
    });
  return (
    <li class="card meeting-row" data-testid="meeting">
      <div class="meeting-head">
        <div class="meeting-name">
          <h2>{title}</h2>
          <p class="secondary">
            <span class="code">{meeting.meeting_id}</span> · {w.started(when(meeting.created))}
          </p>
        </div>
        <ul class="badges" hidden={!over && !meeting.lobby && !meeting.locked && !meeting.passcode}>
          {over && <li class="badge">{w.ended}</li>}
          {!over && meeting.lobby && <li class="badge">{w.lobby}</li>}
          {!over && meeting.locked && <li class="badge warn">{w.locked}</li>}
          {!over && meeting.passcode && <li class="badge">{w.passcode}</li>}
        </ul>
      </div>
      <div class="actions">
        {!over && (
          <>
            <Link class="button primary normal" href={meetingPath(meeting.meeting_id)} aria-label={`${w.join}: ${title}`} data-testid="meeting-join">
              {w.join}
            </Link>
            <CopyButton text={meeting.link} label={w.link(title)} testid="meeting-link" />
            <button type="button" class="button plain normal" aria-expanded={open.value} aria-controls={panel} onClick={() => (open.value = !open.value)} data-testid="meeting-settings">
              <span>{w.settings}</span>
            </button>
            <ConfirmButton label={w.end} sure={w.endSure} keep={w.keep} disabled={busy.value} onConfirm={end} testid="meeting-end" />
          </>
        )}
        <ConfirmButton label={w.delete} sure={w.deleteSure} keep={w.keep} disabled={busy.value} onConfirm={() => void run(() => model.remove(meeting.meeting_id))} testid="meeting-delete" />
      </div>
      {denied.value !== null && <Notice sentence={sentenceOf(denied.value)} detail={denied.value.detail} testid="meeting-problem" />}
      <div id={panel} hidden={!open.value}>
        {open.value && <Rules meeting={meeting} onChanged={model.changed} />}
      </div>
    </li>
  );
}

const when = (seconds: number): string => new Date(seconds * 1000).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" });
