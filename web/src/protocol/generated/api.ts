// Generated from crates/proto/src/api.rs. Change it there, then run: cargo run --release -p proto --example typescript

export type LayerView = {
/**
 * Absent for a track without simulcast.
 */
rid?: string,
/**
 * Received in the last full second, kilobits per second.
 */
kbps: number,
/**
 * No packet for a second.
 */
silent: boolean, };

/**
 * `GET /api/node`: what a page needs to know before it asks for a session.
 */
export type NodeView = { version: string,
/**
 * A session needs a bearer token.
 */
token_required: boolean, workers: number, };

/**
 * RFC 9457 problem document. `type` is stable and ends in the kebab-case name of the failure.
 */
export type Problem = { type: string, title: string, status: number,
/**
 * What happened here and what to do about it.
 */
detail: string, };

/**
 * One publishing session.
 */
export type PublisherView = {
/**
 * Public id of its peer, not the capability in its session URL.
 */
id: string,
/**
 * Seconds since it connected.
 */
age_s: number, tracks: Array<TrackView>, };

export type PullState = "idle" | "calling" | "live" | "waiting";

/**
 * A room as `/api/rooms` lists it.
 */
export type RoomView = { name: string,
/**
 * Somebody publishes and media flows.
 */
live: boolean, publishers: Array<PublisherView>, viewers: number, };

/**
 * What `GET /api/rooms` answers, and one `rooms` event on `GET /api/rooms/events` carries.
 */
export type RoomsView = { rooms: Array<RoomView>, };

export type TrackKind = "audio" | "video";

export type TrackView = { kind: TrackKind,
/**
 * "VP8", "H264", "opus", …
 */
codec: string,
/**
 * Simulcast layers, in the publisher's order; one for a plain track.
 */
layers: Array<LayerView>, };

/**
 * `PUT /api/rooms/{room}/upstream`: where to pull this room from while nobody publishes it here.
 */
export type UpstreamOrder = {
/**
 * The parent's address, its WHEP address for this room, or one with `{room}` in it.
 */
url: string,
/**
 * What the parent wants to see as a bearer token.
 */
token?: string, };

/**
 * `GET /api/rooms/{room}/upstream`. The token stays here.
 */
export type UpstreamView = { url: string,
/**
 * Set for this room, and not the node's own.
 */
own: boolean, state: PullState, };
