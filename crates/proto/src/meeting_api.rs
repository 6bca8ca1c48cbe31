//! The JSON of meetings over HTTP. Times are seconds since 1970.

use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

/// `POST /meeting`. All of it may be left out.
#[derive(Clone, Default, Serialize, Deserialize, TS)]
pub struct MeetingOrder {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub title: Option<String>,
    /// People without an account may come in by the link. They may unless this says false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub guests: Option<bool>,
    /// Everybody but hosts waits until one of them lets them in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub lobby: Option<bool>,
    /// Nobody but hosts comes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub locked: Option<bool>,
    /// Whether those who are neither host nor co-host may write in the chat and send messages, react, show their screen, and unmute themselves. They
    /// may unless this says false.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub passcode: Option<String>,
}

/// A meeting as its hosts see it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct MeetingView {
    pub meeting_id: String,
    /// The node to ask first.
    pub server: String,
    /// The host's account.
    pub host: String,
    pub title: String,
    /// What to send to people.
    pub link: String,
    pub guests: bool,
    pub lobby: bool,
    pub locked: bool,
    /// What those who are neither host nor co-host may do.
    pub chat: bool,
    pub reactions: bool,
    pub share: bool,
    pub unmute: bool,
    /// Whether there is one; which one is not told again.
    pub passcode: bool,
    #[ts(type = "number")]
    pub created: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub ended: Option<u64>,
    /// The caller's.
    pub role: MeetingRole,
    /// Accounts.
    pub co_hosts: Vec<String>,
    /// People who shall not come back: accounts, and guests.
    pub banned: Vec<String>,
}

/// `GET /meeting`: the caller's own, the latest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct MeetingsView {
    pub meetings: Vec<MeetingView>,
    /// For `?after=`, when there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<String>,
}

/// A meeting as everybody sees it who has its link.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct MeetingDoor {
    pub meeting_id: String,
    pub title: String,
    pub host_name: String,
    pub guests: bool,
    pub lobby: bool,
    pub locked: bool,
    pub passcode: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub ended: Option<u64>,
    /// Names of who is in it; not told where a passcode is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub inside: Option<Vec<String>>,
}

/// `PATCH /meeting/{id}`: what is absent stays.
#[derive(Clone, Default, Serialize, Deserialize, TS)]
pub struct MeetingChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub guests: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub lobby: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub locked: Option<bool>,
    /// Whether those who are neither host nor co-host may write in the chat and send messages, react, show their screen, and unmute themselves.
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
    /// Null, or an empty text, takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[ts(optional, type = "string | null")]
    pub passcode: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub co_hosts: Option<CoHostsChange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub bans: Option<BansChange>,
}

/// Accounts that become co-hosts, or stop being some.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct CoHostsChange {
    #[ts(optional, as = "Option<Vec<String>>")]
    pub add: Vec<String>,
    #[ts(optional, as = "Option<Vec<String>>")]
    pub remove: Vec<String>,
}

/// People who shall not come back, and those who may again: accounts, and guests.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct BansChange {
    #[ts(optional, as = "Option<Vec<String>>")]
    pub add: Vec<String>,
    #[ts(optional, as = "Option<Vec<String>>")]
    pub lift: Vec<String>,
}

/// `POST /meeting/join`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct JoinOrder {
    pub meeting_id: String,
    /// What the others see. Guests need one; without it an account's own is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub passcode: Option<String>,
}

/// A place in a meeting.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct JoinView {
    pub meeting_id: String,
    pub server: String,
    pub person: JoinedPerson,
    /// Stands for this person in this meeting. A guest has nothing else.
    pub ticket: String,
    #[ts(type = "number")]
    pub expires: u64,
    /// The WebSocket to open with the ticket.
    pub socket: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct JoinedPerson {
    /// An account, or a guest's id for as long as the ticket lasts.
    pub account_id: String,
    pub name: String,
    pub role: MeetingRole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MeetingRole {
    Host,
    CoHost,
    Participant,
    Guest,
    /// Looks after the node.
    Admin,
}

/// `POST /meeting/leave`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct LeaveOrder {
    pub meeting_id: String,
}

/// A field that is there, null or not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}
