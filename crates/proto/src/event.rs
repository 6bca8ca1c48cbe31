//! What happens on a node, as other programs are told of it: by webhooks, at `/api/admin/events`, and on the admin page.
//!
//! A kind is a name that programs branch on, so it never changes; fields are added and never taken away. An event says what
//! happened and to whom, and neither an address nor a secret is in it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::account::AccountGrant;

/// One event, as it is delivered and listed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Event {
    /// Grows with each event of the node, over restarts too. Numbers are never used twice.
    #[ts(type = "number")]
    pub sequence: u64,
    /// The same whenever this event is delivered again.
    pub id: String,
    /// Milliseconds since 1970.
    #[ts(type = "number")]
    pub time_ms: u64,
    /// Which node says so; `events.node` in its configuration.
    pub node: String,
    #[serde(flatten)]
    pub what: What,
}

/// What happened: `kind`, and `data` that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", content = "data")]
pub enum What {
    /// Whatever was still under way before this event is over, and may not have been told: the process may have been killed.
    #[serde(rename = "node.started")]
    NodeStarted { version: String },
    #[serde(rename = "node.stopped")]
    NodeStopped {},
    /// Somebody publishes in a room in which nobody did.
    #[serde(rename = "room.started")]
    RoomStarted { room: String },
    /// Nobody publishes in it any more.
    #[serde(rename = "room.ended")]
    RoomEnded { room: String },
    #[serde(rename = "stream.published")]
    StreamPublished(Stream),
    #[serde(rename = "stream.ended")]
    StreamEnded {
        #[serde(flatten)]
        stream: Stream,
        #[serde(flatten)]
        end: SessionEnd,
    },
    #[serde(rename = "viewer.joined")]
    ViewerJoined { room: String, session: String },
    #[serde(rename = "viewer.left")]
    ViewerLeft {
        room: String,
        session: String,
        #[serde(flatten)]
        end: SessionEnd,
    },
    /// More viewers came and went in a moment than are told of one by one (`events.viewers_per_s`): so many did.
    #[serde(rename = "viewer.counted")]
    ViewersCounted { room: String, joined: u32, left: u32 },
    #[serde(rename = "meeting.started")]
    MeetingStarted { meeting_id: String },
    #[serde(rename = "meeting.ended")]
    MeetingEnded { meeting_id: String, reason: MeetingOver },
    #[serde(rename = "person.joined")]
    PersonJoined(Presence),
    /// Comes once for each `person.joined`, whatever the reason.
    #[serde(rename = "person.left")]
    PersonLeft {
        #[serde(flatten)]
        who: Presence,
        reason: PersonGone,
    },
    /// Their connection is lost; they come back, or they leave.
    #[serde(rename = "person.away")]
    PersonAway(Presence),
    #[serde(rename = "person.resumed")]
    PersonResumed(Presence),
    /// A host asked them to go.
    #[serde(rename = "person.removed")]
    PersonRemoved(Presence),
    /// A host does not want them back. They may not have been in.
    #[serde(rename = "person.banned")]
    PersonBanned { meeting_id: String, account_id: String },
    #[serde(rename = "account.created")]
    AccountCreated { account_id: String, name: String },
    #[serde(rename = "account.deleted")]
    AccountDeleted { account_id: String },
    /// What the account may do beyond its own meetings is another thing now.
    #[serde(rename = "account.granted")]
    AccountGranted { account_id: String, grant: AccountGrant },
    /// All logins of the account were ended, because it has another password.
    #[serde(rename = "account.secured")]
    AccountSecured { account_id: String },
    /// So many events before this one could not be written down in time, because the store was away or too slow.
    #[serde(rename = "events.lost")]
    EventsLost {
        #[ts(type = "number")]
        count: u64,
    },
}

/// Something that is published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Stream {
    pub room: String,
    /// As `/api/rooms` shows it.
    pub session: String,
    /// The name it publishes under, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    pub via: Via,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    Whip,
    Ftl,
    /// Out of another server.
    Pull,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SessionEnd {
    /// As in `weir_sessions_ended_total` of the metrics.
    pub reason: String,
    #[ts(type = "number")]
    pub lasted_ms: u64,
    #[ts(type = "number")]
    pub bytes: u64,
}

