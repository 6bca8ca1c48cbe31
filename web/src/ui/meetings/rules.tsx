import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { changeMeeting } from "../../protocol/meeting";
import type { HostedMeeting, MeetingChange, MeetingRules } from "../../protocol/people";
import { sentenceOf, useAsking } from "../asking";
import { words } from "../language";
import { Button } from "../parts/button";
import { SwitchField, TextField } from "../parts/field";
import { Form } from "../parts/form";
import { Notice } from "../parts/notice";

/** What a host decides: a switch holds at once, a text when it is saved. */
export function Rules({ meeting, onChanged }: { meeting: HostedMeeting; onChanged: (meeting: HostedMeeting) => void }): JSX.Element {
  const w = words.value.meetings;
  const title = useSignal(meeting.title);
  const passcode = useSignal("");
  const said = useSignal("");
  const { busy, denied, run } = useAsking();
  const change = (wish: MeetingChange): void => {
    said.value = "";
    void run(async () => {
      onChanged(await changeMeeting(meeting.meeting_id, wish));
      passcode.value = "";
      said.value = w.saved;
    });
  };
  const rule = (name: keyof MeetingRules, label: string, hint: string): JSX.Element => (
    <SwitchField label={label} hint={hint} on={meeting[name]} disabled={busy.value} onChange={(on) => change({ [name]: on })} testid={`rule-${name}`} />
  );
  return (
    <div class="rules" data-testid="rules">
      <Form onSubmit={() => change({ title: title.value.trim() })}>
        <div class="with-button">
          <TextField label={w.name} value={title.value} onInput={(text) => (title.value = text)} testid="rule-title" />
          <Button type="submit" disabled={busy.value || title.value.trim() === meeting.title} testid="rule-title-save">
            {words.value.settings.save}
          </Button>
        </div>
      </Form>
      {rule("guests", w.guests, w.guestsHint)}
      {rule("lobby", w.lobby, w.lobbyHint)}
      {rule("locked", w.locked, w.lockedHint)}
      <Form onSubmit={() => passcode.value.trim() !== "" && change({ passcode: passcode.value.trim() })}>
        <div class="with-button">
          <TextField label={w.passcode} hint={meeting.passcode ? w.passcodeSet : w.passcodeNone} value={passcode.value} onInput={(text) => (passcode.value = text)} testid="rule-passcode" />
          <Button type="submit" disabled={busy.value || passcode.value.trim() === ""} testid="rule-passcode-save">
            {w.passcodeSave}
          </Button>
          {meeting.passcode && (
            <Button disabled={busy.value} onClick={() => change({ passcode: "" })} testid="rule-passcode-remove">
              {w.passcodeRemove}
            </Button>
          )}
        </div>
      </Form>
      {denied.value !== null && <Notice sentence={sentenceOf(denied.value)} detail={denied.value.detail} testid="rules-problem" />}
      <span class="said" role="status">
        {said.value}
      </span>
    </div>
  );
}
