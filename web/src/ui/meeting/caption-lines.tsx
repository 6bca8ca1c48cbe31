import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { nameOf } from "../../protocol/meeting/people";
import { captioner, type Caption } from "./captions";
import type { MeetingModel } from "./model";

/** More would cover the pictures. */
const LINES = 2;

export function CaptionLines({ model }: { model: MeetingModel }): JSX.Element | null {
  const lines = useSignal<readonly Caption[]>([]);
  const source = captioner.value;
  const voices = model.voices.value;
  useEffect(() => {
    source?.listen(voices, (caption) => (lines.value = [...lines.value.filter(({ id }) => id !== caption.id), caption].slice(-LINES)));
  }, [source, voices, lines]);
  useEffect(() => {
    lines.value = [];
    return () => source?.close();
  }, [source, lines]);
  if (source === null || lines.value.length === 0) return null;
  return (
    <div class="captions" role="log" data-testid="captions">
      {lines.value.map(({ id, account_id, text }) => (
        <p key={id}>
          <span class="name">{nameOf(model.meeting.value, account_id)}</span> {text}
        </p>
      ))}
    </div>
  );
}