/// Somebody in a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Presence {
    pub meeting_id: String,
    /// Of an account, or of a guest.
    pub account_id: String,
    pub name: String,
    pub guest: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PersonGone {
    Left,
    /// Did not come back in time.
    Lost,
    Removed,
    Banned,
    /// The meeting was over.
    Ended,
    NodeStopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MeetingOver {
    ByHost,
    HostGone,
    Empty,
    /// By the operator, or through the API.
    Ordered,
    /// Its link is still good.
    NodeStopped,
}

/// Every kind there is.
pub const KINDS: &[&str] = &[
    "node.started",
    "node.stopped",
    "room.started",
    "room.ended",
    "stream.published",
    "stream.ended",
    "viewer.joined",
    "viewer.left",
    "viewer.counted",
    "meeting.started",
    "meeting.ended",
    "person.joined",
    "person.left",
    "person.away",
    "person.resumed",
    "person.removed",
    "person.banned",
    "account.created",
    "account.deleted",
    "account.granted",
    "account.secured",
    "events.lost",
];

impl What {
    /// Its kind, and its data as JSON: the two columns in which it is kept.
    pub fn parts(&self) -> (String, String) {
        let value = serde_json::to_value(self).expect("plain fields are JSON");
        let kind = value["kind"].as_str().expect("the tag of the enum").to_owned();
        (kind, value.get("data").unwrap_or(&Value::Null).to_string())
    }
}

/// Which kinds somebody wants: names, and `NOUN.*` for all that begin alike. None named is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Exactly(&'static str),
    /// With its dot.
    Below(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no kind of event; write names like meeting.started, or meeting.* for all of a noun: node, room, stream, viewer, meeting, person, account, events"
)]
pub struct NoKind(pub String);

impl Filter {
    /// Longest text that is looked at: every name there is fits twice.
    pub const LEN_MAX: usize = 1024;

    pub fn admits(&self, kind: &str) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|pattern| match pattern {
                Pattern::Exactly(name) => *name == kind,
                Pattern::Below(noun) => kind.starts_with(noun.as_str()),
            })
    }
}

impl FromStr for Filter {
    type Err = NoKind;

    /// Names with commas in between.
    fn from_str(text: &str) -> Result<Filter, NoKind> {
        let short = |text: &str| NoKind(text.chars().take(40).collect());
        if text.len() > Filter::LEN_MAX {
            return Err(short(text));
        }
        let mut patterns = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let pattern = match name.strip_suffix('*') {
                Some("") => return Ok(Filter::default()),
                Some(noun) if noun.ends_with('.') && KINDS.iter().any(|kind| kind.starts_with(noun)) => {
                    Pattern::Below(noun.to_owned())
                }
                Some(_) => return Err(short(name)),
                None => Pattern::Exactly(KINDS.iter().find(|kind| **kind == name).copied().ok_or_else(|| short(name))?),
            };
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
        Ok(Filter(patterns))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("*");
        }
        for (n, pattern) in self.0.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            match pattern {
                Pattern::Exactly(name) => write!(f, "{comma}{name}")?,
                Pattern::Below(noun) => write!(f, "{comma}{noun}*")?,
            }
        }
        Ok(())
    }
}

/// `GET /api/admin/events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EventsView {
    pub events: Vec<Event>,
    /// Ask for what comes behind it: `?after=`. It moves on over events that were not asked for, too.
    #[ts(type = "number")]
    pub next: u64,
    /// There is more behind `next` already.
    pub more: bool,
    /// The last event there is.
    #[ts(type = "number")]
    pub last: u64,
}

