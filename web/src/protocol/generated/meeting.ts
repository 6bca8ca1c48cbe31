// Generated from crates/proto/src. Change it there, then run: cargo run --release -p proto --example typescript

export type Action = "mute" | "ask_unmute" | "stop_video" | "stop_share" | "lower_hand" | "remove" | "ban" | "promote" | "demote" | "admit" | "deny";

export type ActionForAll = "mute" | "lower_hands" | "admit";

export type Chat = {
/**
 * Of the client's choice: a message that is sent again under the same one is not said again.
 */
id: string, text: string,
/**
 * Only this person sees it. Absent: everybody does.
 */
to?: string, };

export type ChatLine = {
/**
 * Of the messages to this receiver, without gaps.
 */
number: number,
/**
 * What its sender called it.
 */
id: string, from: string, name: string,
/**
 * Private, to this person.
 */
to?: string, text: string, at_ms: number, };

export type ClientBody = { "content_type": "INIT" } & Hello | { "content_type": "JOIN" } & Hello | { "content_type": "RECORD_JOIN" } & Hello | { "content_type": "LEAVE", } | { "content_type": "END", } | { "content_type": "SUBSCRIBE" } & Subscribe | { "content_type": "UNSUBSCRIBE" } & Unsubscribe | { "content_type": "UNSUB_SUB" } & UnsubSub | { "content_type": "OFFER" } & Offer | { "content_type": "ICE", what: What, fragment: string, } | { "content_type": "STOP", what: What, } | { "content_type": "ME" } & Me | { "content_type": "CHAT" } & Chat | { "content_type": "REACTION", reaction: string, } | { "content_type": "MODERATE" } & Moderate | { "content_type": "MODERATE_ALL" } & ModerateAll | { "content_type": "SETTINGS" } & SettingsChange | { "content_type": "PING", seq: number, };

/**
 * A packet to the server.
 */
export type ClientPacket = { meeting_id: string, } & ({ "content_type": "INIT" } & Hello | { "content_type": "JOIN" } & Hello | { "content_type": "RECORD_JOIN" } & Hello | { "content_type": "LEAVE", } | { "content_type": "END", } | { "content_type": "SUBSCRIBE" } & Subscribe | { "content_type": "UNSUBSCRIBE" } & Unsubscribe | { "content_type": "UNSUB_SUB" } & UnsubSub | { "content_type": "OFFER" } & Offer | { "content_type": "ICE", what: What, fragment: string, } | { "content_type": "STOP", what: What, } | { "content_type": "ME" } & Me | { "content_type": "CHAT" } & Chat | { "content_type": "REACTION", reaction: string, } | { "content_type": "MODERATE" } & Moderate | { "content_type": "MODERATE_ALL" } & ModerateAll | { "content_type": "SETTINGS" } & SettingsChange | { "content_type": "PING", seq: number, });

/**
 * Why the server closes a socket: the code of the WebSocket's close frame.
 */
export type CloseCode = "left" | "ended" | "denied" | "taken_over" | "resumed" | "removed" | "slow";

export type DenyCode = "ended" | "banned" | "locked" | "full" | "refused" | "version" | "not_allowed";

export type EndReason = "by_host" | "host_gone" | "empty" | "not_started" | "ordered";

export type ErrorCode = "malformed" | "too_large" | "unknown_packet" | "count" | "too_fast" | "not_allowed" | "not_in" | "already_in" | "unknown_person" | "oneself" | "not_subscribed" | "limit" | "bad_name" | "too_many_shares" | "bad_offer" | "taken_over" | "messages_lost";

/**
 * Somebody's camera or screen.
 */
export type Feed = { account_id: string,
/**
 * At most so many kilobits per second: which layer that is, the server knows.
 */
bitrate?: number, source?: Source,
/**
 * Lines for which there is room on the page.
 */
height?: number, };

/**
 * Who somebody is follows from the ticket alone; a `host` or an `account_id` beside it is ignored.
 */
