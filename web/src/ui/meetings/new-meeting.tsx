import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { meetingPath } from "../../protocol/code";
import { createMeeting } from "../../protocol/meeting";
import { AccessDialog } from "../account/dialog";
import { me, who } from "../account/me";
import { sentenceOf, useAsking } from "../asking";
import { words } from "../language";
import { Button } from "../parts/button";
import { Notice } from "../parts/notice";
import { navigate } from "../router";

/** One press makes a meeting and leads to it. Who is not logged in is asked who they are first, and then it goes on. */
export function NewMeeting({ size = "normal" }: { size?: "normal" | "large" }): JSX.Element {
  const w = words.value.meetings;
  const asksWho = useSignal(false);
  const { busy, denied, run } = useAsking();
  // One wish, one meeting: a second try after a cut line names the same wish.
  const wish = useRef(wishName());
  const make = (): void =>
    void run(async () => {
      const meeting = await createMeeting({}, wish.current);
      wish.current = wishName();
      navigate(meetingPath(meeting.meeting_id));
    });
  const press = (): void => {
    if (me.value === null) asksWho.value = true;
    else make();
  };
  return (
    <>
      <Button icon="plus" look="primary" size={size} disabled={busy.value || who.value.at === "asking"} onClick={press} testid="new-meeting">
        {busy.value ? w.creating : w.create}
      </Button>
      {denied.value !== null && <Notice sentence={sentenceOf(denied.value)} detail={denied.value.detail} testid="new-meeting-problem" />}
      {asksWho.value && (
        <AccessDialog
          why={w.createFirst}
          onDone={() => {
            asksWho.value = false;
            make();
          }}
          onClose={() => (asksWho.value = false)}
        />
      )}
    </>
  );
}

/** `crypto.randomUUID` exists only on pages that came over HTTPS or from localhost. */
function wishName(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