/// One of the addresses that the node delivers events to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WebhookView {
    /// Its place in the configuration, from 1 on.
    pub n: u32,
    /// Without the query, in which some keep a secret.
    pub url: String,
    /// What it wants, as in the configuration.
    pub kinds: String,
    pub state: WebhookState,
    /// The last event that it has taken, or that was not for it.
    #[ts(type = "number")]
    pub delivered: u64,
    /// Events there are behind that one.
    #[ts(type = "number")]
    pub behind: u64,
    /// Events that were forgotten (`events.kept_max`, `events.kept_days`) before it took them, since the node started.
    #[ts(type = "number")]
    pub missed: u64,
    /// Deliveries and failed tries since the node started.
    #[ts(type = "number")]
    pub deliveries: u64,
    #[ts(type = "number")]
    pub failures: u64,
    /// Seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub last_delivered: Option<u64>,
    /// Since when nothing has been taken, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub failing_since: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// Takes what it gets.
    Working,
    /// Does not, and is tried again.
    Failing,
    /// Did not for too long: nothing is sent until somebody asks for a replay.
    Stopped,
}

/// `GET /api/admin/webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WebhooksView {
    pub webhooks: Vec<WebhookView>,
}

/// `POST /api/admin/webhooks/{n}/replay`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReplayOrder {
    /// The first event to deliver again. One behind the last event begins with whatever comes next.
    #[ts(type = "number")]
    pub from: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<What> {
        let x = || "x".to_owned();
        let stream = Stream { room: x(), session: x(), name: Some(x()), via: Via::Whip };
        let end = SessionEnd { reason: x(), lasted_ms: 1, bytes: 2 };
        let who = Presence { meeting_id: x(), account_id: x(), name: x(), guest: true };
        vec![
            What::NodeStarted { version: x() },
            What::NodeStopped {},
            What::RoomStarted { room: x() },
            What::RoomEnded { room: x() },
            What::StreamPublished(Stream { name: None, ..stream.clone() }),
            What::StreamEnded { stream, end: end.clone() },
            What::ViewerJoined { room: x(), session: x() },
            What::ViewerLeft { room: x(), session: x(), end },
            What::ViewersCounted { room: x(), joined: 1, left: 2 },
            What::MeetingStarted { meeting_id: x() },
            What::MeetingEnded { meeting_id: x(), reason: MeetingOver::HostGone },
            What::PersonJoined(who.clone()),
            What::PersonLeft { who: who.clone(), reason: PersonGone::Lost },
            What::PersonAway(who.clone()),
            What::PersonResumed(who.clone()),
            What::PersonRemoved(who),
            What::PersonBanned { meeting_id: x(), account_id: x() },
            What::AccountCreated { account_id: x(), name: x() },
            What::AccountDeleted { account_id: x() },
            What::AccountGranted { account_id: x(), grant: AccountGrant::Admin },
            What::AccountSecured { account_id: x() },
            What::EventsLost { count: 3 },
        ]
    }

    #[test]
    fn every_kind_is_listed_and_every_event_reads_back() {
        let kinds: Vec<String> = samples().iter().map(|what| what.parts().0).collect();
        assert_eq!(kinds, KINDS);
        for what in samples() {
            let event = Event { sequence: 7, id: "e".into(), time_ms: 1, node: "n".into(), what };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
            let (kind, data) = event.what.parts();
            let by_columns =
                format!(r#"{{"sequence":7,"id":"e","time_ms":1,"node":"n","kind":"{kind}","data":{data}}}"#);
            assert_eq!(serde_json::from_str::<Event>(&by_columns).unwrap(), event, "{by_columns}");
        }
    }

    #[test]
    fn a_filter_admits_what_it_names() {
        let filter: Filter = " meeting.*, person.left ,meeting.*".parse().unwrap();
        assert!(filter.admits("meeting.ended") && filter.admits("person.left"));
        assert!(!filter.admits("person.joined") && !filter.admits("meetings.ended"));
        assert_eq!(filter.to_string(), "meeting.*,person.left");
        for all in ["", "*", " , ", "meeting.started,*"] {
            assert_eq!(all.parse::<Filter>().unwrap(), Filter::default(), "{all}");
        }
        assert!(KINDS.iter().all(|kind| Filter::default().admits(kind)));
        for bad in ["meeting", "meeting*", "meting.*", "meeting.ended.*", ".*", "m*", &"a".repeat(2000)] {
            assert!(bad.parse::<Filter>().is_err(), "{bad}");
        }
    }
}
