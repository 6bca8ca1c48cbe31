//! What a client may say.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    ACCOUNT_BYTES_MAX, CHAT_BYTES_MAX, CHAT_ID_BYTES_MAX, ENTRIES_MAX, REACTION_BYTES_MAX, REASON_BYTES_MAX, Source,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "content_type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClientBody {
    /// The host comes in, and the meeting begins. A second one is a JOIN.
    Init(Hello),
    Join(Hello),
    /// A recorder comes in: nobody sees it, and it receives one feed more.
    RecordJoin(Hello),
    Leave {},
    /// Of hosts and co-hosts only: over for everybody.
    End {},
    Subscribe(Subscribe),
    Unsubscribe(Unsubscribe),
    /// Unsubscribes first, so that a full page can be exchanged for another.
    UnsubSub(UnsubSub),
    Offer(Offer),
    /// Candidates, or new credentials (an ICE restart), as an SDP fragment of RFC 8840.
    Ice {
        what: What,
        fragment: String,
    },
    /// No longer shares its camera and microphone, its screen, or receives nothing any more.
    Stop {
        what: What,
    },
    Me(Me),
    Chat(Chat),
    Reaction {
        reaction: String,
    },
    Moderate(Moderate),
    ModerateAll(ModerateAll),
    Settings(SettingsChange),
    /// The last `seq` that came: it need not be kept for a resumption any more. Answered by PONG.
    Ping {
        #[ts(type = "number")]
        seq: u64,
    },
}

/// The packets above, as they are called: what is none of them is unknown, and what is one of them and does not fit is malformed.
pub(super) const NAMES: &[&str] = &[
    "INIT",
    "JOIN",
    "RECORD_JOIN",
    "LEAVE",
    "END",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "UNSUB_SUB",
    "OFFER",
    "ICE",
    "STOP",
    "ME",
    "CHAT",
    "REACTION",
    "MODERATE",
    "MODERATE_ALL",
    "SETTINGS",
    "PING",
];

/// Who somebody is follows from the ticket alone; a `host` or an `account_id` beside it is ignored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Hello {
    /// What `POST /meeting/join` gave.
    pub ticket: String,
    pub version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub resume: Option<Resume>,
}

/// Whoever was here a moment ago goes on where they were.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Resume {
    /// Of the last WELCOME.
    pub session: String,
    /// The last one that came.
    #[ts(type = "number")]
    pub seq: u64,
    /// The number of the last message that came.
    #[serde(default)]
    #[ts(type = "number")]
    pub chat: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Subscribe {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub num_actions: Option<u64>,
    pub subscriptions: Vec<Feed>,
}

