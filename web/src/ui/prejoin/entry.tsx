import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { isHosted } from "../../protocol/people";
import { AccessDialog } from "../account/dialog";
import { sentenceOf } from "../asking";
import { words } from "../language";
import { Button } from "../parts/button";
import { TextField } from "../parts/field";
import { Form } from "../parts/form";
import { Notice } from "../parts/notice";
import type { PreJoinModel } from "./model";
import type { Outlook } from "./outlook";

/** Which meeting this is, who is in it, what will happen, and the way in. */
export function Entry({ model, onJoin }: { model: PreJoinModel; onJoin: () => void }): JSX.Element {
  const w = words.value.prejoin;
  const asksWho = useSignal(false);
  const meeting = model.meeting.value;
  const refused = model.refused.value;
  const needsAccount = model.outlook.value === "needs-account" || refused?.kind === "guests-not-allowed";
  const wrongPasscode = refused?.kind === "passcode-wrong";
  const nameProblem = model.tried.value && model.name.value.trim() === "" ? w.noName : null;
  const passcodeProblem = wrongPasscode ? w.wrongPasscode : model.tried.value && model.passcode.value.trim() === "" ? w.noPasscode : null;
  return (
    <>
      <div>
        <h1 id="ready" data-testid="meeting-title">
          {meeting === null || meeting.title === "" ? w.ready : meeting.title}
        </h1>
        {meeting === null && (
          <p class="secondary patient" role="status">
            {w.asking}
          </p>
        )}
        {meeting !== null && !isHosted(meeting) && <p class="secondary">{w.hostedBy(meeting.host_name)}</p>}
      </div>
      {meeting !== null && !isHosted(meeting) && meeting.inside !== undefined && <Inside names={meeting.inside} />}
      <Form onSubmit={onJoin} testid="join-form">
        <TextField
          label={w.name}
          fill="name"
          hint={w.nameHint}
          value={model.name.value}
          problem={nameProblem}
          onInput={(text) => (model.typedName.value = text)}
          testid="join-name"
        />
        {model.asksPasscode.value && (
          <TextField
            label={w.passcode}
            hint={w.passcodeHint}
            value={model.passcode.value}
            problem={passcodeProblem}
            onInput={(text) => {
              model.passcode.value = text;
              if (wrongPasscode) model.refused.value = null;
            }}
            testid="join-passcode"
          />
        )}
        {meeting !== null && (
          <p class="outlook" role="status" data-testid="outlook" data-outlook={model.outlook.value}>
            {sayOutlook(model.outlook.value)}
          </p>
        )}
        {refused !== null && !wrongPasscode && refused.kind !== "passcode-required" && <Notice sentence={sentenceOf(refused)} detail={refused.detail} testid="join-problem" />}
        {needsAccount ? (
          <Button look="primary" size="large" onClick={() => (asksWho.value = true)} testid="join-login">
            {words.value.account.logIn}
          </Button>
        ) : (
          <Button type="submit" look="primary" size="large" disabled={model.joining.value || meeting === null} testid="join">
            {model.joining.value ? w.joining : w.join}
          </Button>
        )}
      </Form>
      {asksWho.value && (
        <AccessDialog
          why={w.needsAccount}
          onDone={() => {
            asksWho.value = false;
            model.refused.value = null;
            void model.look();
          }}
          onClose={() => (asksWho.value = false)}
        />
      )}
    </>
  );
}

/** As many names as fit on two lines of a phone. */
const NAMED = 5;

function Inside({ names }: { names: readonly string[] }): JSX.Element {
  const w = words.value.prejoin;
  const named = names.length > NAMED + 1 ? names.slice(0, NAMED) : names;
  return (
    <p role="status" data-testid="inside">
      {names.length === 0 ? w.insideNobody : w.inside(named, names.length - named.length)}
    </p>
  );
}

function sayOutlook(outlook: Outlook): string {
  const w = words.value.prejoin;
  switch (outlook) {
    case "host":
      return w.willHost;
    case "enter":
      return w.willEnter;
    case "lobby":
      return w.willWait;
    case "locked":
      return w.isLocked;
    case "needs-account":
      return w.needsAccount;
    case "over":
      return w.gone;
    default:
      return outlook satisfies never;
  }
}
