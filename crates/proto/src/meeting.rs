//! The packets of a meeting's WebSocket: JSON texts, told apart by `content_type`. `docs/client-protocol.md` explains them one by one.
//!
//! ```text
//!   text ── parse ──▶ ClientPacket ──▶ the meeting ──▶ Said (one body, many people) ── text ──▶ ServerPacket
//! ```
//!
//! Sizes are bounded here; whether somebody may do what a packet asks is not decided here. Nothing in a packet says who sends it: that
//! is known from the ticket, which the first packet shows.

mod client;
mod server;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use client::{
    Action, ActionForAll, Chat, ClientBody, Feed, Hello, Me, Moderate, ModerateAll, Offer, Resume, SettingsChange,
    Subscribe, UnsubSub, Unsubscribe, What,
};
pub use server::{
    ChatLine, CloseCode, DenyCode, EndReason, ErrorCode, LeaveReason, Level, Limits, PersonView, Place, Quality,
    Refused, Role, ServerBody, Settings, SlotState, SlotView, Source, SubscribedFeed, WaitReason, WaitingPerson,
};

/// What a client says in its first packet. A change that an older client would misread gets another number; fields that are
/// merely new do not.
pub const VERSION: u32 = 1;
/// The largest packet: an offer with fifty sections is 40 kB.
pub const PACKET_BYTES_MAX: usize = 64 * 1024;
/// Entries of one SUBSCRIBE, UNSUBSCRIBE or UNSUB_SUB: a page of a recorder's exchanged for another.
pub const ENTRIES_MAX: usize = 100;
pub const CHAT_BYTES_MAX: usize = 4000;
/// Of what a client calls a message of its own: a UUID has 36.
pub const CHAT_ID_BYTES_MAX: usize = 64;
/// The longest emoji, a family with skin tones, has 41.
pub const REACTION_BYTES_MAX: usize = 48;
pub const REASON_BYTES_MAX: usize = 200;
/// Of a text that names a person or a meeting: ids have at most 27 letters.
pub const ACCOUNT_BYTES_MAX: usize = 64;

/// A packet to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientPacket {
    pub meeting_id: String,
    #[serde(flatten)]
    pub body: ClientBody,
}

/// A packet to a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ServerPacket {
    pub meeting_id: String,
    /// Grows by one from packet to packet of those that are replayed to who resumes. The others have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub seq: Option<u64>,
    #[serde(flatten)]
    pub body: ServerBody,
}

/// Why a text is no packet. The sentence goes to the client, and the socket stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    #[error("a packet has at most {PACKET_BYTES_MAX} bytes; this one has {0}")]
    TooLarge(usize),
    #[error("not a packet: {0}; a packet is a JSON object with meeting_id and content_type")]
    NoPacket(String),
    #[error("{0} is no packet of this version ({VERSION}); see docs/client-protocol.md")]
    Unknown(String),
    #[error("{packet}: {detail}")]
    Malformed { packet: String, detail: String },
    #[error("{packet}: num_actions is {said} and the lists have {found} entries; nothing was done")]
    Count { packet: String, said: u64, found: usize },
}

impl PacketError {
    pub fn code(&self) -> ErrorCode {
        match self {
            PacketError::TooLarge(_) => ErrorCode::TooLarge,
            PacketError::Unknown(_) => ErrorCode::UnknownPacket,
            PacketError::NoPacket(_) | PacketError::Malformed { .. } => ErrorCode::Malformed,
            PacketError::Count { .. } => ErrorCode::Count,
        }
    }

    /// The packet that it is about, where that much could be read.
    pub fn about(&self) -> Option<&str> {
        match self {
            PacketError::Unknown(packet)
            | PacketError::Malformed { packet, .. }
            | PacketError::Count { packet, .. } => Some(packet),
            PacketError::TooLarge(_) | PacketError::NoPacket(_) => None,
        }
    }
}

/// Reads what a client sent.
pub fn parse(text: &[u8]) -> Result<ClientPacket, PacketError> {
    #[derive(Deserialize)]
    struct Head {
        meeting_id: String,
        content_type: String,
    }
    if text.len() > PACKET_BYTES_MAX {
        return Err(PacketError::TooLarge(text.len()));
    }
    let Head { meeting_id, content_type: packet } =
        serde_json::from_slice(text).map_err(|e| PacketError::NoPacket(shortened(&e.to_string())))?;
    if !client::NAMES.contains(&packet.as_str()) {
        return Err(PacketError::Unknown(shortened(&packet)));
    }
    if meeting_id.len() > ACCOUNT_BYTES_MAX {
        return Err(PacketError::Malformed { packet, detail: "meeting_id is too long".to_owned() });
    }
    match serde_json::from_slice::<ClientBody>(text) {
        Ok(body) => match body.check() {
            Ok(()) => Ok(ClientPacket { meeting_id, body }),
            Err(client::Fault::Count { said, found }) => Err(PacketError::Count { packet, said, found }),
            Err(client::Fault::Bound(detail)) => Err(PacketError::Malformed { packet, detail }),
        },
        Err(e) => Err(PacketError::Malformed { packet, detail: shortened(&e.to_string()) }),
    }
}

/// What is repeated to a client of what it sent itself: enough to recognise it.
fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

/// A body that has been written down once, for however many people get it.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub body: ServerBody,
    json: String,
}

impl Said {
    pub fn new(body: ServerBody) -> Arc<Said> {
        let json = serde_json::to_string(&body).expect("strings, numbers and lists of them have a JSON form");
        Arc::new(Said { body, json })
    }

