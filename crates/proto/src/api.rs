//! The JSON of the HTTP API. The web client's types are generated from here (`web/src/protocol/generated`).

mod session;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use session::{Hop, SessionSide, SessionState, SessionTrack, SessionView, Verdict};

/// A room as `/api/rooms` lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RoomView {
    pub name: String,
    /// Somebody publishes and media flows.
    pub live: bool,
    pub publishers: Vec<PublisherView>,
    pub viewers: u32,
}

/// One publishing session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PublisherView {
    /// Public id of its peer, not the capability in its session URL.
    pub id: String,
    /// Seconds since it connected.
    #[ts(type = "number")]
    pub age_s: u64,
    pub tracks: Vec<TrackView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TrackView {
    pub kind: TrackKind,
    /// "VP8", "H264", "opus", …
    pub codec: String,
    /// Simulcast layers, in the publisher's order; one for a plain track.
    pub layers: Vec<LayerView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum TrackKind {
    Audio,
    Video,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LayerView {
    /// Absent for a track without simulcast.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub rid: Option<String>,
    /// Received in the last full second, kilobits per second.
    pub kbps: u32,
    /// No packet for a second.
    pub silent: bool,
}

/// What `GET /api/rooms` answers, and one `rooms` event on `GET /api/rooms/events` carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RoomsView {
    pub rooms: Vec<RoomView>,
}

/// `GET /api/node`: what a page needs to know before it asks for a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NodeView {
    pub version: String,
    /// A session needs a bearer token.
    pub token_required: bool,
    pub workers: u8,
}

/// RFC 9457 problem document. `type` is stable and ends in the kebab-case name of the failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What happened here and what to do about it.
    pub detail: String,
}
