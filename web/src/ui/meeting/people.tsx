import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import type { PersonView } from "../../protocol/generated/meeting";
import { hands, hosts, myself, others } from "../../protocol/meeting/people";
import { Icon } from "../icons";
import { Button } from "../parts/button";
import { ConfirmButton } from "../parts/confirm";
import { SwitchField, TextField } from "../parts/field";
import type { MeetingModel } from "./model";
import { Panel } from "./panel";
import { Entry, Popup } from "./popup";
import { item, type View } from "./view";
import { words } from "./words";

/** Fewer than this are seen at a glance. */
const SEARCHED_FROM = 12;

export function PeoplePanel({ model, view }: { model: MeetingModel; view: View }): JSX.Element {
  const w = words.value.people;
  const meeting = model.meeting.value;
  const host = model.isHost.value;
  const search = useSignal("");
  const me = meeting.people.get(meeting.me);
  const everybody = [...(me === undefined ? [] : [me]), ...others(meeting)];
  const sought = search.value.trim().toLocaleLowerCase();
  const found = everybody.filter(({ name }) => name.toLocaleLowerCase().includes(sought));
  const raised = hands(meeting);
  return (
    <Panel title={w.title} close={words.value.chat.close} onClose={() => (view.panel.value = null)} testid="people-panel">
      <div class="people-scroll">
        {host && meeting.lobby.length > 0 && <Lobby model={model} />}
        {raised.length > 0 && (
          <Group title={w.hands}>
            {raised.map(({ account_id, name }) => (
              <li key={account_id} class="person">
                <Icon name="hand" />
                <span class="name">{name}</span>
                {host && (
                  <Button label={`${w.lowerHand}: ${name}`} onClick={() => void model.commands.moderate("lower_hand", account_id)}>
                    {w.lowerHand}
                  </Button>
                )}
              </li>
            ))}
          </Group>
        )}
        <Group title={w.here(everybody.length)}>
          {everybody.length >= SEARCHED_FROM && (
            <li>
              <TextField label={w.find} value={search.value} onInput={(text) => (search.value = text)} testid="find-person" />
            </li>
          )}
          {found.map((person) => (
            <Person key={person.account_id} model={model} view={view} person={person} />
          ))}
        </Group>
        {host && <Rules model={model} />}
      </div>
    </Panel>
  );
}

function Group({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section>
      <h3>{title}</h3>
      <ul>{children}</ul>
    </section>
  );
}

function Lobby({ model }: { model: MeetingModel }): JSX.Element {
  const w = words.value.people;
  const { lobby } = model.meeting.value;
  return (
    <Group title={w.waiting}>
      {lobby.map(({ account_id, name }) => (
        <li key={account_id} class="person" data-testid="waiting">
          <span class="name">{name}</span>
          <Button look="primary" label={`${w.admit}: ${name}`} onClick={() => void model.commands.moderate("admit", account_id)} testid="admit">
            {w.admit}
          </Button>
          <Button label={`${w.deny}: ${name}`} onClick={() => void model.commands.moderate("deny", account_id)} testid="deny">
            {w.deny}
          </Button>
        </li>
      ))}
      {lobby.length > 1 && (
        <li>
          <Button onClick={() => void model.commands.moderateAll("admit")} testid="admit-all">
            {w.admitAll}
          </Button>
        </li>
      )}
    </Group>
  );
}

function Person({ model, view, person }: { model: MeetingModel; view: View; person: PersonView }): JSX.Element {
  const w = words.value.people;
  const own = person.account_id === model.meeting.value.me;
  return (
    <li class="person" data-testid="person">
      <span class="name">
        {own ? words.value.tile.you(person.name) : person.name}
        {hosts(person) && <span class="badge">{person.role === "host" ? w.host : w.coHost}</span>}
      </span>
      {person.screen && <Icon name="screen" />}
      <Icon name={person.microphone ? "mic" : "mic-off"} />
      <Icon name={person.camera ? "camera" : "camera-off"} />
      {!own && <Tools model={model} view={view} person={person} />}
    </li>
  );
}