    /// Without what stands before it in every packet, which is less than a hundred bytes.
    pub fn len(&self) -> usize {
        self.json.len()
    }

    pub fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// The packet as it goes over the wire.
    pub fn text(&self, meeting_id: &str, seq: Option<u64>) -> String {
        let meeting = serde_json::to_string(meeting_id).expect("a string has a JSON form");
        let seq = seq.map(|seq| format!(r#""seq":{seq},"#)).unwrap_or_default();
        // A body is an object with at least its `content_type`.
        format!(r#"{{"meeting_id":{meeting},{seq}{}"#, &self.json[1..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(rest: &str) -> Result<ClientBody, PacketError> {
        parse(format!(r#"{{"meeting_id":"qkfd-mzwhp-xbtr",{rest}}}"#).as_bytes()).map(|packet| packet.body)
    }

    #[test]
    fn the_packets_of_the_first_description_are_understood() {
        let two = r#"[{"account_id":"a1","bitrate":500},{"account_id":"a2","bitrate":150}]"#;
        let subscribe = body(&format!(r#""content_type":"SUBSCRIBE","num_actions":2,"subscriptions":{two}"#));
        let Ok(ClientBody::Subscribe(Subscribe { subscriptions, .. })) = subscribe else { panic!("{subscribe:?}") };
        assert_eq!((subscriptions.len(), subscriptions[0].bitrate), (2, Some(500)));
        // The description writes the list under the name of its length.
        for list in [
            format!(r#""num_actions":{two}"#),
            format!(r#""num_actions":2,"subscriptions":{two}"#),
            format!(r#""unsubscribe":{two}"#),
        ] {
            let unsubscribe = body(&format!(r#""content_type":"UNSUBSCRIBE",{list}"#));
            let Ok(ClientBody::Unsubscribe(unsubscribe)) = unsubscribe else { panic!("{list}: {unsubscribe:?}") };
            assert_eq!(unsubscribe.entries().count(), 2, "{list}");
        }
        assert!(matches!(body(r#""content_type":"END""#), Ok(ClientBody::End {})));
    }

    #[test]
    fn a_number_that_is_not_the_length_of_the_list_is_refused() {
        let one = r#"[{"account_id":"a1"}]"#;
        for (packet, wrong) in [
            ("SUBSCRIBE", format!(r#""num_actions":2,"subscriptions":{one}"#)),
            ("UNSUBSCRIBE", format!(r#""num_actions":0,"unsubscribe":{one}"#)),
            ("UNSUB_SUB", format!(r#""num_actions":1,"unsubscribe":{one},"subscribe":{one}"#)),
        ] {
            let refused = body(&format!(r#""content_type":"{packet}",{wrong}"#)).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::Count, "{packet}");
        }
    }

    #[test]
    fn what_is_new_is_ignored_and_what_is_unknown_is_named() {
        assert!(body(r#""content_type":"LEAVE","account_id":"somebody else","mood":{"deep":[1]}"#).is_ok());
        let unknown = body(r#""content_type":"DANCE""#).unwrap_err();
        assert_eq!((unknown.code(), unknown.about()), (ErrorCode::UnknownPacket, Some("DANCE")));
        for wrong in ["", "[]", "{}", r#"{"content_type":"END"}"#, "\u{1}"] {
            assert_eq!(parse(wrong.as_bytes()).unwrap_err().code(), ErrorCode::Malformed, "{wrong}");
        }
    }

    #[test]
    fn everything_has_a_bound() {
        assert_eq!(parse(&vec![b' '; PACKET_BYTES_MAX + 1]).unwrap_err().code(), ErrorCode::TooLarge);
        let long = "x".repeat(CHAT_BYTES_MAX + 1);
        let many = vec![r#"{"account_id":"a1"}"#; ENTRIES_MAX + 1].join(",");
        for wrong in [
            format!(r#""content_type":"CHAT","id":"1","text":"{long}""#),
            format!(r#""content_type":"CHAT","id":"{}","text":"hi""#, &long[..100]),
            r#""content_type":"CHAT","id":"","text":"hi""#.to_owned(),
            r#""content_type":"CHAT","id":"1","text":"  ""#.to_owned(),
            format!(r#""content_type":"REACTION","reaction":"{}""#, &long[..100]),
            format!(r#""content_type":"SUBSCRIBE","subscriptions":[{many}]"#),
            format!(r#""content_type":"SUBSCRIBE","subscriptions":[{{"account_id":"{}"}}]"#, &long[..100]),
        ] {
            assert_eq!(body(&wrong).unwrap_err().code(), ErrorCode::Malformed, "{}", &wrong[..40]);
        }
        let deep = format!(r#""content_type":"END","x":{}"#, "[".repeat(10_000));
        assert!(body(&deep).is_err());
    }

    #[test]
    fn what_is_said_to_many_reads_like_a_packet_of_each() {
        let said = Said::new(ServerBody::Pong { acknowledged: 7 });
        let packet: ServerPacket = serde_json::from_str(&said.text("qkfd-mzwhp-xbtr", Some(3))).unwrap();
        assert_eq!((packet.seq, &packet.body), (Some(3), &said.body));
        assert_eq!(serde_json::to_string(&packet).unwrap(), said.text("qkfd-mzwhp-xbtr", Some(3)));
        assert!(!said.text("qkfd-mzwhp-xbtr", None).contains("seq"));
    }
}