export type Hello = {
/**
 * What `POST /meeting/join` gave.
 */
ticket: string, version: number, resume?: Resume, };

export type LeaveReason = "left" | "lost" | "removed" | "banned" | "node_lost";

export type Level = "good" | "fair" | "poor";

export type Limits = {
/**
 * Feeds that may be subscribed to at a time.
 */
feeds: number, chat_bytes: number,
/**
 * After so long without a socket the others are told that somebody has left.
 */
resume_ms: number, };

/**
 * What somebody changes of themselves; what is absent stays as it is.
 */
export type Me = {
/**
 * To be heard. Off until this says on.
 */
microphone?: boolean, camera?: boolean, hand?: boolean, name?: string, };

export type Moderate = { action: Action, account_id: string,
/**
 * Shown to whom it is done.
 */
reason?: string, };

export type ModerateAll = { action: ActionForAll, };

export type Offer = { what: What,
/**
 * Of the client's choice; its ANSWER carries it.
 */
id: number, sdp: string, };

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
 * What somebody who comes in finds of an earlier time.
 */
export type Place = "new" | "replayed" | "refreshed";

/**
 * How somebody's line is.
 */
export type Quality = { level: Level,
/**
 * In words; empty while it is good.
 */
reason: string, };

export type Refused = { account_id: string, source: Source, code: ErrorCode, };

/**
 * Whoever was here a moment ago goes on where they were.
 */
export type Resume = {
/**
 * Of the last WELCOME.
 */
session: string,
/**
 * The last one that came.
 */
seq: number,
/**
 * The number of the last message that came.
 */
chat: number, };

export type Role = "host" | "co_host" | "person" | "recorder";

export type ServerBody = { "content_type": "WELCOME", version: number,
/**
 * Whose place this is.
 */
account_id: string,
/**
 * Proves, with the ticket, that a later JOIN goes on with this one.
 */
session: string, place: Place,
/**
 * The next numbered packet has the number after this.
 */
last_seq: number, limits: Limits, } | { "content_type": "WAITING", because: WaitReason, } | { "content_type": "JOIN_DENIED", code: DenyCode, reason: string, } | { "content_type": "ERROR", code: ErrorCode, msg: string,
/**
 * The packet that it answers.
 */
about?: string, } | { "content_type": "MEETING_USERS", users: Array<string>, people: Array<PersonView>, } | { "content_type": "JOIN", account_id: string, person: PersonView, } | { "content_type": "STATE", account_id: string, person: PersonView, } | { "content_type": "LEAVE", account_id: string, reason: LeaveReason, } | { "content_type": "END", reason: EndReason, } | { "content_type": "ENDING", ends_at_ms?: number, } | { "content_type": "SETTINGS", settings: Settings,
/**
 * A recorder is here.
 */
recording: boolean, } | { "content_type": "LOBBY",
/**
 * This is everybody; otherwise it is what has changed.
 */
full: boolean, waiting: Array<WaitingPerson>, gone: Array<string>, } | { "content_type": "SUBSCRIBED", subscribed: Array<SubscribedFeed>, unsubscribed: Array<SubscribedFeed>, refused: Array<Refused>, } | { "content_type": "SLOTS", slots: Array<SlotView>, } | { "content_type": "ANSWER", what: What, id: number, sdp: string, } | { "content_type": "ICE", what: What, fragment: string, } | { "content_type": "MEDIA_ENDED", what: What, reason: string, } | { "content_type": "SPEAKER", account_id?: string, heard: Array<string>, } | { "content_type": "CHAT", message: ChatLine, } | { "content_type": "HISTORY", messages: Array<ChatLine>, } | { "content_type": "REACTION", account_id: string, reaction: string, } | { "content_type": "MODERATED", action: Action,
/**
 * Empty: whoever looks after the server.
 */
by: string, reason?: string, } | { "content_type": "PONG", acknowledged: number, };

/**
 * A packet to a client.
 */