function Tools({ model, view, person }: { model: MeetingModel; view: View; person: PersonView }): JSX.Element {
  const w = words.value.people;
  const { account_id, name } = person;
  const mine = myself(model.meeting.value)?.role;
  const owner = mine === "host";
  // The server decides; this leaves out what it would refuse. A co-host has no say about hosts.
  const host = (owner && person.role !== "host") || (mine === "co_host" && person.role === "person");
  const face = item(account_id, "camera").id;
  const pinned = view.pinned.value === face;
  return (
    <Popup icon="more" label={w.tools(name)} testid="person-tools">
      {(close) => {
        const order = (action: Parameters<MeetingModel["commands"]["moderate"]>[0]) => () => {
          close();
          model.commands.moderate(action, account_id);
        };
        const pin = (): void => {
          close();
          view.togglePin(face);
        };
        return (
          <>
            <Entry icon="pin" label={pinned ? w.unpin : w.pin} onClick={pin} testid="person-pin" />
            <Entry icon="chat" label={w.message} onClick={() => view.writeTo(account_id)} testid="person-message" />
            {host && person.microphone && <Entry icon="mic-off" label={w.mute} onClick={order("mute")} testid="person-mute" />}
            {host && !person.microphone && <Entry icon="mic" label={w.askUnmute} onClick={order("ask_unmute")} testid="person-unmute" />}
            {host && person.camera && <Entry icon="camera-off" label={w.stopVideo} onClick={order("stop_video")} testid="person-video" />}
            {host && person.screen && <Entry icon="stop" label={w.stopShare} onClick={order("stop_share")} testid="person-share" />}
            {owner && person.role === "person" && <Entry icon="people" label={w.promote} onClick={order("promote")} testid="person-promote" />}
            {owner && person.role === "co_host" && <Entry icon="person" label={w.demote} onClick={order("demote")} testid="person-demote" />}
            {host && (
              <>
                <ConfirmButton icon="leave" label={w.remove} sure={w.sure(name)} keep={w.keep} onConfirm={order("remove")} testid="person-remove" />
                <ConfirmButton icon="lock" label={w.ban} sure={w.sure(name)} keep={w.keep} onConfirm={order("ban")} testid="person-ban" />
              </>
            )}
          </>
        );
      }}
    </Popup>
  );
}

/** For everybody at once. The switches show what the server says, so that another host's change is seen here too. */
function Rules({ model }: { model: MeetingModel }): JSX.Element {
  const w = words.value.people;
  const { commands } = model;
  const { settings } = model.meeting.value;
  return (
    <section class="rules">
      <div class="actions">
        <Button icon="mic-off" onClick={() => void commands.moderateAll("mute")} testid="mute-all">
          {w.muteAll}
        </Button>
        <Button icon="hand" onClick={() => void commands.moderateAll("lower_hands")} testid="lower-hands">
          {w.lowerHands}
        </Button>
      </div>
      <h3>{w.rules}</h3>
      <SwitchField label={w.locked} hint={w.lockedHint} on={settings.locked} onChange={(locked) => void commands.change({ locked })} testid="rule-locked" />
      <SwitchField label={w.lobby} hint={w.lobbyHint} on={settings.lobby} onChange={(lobby) => void commands.change({ lobby })} testid="rule-lobby" />
      <SwitchField label={w.mayChat} hint={w.mayChatHint} on={settings.chat} onChange={(chat) => void commands.change({ chat })} testid="rule-chat" />
      <SwitchField label={w.mayReact} hint={w.mayReactHint} on={settings.reactions} onChange={(reactions) => void commands.change({ reactions })} testid="rule-reactions" />
      <SwitchField label={w.mayShare} hint={w.mayShareHint} on={settings.share} onChange={(share) => void commands.change({ share })} testid="rule-share" />
      <SwitchField label={w.mayUnmute} hint={w.mayUnmuteHint} on={settings.unmute} onChange={(unmute) => void commands.change({ unmute })} testid="rule-unmute" />
    </section>
  );
}
