//! What `/api/admin` answers: the node, its rooms, and the sessions in them, for whoever looks after it.
//!
//! A session is named here by its peer's id, which gives no right: the id in a session's URL does, and is nobody's to see.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{PublisherView, SessionState, SessionView, Verdict};
use crate::meeting::PersonView;

/// `GET /api/admin/overview`. What is per second was counted over the last full second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AdminOverview {
    pub version: String,
    /// Seconds since the node started.
    #[ts(type = "number")]
    pub up_s: u64,
    pub drain: DrainView,
    /// As many sessions as it takes (`limits.sessions_max`).
    pub sessions_max: u32,
    pub rooms: u32,
    pub meetings: u32,
    pub workers: Vec<AdminWorker>,
    pub process: AdminProcess,
}

/// Whether new sessions are taken, and how many are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DrainView {
    pub state: DrainState,
    pub sessions: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum DrainState {
    Serving,
    /// By an administrator, who may undo it.
    Draining,
    /// The process is about to end.
    Stopping,
}

/// How one worker fares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct AdminWorker {
    pub id: u8,
    pub publishers: u32,
    pub viewers: u32,
    /// Rooms pulled from a parent.
    pub pulls: u32,
    /// Media packets from publishers, and to viewers.
    pub packets_in_per_s: u32,
    pub packets_out_per_s: u32,
    pub kbps_in: u32,
    pub kbps_out: u32,
    /// Of one core.
    pub cpu_percent: f32,
    /// Packets that were not forwarded, for any reason that `weir_drops_total` names.
    pub drops_per_s: u32,
    /// Packets that viewers missed, and were sent again.
    pub repairs_per_s: u32,
}

/// Absent where the system does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct AdminProcess {
    /// Resident.
    #[ts(type = "number | null")]
    pub memory_bytes: Option<u64>,
    pub open_files: Option<u32>,
    #[ts(type = "number | null")]
    pub open_files_max: Option<u64>,
    pub http_connections: u32,
}

/// `GET /api/admin/rooms`: a page of them, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AdminRooms {
    pub rooms: Vec<AdminRoom>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<String>,
}

/// A room that is streamed in, or that a meeting is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AdminRoom {
    pub name: String,
    /// The code of the meeting that the room is; absent for a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub meeting: Option<String>,
    pub live: bool,
    pub viewers: u32,
    pub publishers: Vec<PublisherView>,
    /// Who is in the meeting, in the order in which they came.
    pub people: Vec<PersonView>,
}

/// `GET /api/admin/rooms/{room}/sessions`: a page of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AdminSessions {
    pub sessions: Vec<AdminSession>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<String>,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AdminSession {
    /// Of its peer.
    pub id: String,
    pub room: String,
    pub side: AdminSide,
    /// Under which it publishes, or which is its own in a meeting.
    pub name: Option<String>,
    /// Whose it is in a meeting, by account.
    pub person: Option<String>,
    pub state: SessionState,
    #[ts(type = "number")]
    pub age_s: u64,
    /// Where it is, as the path that ICE chose says.
    pub remote: Option<String>,
    pub rtt_ms: Option<u32>,
    /// Received from a publisher, or sent to a viewer.
    pub kbps: u32,
    /// What is lost: of a publisher's packets on the way here, of a viewer's on the way there.
    pub loss_percent: f32,
    /// The worst that is the matter with one of its tracks.
    pub verdict: Verdict,
    /// The verdict in words.
    pub sentence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum AdminSide {
    Publisher,
    Viewer,
    /// A parent, from which the room is pulled.
    Pull,
}

/// `GET /api/admin/sessions/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AdminSessionView {
    pub session: AdminSession,
    /// The addresses that it was offered of the kind that it took.
    pub local: Vec<String>,
    /// Packets and bytes of media so far, either way.
    #[ts(type = "number")]
    pub packets: u64,
    #[ts(type = "number")]
    pub bytes: u64,
    /// Packets that it missed, and keyframes that it asked for, or that were asked of it.
    #[ts(type = "number")]
    pub nacks: u64,
    #[ts(type = "number")]
    pub keyframe_requests: u64,
    /// As `GET /api/sessions/{id}` shows it to whoever holds it.
    pub view: SessionView,
}

/// `DELETE /api/admin/sessions/{id}`, and to remove somebody from a meeting. Whoever it is about reads the reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct RemoveOrder {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
}