/// The list may have either name, and the first description of this protocol wrote it under `num_actions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Unsubscribe {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number | Array<Feed>")]
    pub num_actions: Option<CountOrList>,
    #[serde(default)]
    pub unsubscribe: Vec<Feed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<Feed>>", optional)]
    pub subscriptions: Vec<Feed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CountOrList {
    Count(u64),
    List(Vec<Feed>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnsubSub {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub num_actions: Option<u64>,
    pub unsubscribe: Vec<Feed>,
    pub subscribe: Vec<Feed>,
}

/// Somebody's camera or screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Feed {
    pub account_id: String,
    /// At most so many kilobits per second: which layer that is, the server knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub bitrate: Option<u32>,
    #[serde(default)]
    #[ts(as = "Option<Source>", optional)]
    pub source: Source,
    /// Lines for which there is room on the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub height: Option<u32>,
}

/// One of the peer connections of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Camera and microphone.
    Camera,
    /// A screen, with its sound.
    Screen,
    /// Everything that comes from the others.
    Receive,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Offer {
    pub what: What,
    /// Of the client's choice; its ANSWER carries it.
    pub id: u32,
    pub sdp: String,
}

/// What somebody changes of themselves; what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Me {
    /// To be heard. Off until this says on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub microphone: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub camera: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hand: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Chat {
    /// Of the client's choice: a message that is sent again under the same one is not said again.
    pub id: String,
    pub text: String,
    /// Only this person sees it. Absent: everybody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Moderate {
    pub action: Action,
    pub account_id: String,
    /// Shown to whom it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Mute,
    /// A question: nobody is ever unmuted by somebody else.
    AskUnmute,
    StopVideo,
    StopShare,
    LowerHand,
    Remove,
    /// Removes, and they do not come back.
    Ban,
    /// To co-host, and back.
    Promote,
    Demote,
    /// Out of the lobby, into the meeting.
    Admit,
    /// Out of the lobby, and not into the meeting.
    Deny,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModerateAll {
    pub action: ActionForAll,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ActionForAll {
    /// All but hosts and co-hosts.
    Mute,
    LowerHands,
    /// Everybody in the lobby.
    Admit,
}

/// What hosts change; what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingsChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub locked: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub lobby: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub chat: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reactions: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub share: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unmute: Option<bool>,
}

impl Unsubscribe {
    pub fn entries(&self) -> impl Iterator<Item = &Feed> {
        let under_number = match &self.num_actions {
            Some(CountOrList::List(list)) => list.as_slice(),
            Some(CountOrList::Count(_)) | None => &[],
        };
        under_number.iter().chain(&self.unsubscribe).chain(&self.subscriptions)
    }
}

/// What is wrong with a packet whose fields are all there.
pub(super) enum Fault {
    Count { said: u64, found: usize },
    Bound(String),
}

impl ClientBody {
    /// The bounds that a type does not have by itself.
    pub(super) fn check(&self) -> Result<(), Fault> {
        match self {
            ClientBody::Init(hello) | ClientBody::Join(hello) | ClientBody::RecordJoin(hello) => {
                fits("ticket", &hello.ticket, ACCOUNT_BYTES_MAX)?;
                hello.resume.as_ref().map_or(Ok(()), |resume| fits("session", &resume.session, ACCOUNT_BYTES_MAX))
            }
            ClientBody::Subscribe(Subscribe { num_actions, subscriptions }) => {
                entries(*num_actions, subscriptions.iter())
            }
            ClientBody::Unsubscribe(unsubscribe) => {
                let said = match &unsubscribe.num_actions {
                    Some(CountOrList::Count(said)) => Some(*said),
                    Some(CountOrList::List(_)) | None => None,
                };
                entries(said, unsubscribe.entries())
            }
            ClientBody::UnsubSub(UnsubSub { num_actions, unsubscribe, subscribe }) => {
                entries(*num_actions, unsubscribe.iter().chain(subscribe))
            }
            ClientBody::Me(Me { name, .. }) => {
                name.as_ref().map_or(Ok(()), |name| fits("name", name, REASON_BYTES_MAX * 2))
            }
            ClientBody::Chat(Chat { id, text, to }) => {
                fits("id", id, CHAT_ID_BYTES_MAX)?;
                fits("text", text, CHAT_BYTES_MAX)?;
                if id.is_empty() || text.trim().is_empty() {
                    return Err(Fault::Bound("a message has an id and a text that are not empty".to_owned()));
                }
                to.as_ref().map_or(Ok(()), |to| fits("to", to, ACCOUNT_BYTES_MAX))
            }
            ClientBody::Reaction { reaction } => fits("reaction", reaction, REACTION_BYTES_MAX),
            ClientBody::Moderate(Moderate { account_id, reason, .. }) => {
                fits("account_id", account_id, ACCOUNT_BYTES_MAX)?;
                reason.as_ref().map_or(Ok(()), |reason| fits("reason", reason, REASON_BYTES_MAX))
            }
            ClientBody::Leave {}
            | ClientBody::End {}
            | ClientBody::Offer(_)
            | ClientBody::Ice { .. }
            | ClientBody::Stop { .. }
            | ClientBody::ModerateAll(_)
            | ClientBody::Settings(_)
            | ClientBody::Ping { .. } => Ok(()),
        }
    }

    /// What it is called on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            ClientBody::Init(_) => "INIT",
            ClientBody::Join(_) => "JOIN",
            ClientBody::RecordJoin(_) => "RECORD_JOIN",
            ClientBody::Leave {} => "LEAVE",
            ClientBody::End {} => "END",
            ClientBody::Subscribe(_) => "SUBSCRIBE",
            ClientBody::Unsubscribe(_) => "UNSUBSCRIBE",
            ClientBody::UnsubSub(_) => "UNSUB_SUB",
            ClientBody::Offer(_) => "OFFER",
            ClientBody::Ice { .. } => "ICE",
            ClientBody::Stop { .. } => "STOP",
            ClientBody::Me(_) => "ME",
            ClientBody::Chat(_) => "CHAT",
            ClientBody::Reaction { .. } => "REACTION",
            ClientBody::Moderate(_) => "MODERATE",
            ClientBody::ModerateAll(_) => "MODERATE_ALL",
            ClientBody::Settings(_) => "SETTINGS",
            ClientBody::Ping { .. } => "PING",
        }
    }
}

fn fits(field: &str, text: &str, bytes_max: usize) -> Result<(), Fault> {
    if text.len() <= bytes_max { Ok(()) } else { Err(Fault::Bound(format!("{field} has at most {bytes_max} bytes"))) }
}

fn entries<'a>(said: Option<u64>, found: impl Iterator<Item = &'a Feed>) -> Result<(), Fault> {
    let mut count = 0;
    for feed in found {
        count += 1;
        fits("account_id", &feed.account_id, ACCOUNT_BYTES_MAX)?;
    }
    match said {
        _ if count > ENTRIES_MAX => Err(Fault::Bound(format!("at most {ENTRIES_MAX} entries in one packet"))),
        Some(said) if said != count as u64 => Err(Fault::Count { said, found: count }),
        Some(_) | None => Ok(()),
    }
}

impl std::fmt::Debug for Hello {
    /// The ticket stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hello").field("version", &self.version).field("resume", &self.resume).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Resume {
    /// So does the session.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resume").field("seq", &self.seq).field("chat", &self.chat).finish_non_exhaustive()
    }
}
