import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import type { AdminRoom, AdminSession } from "../../protocol/generated/api";
import { Icon } from "../icons";
import { Button } from "../parts/button";
import { age, milliseconds } from "../words";
import type { AdminModel } from "./model";
import { SessionDetail } from "./session";
import { percent, rate, words } from "./words";

/** Nothing is the matter, as far as anybody can do something about it. */
const GOOD: readonly AdminSession["verdict"]["is"][] = ["playing", "catching-up", "paused-by-viewer"];

/** The connections of a room; one of them opens into its path and its tracks. */
export function Sessions({ room, model }: { room: AdminRoom; model: AdminModel }): JSX.Element {
  const w = words.value;
  const said = useSignal("");
  const sessions = model.sessions.value;
  const ended = async (id: string, reason: string): Promise<void> => {
    await model.admin.removeSession(id, reason);
    said.value = w.done.session;
    await model.look();
  };
  return (
    <div class="panel-part">
      <h3>{w.connected}</h3>
      {sessions?.length === 0 && <p class="secondary">{w.noSessions}</p>}
      {sessions !== null && sessions.length > 0 && (
        <ul class="entries" data-testid="sessions">
          {sessions.map((session) => (
            <SessionEntry key={session.id} session={session} name={nameOf(session, room)} model={model} onEnd={(reason) => ended(session.id, reason)} />
          ))}
        </ul>
      )}
      {model.moreSessions.value && (
        <div class="actions">
          <Button onClick={model.showMoreSessions} testid="more-sessions">
            {w.more}
          </Button>
        </div>
      )}
      <p class="said" role="status">
        {said.value}
      </p>
    </div>
  );
}

type EntryProps = { session: AdminSession; name: string | null; model: AdminModel; onEnd: (reason: string) => Promise<void> };

function SessionEntry({ session, name, model, onEnd }: EntryProps): JSX.Element {
  const w = words.value;
  const panel = useId();
  const open = model.session.value === session.id;
  const good = GOOD.includes(session.verdict.is);
  return (
    <li data-testid="session">
      <button type="button" class="session-entry entry" aria-expanded={open} aria-controls={panel} onClick={() => model.toggleSession(session.id)} data-testid={`session-${session.side}`}>
        <span class="who">
          <strong>{w.sides[session.side]}</strong>
          {name !== null && <span class="name">{name}</span>}
          <span class="secondary">{w.since(age(session.age_s))}</span>
        </span>
        <Fact label={w.where} value={session.remote} wide />
        <Fact label={w.rate} value={rate(session.kbps)} />
        <Fact label={w.rtt} value={session.rtt_ms === null ? null : milliseconds(session.rtt_ms)} />
        <Fact label={w.loss} value={percent(session.loss_percent)} />
        <span class={good ? "state good" : "state"}>
          <Icon name={good ? "check" : "alert"} />
          {session.state === "connecting" ? w.connecting : w.verdicts[session.verdict.is]}
        </span>
        <Icon name="down" />
      </button>
      <div id={panel} hidden={!open}>
        {open && model.view.value !== null && <SessionDetail view={model.view.value} past={model.past.value} who={name ?? session.remote ?? w.sides[session.side]} onEnd={onEnd} />}
      </div>
    </li>
  );
}

function Fact({ label, value, wide = false }: { label: string; value: string | null; wide?: boolean }): JSX.Element {
  return (
    <span class={wide ? "fact wide" : "fact"}>
      <span class="fact-label">{label}</span>
      <span class="numbers">{value ?? words.value.unknown}</span>
    </span>
  );
}

/** Of somebody in a meeting the name that they have there, and not what the server calls their connection. */
function nameOf(session: AdminSession, room: AdminRoom): string | null {
  if (session.person === null) return session.name;
  return room.people.find(({ account_id }) => account_id === session.person)?.name ?? null;
}