export type ServerPacket = { meeting_id: string,
/**
 * Grows by one from packet to packet of those that are replayed to who resumes. The others have none.
 */
seq?: number, } & ({ "content_type": "WELCOME", version: number,
/**
 * Whose place this is.
 */
account_id: string,
/**
 * Proves, with the ticket, that a later JOIN goes on with this one.
 */
session: string, place: Place,
/**
 * The next numbered packet has the number after this.
 */
last_seq: number, limits: Limits, } | { "content_type": "WAITING", because: WaitReason, } | { "content_type": "JOIN_DENIED", code: DenyCode, reason: string, } | { "content_type": "ERROR", code: ErrorCode, msg: string,
/**
 * The packet that it answers.
 */
about?: string, } | { "content_type": "MEETING_USERS", users: Array<string>, people: Array<PersonView>, } | { "content_type": "JOIN", account_id: string, person: PersonView, } | { "content_type": "STATE", account_id: string, person: PersonView, } | { "content_type": "LEAVE", account_id: string, reason: LeaveReason, } | { "content_type": "END", reason: EndReason, } | { "content_type": "ENDING", ends_at_ms?: number, } | { "content_type": "SETTINGS", settings: Settings,
/**
 * A recorder is here.
 */
recording: boolean, } | { "content_type": "LOBBY",
/**
 * This is everybody; otherwise it is what has changed.
 */
full: boolean, waiting: Array<WaitingPerson>, gone: Array<string>, } | { "content_type": "SUBSCRIBED", subscribed: Array<SubscribedFeed>, unsubscribed: Array<SubscribedFeed>, refused: Array<Refused>, } | { "content_type": "SLOTS", slots: Array<SlotView>, } | { "content_type": "ANSWER", what: What, id: number, sdp: string, } | { "content_type": "ICE", what: What, fragment: string, } | { "content_type": "MEDIA_ENDED", what: What, reason: string, } | { "content_type": "SPEAKER", account_id?: string, heard: Array<string>, } | { "content_type": "CHAT", message: ChatLine, } | { "content_type": "HISTORY", messages: Array<ChatLine>, } | { "content_type": "REACTION", account_id: string, reaction: string, } | { "content_type": "MODERATED", action: Action,
/**
 * Empty: whoever looks after the server.
 */
by: string, reason?: string, } | { "content_type": "PONG", acknowledged: number, });

export type Settings = { locked: boolean, lobby: boolean,
/**
 * Whether those who are neither host nor co-host may do so.
 */
chat: boolean, reactions: boolean, share: boolean,
/**
 * Unmute themselves.
 */
unmute: boolean, };

/**
 * What hosts change; what is absent stays as it is.
 */
export type SettingsChange = { locked?: boolean, lobby?: boolean, chat?: boolean, reactions?: boolean, share?: boolean, unmute?: boolean, };

export type SlotState = { "is": "waiting" } | { "is": "live", height?: number, } | { "is": "paused" };

export type SlotView = { mid: string,
/**
 * Absent: nobody's.
 */
account_id?: string, source?: Source, state: SlotState, };

/**
 * Which medium of a person.
 */
export type Source = "camera" | "screen";

export type Subscribe = { num_actions?: number, subscriptions: Array<Feed>, };

export type SubscribedFeed = { account_id: string, source: Source,
/**
 * The slot; absent until the receiving connection is there.
 */
mid?: string, };

export type UnsubSub = { num_actions?: number, unsubscribe: Array<Feed>, subscribe: Array<Feed>, };

/**
 * The list may have either name, and the first description of this protocol wrote it under `num_actions`.
 */
export type Unsubscribe = { num_actions?: number | Array<Feed>, unsubscribe: Array<Feed>, subscriptions?: Array<Feed>, };

export type WaitReason = "not_started" | "lobby";

export type WaitingPerson = { account_id: string, name: string, };

/**
 * One of the peer connections of a person.
 */
export type What = "camera" | "screen" | "receive";
