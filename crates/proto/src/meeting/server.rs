//! What the server says.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Action, What};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "content_type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServerBody {
    /// In, or in again.
    Welcome {
        version: u32,
        /// Whose place this is.
        account_id: String,
        /// Proves, with the ticket, that a later JOIN goes on with this one.
        session: String,
        place: Place,
        /// The next numbered packet has the number after this.
        #[ts(type = "number")]
        last_seq: u64,
        limits: Limits,
    },
    /// In the lobby: nothing of the meeting is told before somebody admits them.
    Waiting {
        because: WaitReason,
    },
    JoinDenied {
        code: DenyCode,
        reason: String,
    },
    Error {
        code: ErrorCode,
        msg: String,
        /// The packet that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        about: Option<String>,
    },
    /// Everybody who is here, the receiver among them.
    MeetingUsers {
        users: Vec<String>,
        people: Vec<PersonView>,
    },
    Join {
        account_id: String,
        person: PersonView,
    },
    /// Something about somebody has changed: this is how they are now.
    State {
        account_id: String,
        person: PersonView,
    },
    Leave {
        account_id: String,
        reason: LeaveReason,
    },
    /// Over, and the socket closes.
    End {
        reason: EndReason,
    },
    /// It ends at `ends_at_ms` (of the calendar) unless a host comes; absent: it goes on.
    Ending {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        ends_at_ms: Option<u64>,
    },
    Settings {
        settings: Settings,
        /// A recorder is here.
        recording: bool,
    },
    /// To hosts and co-hosts: who waits. Those who do not wait any more are `gone`.
    Lobby {
        /// This is everybody; otherwise it is what has changed.
        full: bool,
        waiting: Vec<WaitingPerson>,
        gone: Vec<String>,
    },
    /// What came of a SUBSCRIBE, UNSUBSCRIBE or UNSUB_SUB, entry by entry.
    Subscribed {
        subscribed: Vec<SubscribedFeed>,
        unsubscribed: Vec<SubscribedFeed>,
        refused: Vec<Refused>,
    },
    /// What some of the receive slots carry now.
    Slots {
        slots: Vec<SlotView>,
    },
    Answer {
        what: What,
        id: u32,
        sdp: String,
    },
    Ice {
        what: What,
        fragment: String,
    },
    MediaEnded {
        what: What,
        reason: String,
    },
    /// Who speaks, and whose microphones are passed on.
    Speaker {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        account_id: Option<String>,
        heard: Vec<String>,
    },
    Chat {
        message: ChatLine,
    },
    /// What was said before somebody came, or while they could not be reached.
    History {
        messages: Vec<ChatLine>,
    },
    Reaction {
        account_id: String,
        reaction: String,
    },
    /// Somebody did this to the receiver, or asks for it.
    Moderated {
        action: Action,
        /// Empty: whoever looks after the server.
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        reason: Option<String>,
    },
    Pong {
        #[ts(type = "number")]
        acknowledged: u64,
    },
}

/// What somebody who comes in finds of an earlier time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Nothing: no connection and no subscription.
    New,
    /// Everything is as it was, and what was missed follows.
    Replayed,
    /// Connections and subscriptions are as they were. Too much was missed: how everything is now follows instead.
    Refreshed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PersonView {
    pub account_id: String,
    pub name: String,
    pub role: Role,
    /// Heard, if they speak.
    pub microphone: bool,
    pub camera: bool,
    pub screen: bool,
    /// Raised; the lowest number was first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub hand: Option<u64>,
    /// Their socket is lost, and they are expected back.
    pub away: bool,
    pub quality: Quality,
    /// When they came, in milliseconds of the calendar.
    #[ts(type = "number")]
    pub since_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Host,
    CoHost,
    Person,
    Recorder,
}

/// How somebody's line is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Quality {
    pub level: Level,
    /// In words; empty while it is good.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    #[default]
    Good,
    Fair,
    Poor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Limits {
    /// Feeds that may be subscribed to at a time.
    pub feeds: u32,
    pub chat_bytes: u32,
    /// After so long without a socket the others are told that somebody has left.
    #[ts(type = "number")]
    pub resume_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Settings {
    pub locked: bool,
    pub lobby: bool,
    /// Whether those who are neither host nor co-host may do so.
    pub chat: bool,
    pub reactions: bool,
    pub share: bool,
    /// Unmute themselves.
    pub unmute: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WaitingPerson {
    pub account_id: String,
    pub name: String,
}

/// Which medium of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    #[default]
    Camera,
    Screen,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SubscribedFeed {
    pub account_id: String,
    pub source: Source,
    /// The slot; absent until the receiving connection is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub mid: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Refused {
    pub account_id: String,
    pub source: Source,
    pub code: ErrorCode,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SlotView {
    pub mid: String,
    /// Absent: nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub source: Option<Source>,
    pub state: SlotState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SlotState {
    /// Nothing to show yet: no camera, or no keyframe.
    Waiting,
    Live {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        height: Option<u32>,
    },
    /// The line does not carry it.
    Paused,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChatLine {
    /// Of the messages to this receiver, without gaps.
    #[ts(type = "number")]
    pub number: u64,
    /// What its sender called it.
    pub id: String,
    pub from: String,
    pub name: String,
    /// Private, to this person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<String>,
    pub text: String,
    #[ts(type = "number")]
    pub at_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// No host has come yet.
    NotStarted,
    Lobby,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DenyCode {
    Ended,
    Banned,
    Locked,
    Full,
    /// A host has said no.
    Refused,
    Version,
    /// Not with this ticket.
    NotAllowed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    Malformed,
    TooLarge,
    UnknownPacket,
    /// `num_actions` is not the length of the list.
    Count,
    TooFast,
    NotAllowed,
    /// Still in the lobby.
    NotIn,
    AlreadyIn,
    UnknownPerson,
    /// Nobody subscribes to themselves.
    Oneself,
    NotSubscribed,
    Limit,
    BadName,
    TooManyShares,
    BadOffer,
    TakenOver,
    /// Reliable messages on a data channel came faster than they were read.
    MessagesLost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    Left,
    /// Did not come back in time.
    Lost,
    Removed,
    Banned,
    /// The server on which they were is gone.
    NodeLost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    ByHost,
    /// No host came back, and there was no co-host.
    HostGone,
    Empty,
    /// Nobody who could start it has come, and whoever waited has gone. It can still be started.
    NotStarted,
    /// By the operator, or through the API.
    Ordered,
}

/// Why the server closes a socket: the code of the WebSocket's close frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CloseCode {
    Left,
    Ended,
    Denied,
    TakenOver,
    /// Resumed over another socket.
    Resumed,
    Removed,
    /// Does not read what it is sent. May resume.
    Slow,
}

impl CloseCode {
    /// 4000 to 4999 are an application's own (RFC 6455, 7.4.2).
    pub fn number(self) -> u16 {
        match self {
            CloseCode::Left => 4000,
            CloseCode::Ended => 4001,
            CloseCode::Denied => 4002,
            CloseCode::TakenOver => 4003,
            CloseCode::Resumed => 4004,
            CloseCode::Removed => 4005,
            CloseCode::Slow => 4008,
        }
    }
}

impl Role {
    /// Host or co-host.
    pub fn hosts(self) -> bool {
        matches!(self, Role::Host | Role::CoHost)
    }
}

impl Default for Quality {
    fn default() -> Quality {
        Quality { level: Level::Good, reason: String::new() }
    }
}

impl Default for Settings {
    /// Open, and everybody may do everything.
    fn default() -> Settings {
        Settings { locked: false, lobby: false, chat: true, reactions: true, share: true, unmute: true }
    }
}
