import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { AdminRoom } from "../../protocol/generated/api";
import type { PersonView } from "../../protocol/generated/meeting";
import { Icon } from "../icons";
import { age } from "../words";
import type { AdminModel } from "./model";
import { Removal } from "./removal";
import { words } from "./words";

/** Who is in a meeting, and the way out. */
export function People({ meeting, room, model }: { meeting: string; room: AdminRoom; model: AdminModel }): JSX.Element | null {
  const w = words.value;
  const said = useSignal("");
  const remove = async (person: PersonView, reason: string): Promise<void> => {
    await model.admin.removePerson(meeting, person.account_id, reason);
    said.value = w.done.person(person.name);
    await model.look();
  };
  return (
    <div class="panel-part">
      <h3>{w.inMeeting}</h3>
      <ul class="entries" data-testid="people-inside">
        {room.people.map((person) => (
          <li key={person.account_id} class="person-entry" data-testid="person">
            <span class="name">{person.name}</span>
            <span class="secondary">{w.ranks[person.role]}</span>
            <span class="does">
              {person.microphone && <Doing icon="mic" label={w.microphone} />}
              {person.camera && <Doing icon="camera" label={w.camera} />}
              {person.screen && <Doing icon="screen" label={w.screen} />}
            </span>
            <span class="secondary numbers">{person.away ? w.away : w.since(age(Math.max(0, Date.now() - person.since_ms) / 1000))}</span>
            <Removal
              label={w.removePerson}
              of={w.removePersonOf(person.name)}
              lead={w.removePersonLead(person.name)}
              sure={w.sure.person}
              onRemove={(reason) => remove(person, reason)}
              testid="remove-person"
            />
          </li>
        ))}
      </ul>
      <p class="said" role="status">
        {said.value}
      </p>
    </div>
  );
}

function Doing({ icon, label }: { icon: "mic" | "camera" | "screen"; label: string }): JSX.Element {
  return (
    <span title={label}>
      <Icon name={icon} />
      <span class="sr-only">{label}</span>
    </span>
  );
}
