// Generated from crates/proto/src. Change it there, then run: cargo run --release -p proto --example typescript

export type AccountGrant = "person" | "admin";

/**
 * One event, as it is delivered and listed.
 */
export type Event = {
/**
 * Grows with each event of the node, over restarts too. Numbers are never used twice.
 */
sequence: number,
/**
 * The same whenever this event is delivered again.
 */
id: string,
/**
 * Milliseconds since 1970.
 */
time_ms: number,
/**
 * Which node says so; `events.node` in its configuration.
 */
node: string, } & ({ "kind": "node.started", "data": { version: string, } } | { "kind": "node.stopped", "data": Record<symbol, never> } | { "kind": "room.started", "data": { room: string, } } | { "kind": "room.ended", "data": { room: string, } } | { "kind": "stream.published", "data": Stream } | { "kind": "stream.ended", "data": { room: string,
/**
 * As `/api/rooms` shows it.
 */
session: string,
/**
 * The name it publishes under, if it gave one.
 */
name?: string, via: Via,
/**
 * As in `weir_sessions_ended_total` of the metrics.
 */
reason: string, lasted_ms: number, bytes: number, } } | { "kind": "viewer.joined", "data": { room: string, session: string, } } | { "kind": "viewer.left", "data": { room: string, session: string,
/**
 * As in `weir_sessions_ended_total` of the metrics.
 */
reason: string, lasted_ms: number, bytes: number, } } | { "kind": "viewer.counted", "data": { room: string, joined: number, left: number, } } | { "kind": "meeting.started", "data": { meeting_id: string, } } | { "kind": "meeting.ended", "data": { meeting_id: string, reason: MeetingOver, } } | { "kind": "person.joined", "data": Presence } | { "kind": "person.left", "data": { reason: PersonGone, meeting_id: string,
/**
 * Of an account, or of a guest.
 */
account_id: string, name: string, guest: boolean, } } | { "kind": "person.away", "data": Presence } | { "kind": "person.resumed", "data": Presence } | { "kind": "person.removed", "data": Presence } | { "kind": "person.banned", "data": { meeting_id: string, account_id: string, } } | { "kind": "account.created", "data": { account_id: string, name: string, } } | { "kind": "account.deleted", "data": { account_id: string, } } | { "kind": "account.granted", "data": { account_id: string, grant: AccountGrant, } } | { "kind": "account.secured", "data": { account_id: string, } } | { "kind": "events.lost", "data": { count: number, } });

/**
 * `GET /api/admin/events`.
 */
export type EventsView = { events: Array<Event>,
/**
 * Ask for what comes behind it: `?after=`. It moves on over events that were not asked for, too.
 */
next: number,
/**
 * There is more behind `next` already.
 */
more: boolean,
/**
 * The last event there is.
 */
last: number, };

export type MeetingOver = "by_host" | "host_gone" | "empty" | "ordered" | "node_stopped";

export type PersonGone = "left" | "lost" | "removed" | "banned" | "ended" | "node_stopped";

/**
 * Somebody in a meeting.
 */
export type Presence = { meeting_id: string,
/**
 * Of an account, or of a guest.
 */
account_id: string, name: string, guest: boolean, };

/**
 * `POST /api/admin/webhooks/{n}/replay`.
 */
export type ReplayOrder = {
/**
 * The first event to deliver again. One behind the last event begins with whatever comes next.
 */
from: number, };

/**
 * How a session ended.
 */
export type SessionEnd = {
/**
 * As in `weir_sessions_ended_total` of the metrics.
 */
reason: string, lasted_ms: number, bytes: number, };

/**
 * Something that is published.
 */
export type Stream = { room: string,
/**
 * As `/api/rooms` shows it.
 */
session: string,
/**
 * The name it publishes under, if it gave one.
 */
name?: string, via: Via, };

export type Via = "whip" | "ftl" | "pull";

export type WebhookState = "working" | "failing" | "stopped";

/**
 * One of the addresses that the node delivers events to.
 */
export type WebhookView = {
/**
 * Its place in the configuration, from 1 on.
 */
n: number,
/**
 * Without the query, in which some keep a secret.
 */
url: string,
/**
 * What it wants, as in the configuration.
 */
kinds: string, state: WebhookState,
/**
 * The last event that it has taken, or that was not for it.
 */
delivered: number,
/**
 * Events there are behind that one.
 */
behind: number,
/**
 * Events that were forgotten (`events.kept_max`, `events.kept_days`) before it took them, since the node started.
 */
missed: number,
/**
 * Deliveries and failed tries since the node started.
 */
deliveries: number, failures: number,
/**
 * Seconds since 1970.
 */
last_delivered?: number,
/**
 * Since when nothing has been taken, in seconds since 1970.
 */
failing_since?: number, last_error?: string, };

/**
 * `GET /api/admin/webhooks`.
 */
export type WebhooksView = { webhooks: Array<WebhookView>, };

/**
 * What happened: `kind`, and `data` that belongs to it.
 */
export type What = { "kind": "node.started", "data": { version: string, } } | { "kind": "node.stopped", "data": Record<symbol, never> } | { "kind": "room.started", "data": { room: string, } } | { "kind": "room.ended", "data": { room: string, } } | { "kind": "stream.published", "data": Stream } | { "kind": "stream.ended", "data": { room: string,
/**
 * As `/api/rooms` shows it.
 */
session: string,
/**
 * The name it publishes under, if it gave one.
 */
name?: string, via: Via,
/**
 * As in `weir_sessions_ended_total` of the metrics.
 */
reason: string, lasted_ms: number, bytes: number, } } | { "kind": "viewer.joined", "data": { room: string, session: string, } } | { "kind": "viewer.left", "data": { room: string, session: string,
/**
 * As in `weir_sessions_ended_total` of the metrics.
 */
reason: string, lasted_ms: number, bytes: number, } } | { "kind": "viewer.counted", "data": { room: string, joined: number, left: number, } } | { "kind": "meeting.started", "data": { meeting_id: string, } } | { "kind": "meeting.ended", "data": { meeting_id: string, reason: MeetingOver, } } | { "kind": "person.joined", "data": Presence } | { "kind": "person.left", "data": { reason: PersonGone, meeting_id: string,
/**
 * Of an account, or of a guest.
 */
account_id: string, name: string, guest: boolean, } } | { "kind": "person.away", "data": Presence } | { "kind": "person.resumed", "data": Presence } | { "kind": "person.removed", "data": Presence } | { "kind": "person.banned", "data": { meeting_id: string, account_id: string, } } | { "kind": "account.created", "data": { account_id: string, name: string, } } | { "kind": "account.deleted", "data": { account_id: string, } } | { "kind": "account.granted", "data": { account_id: string, grant: AccountGrant, } } | { "kind": "account.secured", "data": { account_id: string, } } | { "kind": "events.lost", "data": { count: number, } };
