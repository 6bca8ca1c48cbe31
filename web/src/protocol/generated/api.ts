// Generated from crates/proto/src. Change it there, then run: cargo run --release -p proto --example typescript

/**
 * `PATCH /account/{id}`: what is absent stays.
 */
export type AccountChange = { name?: string,
/**
 * Needs the password, and ends every other login.
 */
email?: string, password?: string, };

/**
 * `DELETE /account/{id}`.
 */
export type AccountEnd = { password: string, };

export type AccountGrant = "person" | "admin";

/**
 * `GET /account/{id}`.
 */
export type AccountView = { account_id: string, name: string, email: string,
/**
 * The address answered a mail.
 */
confirmed: boolean, grant: AccountGrant,
/**
 * Seconds since 1970.
 */
created: number, };

/**
 * `GET /api/admin/overview`. What is per second was counted over the last full second.
 */
export type AdminOverview = { version: string,
/**
 * Seconds since the node started.
 */
up_s: number, drain: DrainView,
/**
 * As many sessions as it takes (`limits.sessions_max`).
 */
sessions_max: number, rooms: number, meetings: number, workers: Array<AdminWorker>, process: AdminProcess, };

/**
 * Absent where the system does not say.
 */
export type AdminProcess = {
/**
 * Resident.
 */
memory_bytes: number | null, open_files: number | null, open_files_max: number | null, http_connections: number, };

/**
 * A room that is streamed in, or that a meeting is.
 */
export type AdminRoom = { name: string,
/**
 * The code of the meeting that the room is; absent for a stream.
 */
meeting?: string, live: boolean, viewers: number, publishers: Array<PublisherView>,
/**
 * Who is in the meeting, in the order in which they came.
 */
people: Array<PersonView>, };

/**
 * `GET /api/admin/rooms`: a page of them, by name.
 */
export type AdminRooms = { rooms: Array<AdminRoom>,
/**
 * What to send as `after` for the next page; absent on the last one.
 */
next?: string, };

/**
 * A session in a list.
 */
export type AdminSession = {
/**
 * Of its peer.
 */
id: string, room: string, side: AdminSide,
/**
 * Under which it publishes, or which is its own in a meeting.
 */
name: string | null,
/**
 * Whose it is in a meeting, by account.
 */
person: string | null, state: SessionState, age_s: number,
/**
 * Where it is, as the path that ICE chose says.
 */
remote: string | null, rtt_ms: number | null,
/**
 * Received from a publisher, or sent to a viewer.
 */
kbps: number,
/**
 * What is lost: of a publisher's packets on the way here, of a viewer's on the way there.
 */
loss_percent: number,
/**
 * The worst that is the matter with one of its tracks.
 */
verdict: Verdict,
/**
 * The verdict in words.
 */
sentence: string, };

/**
 * `GET /api/admin/sessions/{id}`.
 */
export type AdminSessionView = { session: AdminSession,
/**
 * The addresses that it was offered of the kind that it took.
 */
local: Array<string>,
/**
 * Packets and bytes of media so far, either way.
 */
packets: number, bytes: number,
/**
 * Packets that it missed, and keyframes that it asked for, or that were asked of it.
 */
nacks: number, keyframe_requests: number,
/**
 * As `GET /api/sessions/{id}` shows it to whoever holds it.
 */
view: SessionView, };

/**
 * `GET /api/admin/rooms/{room}/sessions`: a page of them.
 */
export type AdminSessions = { sessions: Array<AdminSession>, next?: string, };

export type AdminSide = "publisher" | "viewer" | "pull";

/**
 * How one worker fares.
 */
export type AdminWorker = { id: number, publishers: number, viewers: number,
/**
 * Rooms pulled from a parent.
 */
pulls: number,
/**
 * Media packets from publishers, and to viewers.
 */
packets_in_per_s: number, packets_out_per_s: number, kbps_in: number, kbps_out: number,
/**
 * Of one core.
 */
cpu_percent: number,
/**
 * Packets that were not forwarded, for any reason that `weir_drops_total` names.
 */
drops_per_s: number,
/**
 * Packets that viewers missed, and were sent again.
 */
repairs_per_s: number, };

/**
 * People who shall not come back, and those who may again: accounts, and guests.
 */
export type BansChange = { add?: Array<string>, lift?: Array<string>, };

/**
 * Accounts that become co-hosts, or stop being some.
 */
export type CoHostsChange = { add?: Array<string>, remove?: Array<string>, };

/**
 * `POST /account/confirm`.
 */
export type ConfirmUse = {
/**
 * What stands behind the # of the mail's link.
 */
token: string, };

export type DrainState = "serving" | "draining" | "stopping";

/**
 * Whether new sessions are taken, and how many are left.
 */
export type DrainView = { state: DrainState, sessions: number, };

/**
 * Between which two packets are lost: the publisher and this server, or this server and the viewer.
 */
export type Hop = "publisher" | "viewer";

/**
 * `POST /meeting/join`.
 */
export type JoinOrder = { meeting_id: string,
/**
 * What the others see. Guests need one; without it an account's own is used.
 */
name?: string, passcode?: string, };

/**
 * A place in a meeting.
 */
export type JoinView = { meeting_id: string, server: string, person: JoinedPerson,
/**
 * Stands for this person in this meeting. A guest has nothing else.
 */
ticket: string, expires: number,
/**
 * The WebSocket to open with the ticket.
 */
socket: string, };

