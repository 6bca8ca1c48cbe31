import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import type { ChatLine } from "../../protocol/generated/meeting";
import { chatKey } from "../../protocol/meeting/chat";
import { others } from "../../protocol/meeting/people";
import { Button, IconButton } from "../parts/button";
import { language } from "../language";
import { pieces } from "./links";
import type { MeetingModel } from "./model";
import { Panel } from "./panel";
import type { View } from "./view";
import { words } from "./words";

/** Nearer to the end than this, somebody reads along. */
const NEAR_PX = 48;
/** Writers beyond these are not named: their line is one line. */
const NAMED_MAX = 2;

export function ChatPanel({ model, view }: { model: MeetingModel; view: View }): JSX.Element {
  const w = words.value.chat;
  const meeting = model.meeting.value;
  const { lines } = meeting.chat;
  const unsent = model.unsent.value;
  const list = useRef<HTMLDivElement>(null);
  const follows = useSignal(true);
  const toEnd = (): void => list.current?.scrollTo({ top: list.current.scrollHeight });
  useLayoutEffect(() => {
    if (follows.value) toEnd();
  }, [lines, unsent, follows]);
  useEffect(() => {
    const element = list.current;
    if (element === null) return;
    // A keyboard that comes up on a phone leaves less room: who read the end goes on reading it.
    const fitted = new ResizeObserver(() => {
      if (follows.peek()) toEnd();
    });
    fitted.observe(element);
    return () => fitted.disconnect();
  }, [follows]);
  useEffect(() => {
    // Looked at: the panel is open and shows its end.
    if (follows.value) model.readChat();
  }, [model, lines, follows.value]);
  const newest = (): void => {
    follows.value = true;
    toEnd();
  };
  const scrolled = (): void => {
    const element = list.current;
    if (element !== null) follows.value = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
  };
  return (
    <Panel title={w.title} close={w.close} onClose={() => (view.panel.value = null)} testid="chat-panel">
      <div ref={list} class="lines" tabIndex={0} role="log" aria-label={w.title} aria-live="off" onScroll={scrolled}>
        {lines.length + unsent.length === 0 && <p class="secondary">{w.empty}</p>}
        {lines.map((line, i) => (
          <Line key={chatKey(line)} line={line} before={lines[i - 1]} me={meeting.me} nameOf={(id) => meeting.people.get(id)?.name ?? "…"} />
        ))}
        {unsent.map((message) => (
          <div key={message.id} class="line unsent" data-testid="unsent">
            <p class="text">{message.text}</p>
            {message.refused === null ? (
              <p class="note">{w.sending}</p>
            ) : (
              <p class="note problem">
                {meeting.settings.chat || model.isHost.value ? message.refused : w.off}{" "}
                <button type="button" class="text-button" onClick={() => model.takeBack(message.id)}>
                  {w.takeBack}
                </button>
              </p>
            )}
          </div>
        ))}
      </div>
      {!follows.value && meeting.chat.read < lines.length && (
        <Button icon="down" onClick={newest} testid="newer">
          {w.newer}
        </Button>
      )}
      <Writers model={model} />
      {meeting.settings.chat || model.isHost.value ? <Writer model={model} view={view} /> : <p class="note">{w.off}</p>}
    </Panel>
  );
}

function Line({ line, before, me, nameOf }: { line: ChatLine; before: ChatLine | undefined; me: string; nameOf: (id: string) => string }): JSX.Element {
  const w = words.value.chat;
  const own = line.from === me;
  // Who goes on speaking need not be named again.
  const goesOn = before?.from === line.from && before.to === line.to && line.at_ms - before.at_ms < 120_000;
  const privately = line.to === undefined ? null : own ? w.privately(nameOf(line.to)) : w.fromPrivately;
  return (
    <div class={`line${own ? " own" : ""}${line.to === undefined ? "" : " private"}`} data-testid="line">
      {!goesOn && (
        <p class="by">
          <span class="name">{line.name}</span>
          {privately !== null && <span class="badge">{privately}</span>}
          <time dateTime={new Date(line.at_ms).toISOString()}>{new Date(line.at_ms).toLocaleTimeString(language.value, { hour: "2-digit", minute: "2-digit" })}</time>
        </p>
      )}
      <p class="text" dir="auto">
        {pieces(line.text).map((piece, i) =>
          "href" in piece ? (
            <a key={i} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
              {piece.text}
            </a>
          ) : (
            piece.text
          ),
        )}
      </p>
    </div>
  );
}

/** Who is writing. Its line is always there, so that what stands below does not jump. */
function Writers({ model }: { model: MeetingModel }): JSX.Element {
  const w = words.value.chat;
  const { people } = model.meeting.value;
  const names = model.typing.writers.value.map((id) => people.get(id)?.name).filter((name) => name !== undefined);
  return (
    <p class="writers" data-testid="writers">
      {names.length > 0 && (
        <>
          <span class="dots" aria-hidden="true" />
          <span class="names">{names.length > NAMED_MAX ? w.severalWrite : w.writes(names)}</span>
        </>
      )}
    </p>
  );
}

function Writer({ model, view }: { model: MeetingModel; view: View }): JSX.Element {
  const w = words.value.chat;
  const id = useId();
  const text = useSignal("");
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus(), [view.writesTo.value]);
  const meeting = model.meeting.value;
  const to = view.writesTo.value !== null && meeting.people.has(view.writesTo.value) ? view.writesTo.value : null;
  const tooLong = new TextEncoder().encode(text.value).length > meeting.limits.chat_bytes;
  const send = (): void => {
    const said = text.value.trim();
    if (said === "" || tooLong) return;
    model.say(said, to);
    text.value = "";
  };
  const wrote = (now: string): void => {
    text.value = now;
    model.typing.wrote(now, to);
  };
  // Whoever closes the panel has given up for now.
  useEffect(() => () => model.typing.stopped(), [model]);
  const key = (event: KeyboardEvent): void => {
    // Enter also ends a word that is being composed from several keys.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form class="writer" onSubmit={(event) => event.preventDefault()}>
      <label class="to" for={id}>
        <span>{w.to}</span>
        <select id={id} value={to ?? ""} onChange={(event) => (view.writesTo.value = event.currentTarget.value === "" ? null : event.currentTarget.value)} data-testid="chat-to">
          <option value="">{w.everybody}</option>
          {others(meeting).map(({ account_id, name }) => (
            <option key={account_id} value={account_id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div class="write">
        <textarea ref={box} rows={2} value={text.value} aria-label={w.write} placeholder={w.write} aria-invalid={tooLong} onInput={(event) => wrote(event.currentTarget.value)} onKeyDown={key} data-testid="chat-text" />
        <IconButton icon="send" label={w.send} disabled={text.value.trim() === "" || tooLong} onClick={send} testid="chat-send" />
      </div>
      {tooLong && <p class="note problem">{w.tooLong}</p>}
    </form>
  );
}
