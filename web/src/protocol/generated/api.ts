// Generated from crates/proto/src/api.rs. Change it there, then run: cargo run --release -p proto --example typescript

/**
 * Between which two packets are lost: the publisher and this server, or this server and the viewer.
 */
export type Hop = "publisher" | "viewer";

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
 * The name it publishes under (`?as=`), if it gave one.
 */
name?: string,
/**
 * It speaks, or spoke last, of those who publish in this room.
 */
speaking: boolean,
/**
 * Its picture is what the room shows.
 */
shown: boolean,
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

export type SessionSide = "publisher" | "viewer";

export type SessionState = "connecting" | "connected";

export type SessionTrack = { mid: string, kind: TrackKind, codec: string,
/**
 * On show: its RID, or its number where the track has no RIDs.
 */
layer: string | null, spatial: number | null, temporal: number | null,
/**
 * To be shown from its next decodable point on.
 */
target: string | null,
/**
 * What the viewer asked for; absent while the server chooses.
 */
chosen: string | null,
/**
 * What there is to choose from.
 */
layers: Array<LayerView>, packets: number, bytes: number,
/**
 * Packets sent again because the viewer missed them.
 */
repairs: number, last_packet_ms_ago: number | null,
/**
 * How far a replay is behind the live stream, while it is.
 */
catching_up_ms: number | null, verdict: Verdict,
/**
 * The verdict in words.
 */
sentence: string, };

/**
 * What `GET /api/sessions/{id}` answers. The id itself is a right and is not repeated.
 */
export type SessionView = {
/**
 * The room it is in now: a viewer may have been moved since its URL was made.
 */
room: string, side: SessionSide, state: SessionState, age_ms: number,
/**
 * Since ICE and DTLS were done; absent before.
 */
connected_ms: number | null, rtt_ms: number | null,
/**
 * What the viewer's line carries; absent until it has shown something.
 */
estimate_kbps: number | null,
/**
 * To a viewer, or received from a publisher.
 */
sent_kbps: number,
/**
 * Smoothed share of what was sent to a viewer and did not arrive.
 */
loss_percent: number, tracks: Array<SessionTrack>, };

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

/**
 * What is the matter with a track, or that nothing is.
 */
export type Verdict = { "is": "playing" } | { "is": "no-source" } | { "is": "idle-clip" } | { "is": "source-silent", since_ms: number, } | { "is": "waiting-for-keyframe", since_ms: number,
/**
 * Requests to the publisher in that time.
 */
asked: number, } | { "is": "catching-up", behind_ms: number, } | { "is": "paused-for-bandwidth", needs_kbps: number, has_kbps: number, } | { "is": "too-narrow", needs_kbps: number, has_kbps: number, } | { "is": "paused-by-viewer" } | { "is": "loss", hop: Hop, percent: number, } | { "is": "not-acknowledging", since_ms: number, } | { "is": "ended", reason: string, } | { "is": "codec-not-playable", codec: string, };