export type JoinedPerson = {
/**
 * An account, or a guest's id for as long as the ticket lasts.
 */
account_id: string, name: string, role: MeetingRole, };

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
 * `POST /meeting/leave`.
 */
export type LeaveOrder = { meeting_id: string, };

export type Level = "good" | "fair" | "poor";

/**
 * `POST /account/login`.
 */
export type LogIn = { email: string, password: string,
/**
 * For pages: the token comes as a cookie that scripts cannot read.
 */
cookie?: boolean, };

/**
 * Who is logged in: what login answers, and `GET /account/verify`.
 */
export type LoginView = { account_id: string, name: string, email: string, grant: AccountGrant,
/**
 * When the login ends, in seconds since 1970.
 */
expires: number,
/**
 * The token, for `Authorization: Bearer`. Told once, by a login without a cookie.
 */
auth?: string, };

/**
 * `PATCH /meeting/{id}`: what is absent stays.
 */
export type MeetingChange = { title?: string, guests?: boolean, lobby?: boolean, locked?: boolean,
/**
 * Whether those who are neither host nor co-host may write in the chat and send messages, react, show their screen, and unmute themselves.
 */
chat?: boolean, reactions?: boolean, share?: boolean, unmute?: boolean,
/**
 * Null, or an empty text, takes it away.
 */
passcode?: string | null, co_hosts?: CoHostsChange, bans?: BansChange, };

/**
 * A meeting as everybody sees it who has its link.
 */
export type MeetingDoor = { meeting_id: string, title: string, host_name: string, guests: boolean, lobby: boolean, locked: boolean, passcode: boolean, ended?: number,
/**
 * Names of who is in it; not told where a passcode is asked for.
 */
inside?: Array<string>, };

/**
 * `POST /meeting`. All of it may be left out.
 */
export type MeetingOrder = { title?: string,
/**
 * People without an account may come in by the link. They may unless this says false.
 */
guests?: boolean,
/**
 * Everybody but hosts waits until one of them lets them in.
 */
lobby?: boolean,
/**
 * Nobody but hosts comes in.
 */
locked?: boolean,
/**
 * Whether those who are neither host nor co-host may write in the chat and send messages, react, show their screen, and unmute themselves. They
 * may unless this says false.
 */
chat?: boolean, reactions?: boolean, share?: boolean, unmute?: boolean, passcode?: string, };

export type MeetingRole = "host" | "co_host" | "participant" | "guest" | "admin";

/**
 * A meeting as its hosts see it.
 */
export type MeetingView = { meeting_id: string,
/**
 * The node to ask first.
 */
server: string,
/**
 * The host's account.
 */
host: string, title: string,
/**
 * What to send to people.
 */
link: string, guests: boolean, lobby: boolean, locked: boolean,
/**
 * What those who are neither host nor co-host may do.
 */
chat: boolean, reactions: boolean, share: boolean, unmute: boolean,
/**
 * Whether there is one; which one is not told again.
 */
passcode: boolean, created: number, ended?: number,
/**
 * The caller's.
 */
role: MeetingRole,
/**
 * Accounts.
 */
co_hosts: Array<string>,
/**
 * People who shall not come back: accounts, and guests.
 */
banned: Array<string>, };

/**
 * `GET /meeting`: the caller's own, the latest first.
 */
export type MeetingsView = { meetings: Array<MeetingView>,
/**
 * For `?after=`, when there are more.
 */
next?: string, };

/**
 * `GET /api/node`: what a page needs to know before it asks for a session.
 */
export type NodeView = { version: string,
/**
 * A session needs a bearer token.
 */
token_required: boolean, workers: number, };

/**
 * `POST /account/{id}/password`.
 */
export type PasswordChange = { current: string, new: string, };

export type PersonView = { account_id: string, name: string, role: Role,
/**
 * Heard, if they speak.
 */
microphone: boolean, camera: boolean, screen: boolean,
/**
 * Raised; the lowest number was first.
 */
hand?: number,
/**
 * Their socket is lost, and they are expected back.
 */
away: boolean, quality: Quality,
/**
 * When they came, in milliseconds of the calendar.
 */
since_ms: number, };

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
 * Its microphone is one of those that are passed on.
 */
heard: boolean,
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
 * How somebody's line is.
 */
export type Quality = { level: Level,
/**
 * In words; empty while it is good.
 */
reason: string, };

/**
 * `DELETE /api/admin/sessions/{id}`, and to remove somebody from a meeting. Whoever it is about reads the reason.
 */
export type RemoveOrder = { reason?: string, };

/**
 * `POST /account/reset`.
 */
export type ResetOrder = { email: string, };

/**
 * `POST /account/reset/confirm`.
 */
export type ResetUse = {
/**
 * What stands behind the # of the mail's link.
 */
token: string, password: string, };

export type Role = "host" | "co_host" | "person" | "recorder";

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

/**
 * `POST /account`.
 */
export type SignUp = { email: string,
/**
 * 8 to 128 characters.
 */
password: string,
/**
 * Without one it is what stands before the @.
 */
name?: string, };

/**
 * What `POST /account` answers, for addresses that have an account already too.
 */
export type SignedUp = { account_id: string, };

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
