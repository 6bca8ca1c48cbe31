//! The JSON of the HTTP API. The web client's types are generated from here (`web/src/protocol/generated`).

mod admin;
mod session;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use admin::{
    AdminOverview, AdminProcess, AdminRoom, AdminRooms, AdminSession, AdminSessionView, AdminSessions, AdminSide,
    AdminWorker, DrainState, DrainView, RemoveOrder,
};
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
    /// The name it publishes under (`?as=`), if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// It speaks, or spoke last, of those who publish in this room.
    #[serde(default)]
    pub speaking: bool,
    /// Its microphone is one of those that are passed on.
    #[serde(default)]
    pub heard: bool,
    /// Its picture is what the room shows.
    #[serde(default)]
    pub shown: bool,
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

/// `PUT /api/rooms/{room}/upstream`: where to pull this room from while nobody publishes it here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UpstreamOrder {
    /// The parent's address, its WHEP address for this room, or one with `{room}` in it.
    pub url: String,
    /// What the parent wants to see as a bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub token: Option<String>,
}

/// `GET /api/rooms/{room}/upstream`. The token stays here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UpstreamView {
    pub url: String,
    /// Set for this room, and not the node's own.
    pub own: bool,
    pub state: PullState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum PullState {
    /// Nobody watches, or somebody publishes here.
    Idle,
    /// The parent is being asked.
    Calling,
    Live,
    /// It did not work, and is tried again.
    Waiting,
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

impl std::fmt::Debug for UpstreamOrder {
    /// The token stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UpstreamOrder({})", self.url)
    }
}
