import type { JSX } from "preact";
import type { Event } from "../../protocol/generated/events";
import { language } from "../language";
import type { AdminModel } from "./model";
import { words } from "./words";

/** What happened lately, as webhooks are told it. */
export function Events({ model }: { model: AdminModel }): JSX.Element {
  const w = words.value;
  const events = model.events.value;
  return (
    <section aria-label={w.events} class="admin-events">
      <h2>{w.events}</h2>
      {events !== null && (
        <ol class="entries" data-testid="events">
          {events.map((event) => (
            <li key={event.sequence} data-testid="event" data-kind={event.kind}>
              <time class="secondary numbers" dateTime={new Date(event.time_ms).toISOString()}>
                {clock(event.time_ms)}
              </time>
              <span>{w.happened[event.kind]}</span>
              <span class="about">{about(event)}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** With the day, if that is another one. */
function clock(ms: number): string {
  const at = new Date(ms);
  const today = at.toDateString() === new Date().toDateString();
  return today ? at.toLocaleTimeString(language.value) : at.toLocaleString(language.value);
}

/** Whom or what it is about, in one line: where, who, and why or how many. */
export function about(event: Event): string {
  const data: Record<string, unknown> = { ...event.data };
  const parts = ["room", "meeting_id", "name", "reason", "version", "count"].map((field) => data[field]);
  const { joined, left } = data;
  const counted = typeof joined === "number" && typeof left === "number" ? [`+${joined} −${left}`] : [];
  return [...parts.filter((part) => typeof part === "string" || typeof part === "number").map(String), ...counted].join(" · ");
}
