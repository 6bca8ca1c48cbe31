//! What the origins of a room tell each other.
//!
//! Nobody owns a room: each origin (here a worker, later a node) is the only writer of its own tracks and of its own
//! count of viewers, and everybody's room is the union of what the origins said. Events of an origin are numbered without gaps; who
//! finds a gap asks for a snapshot with `Sync`, which replaces all that was known of that origin.

use crate::ids::{RoomName, TrackId, WorkerId};

/// What one origin tells another, reliably and in order while the number sequence holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub origin: WorkerId,
    pub seq: u64,
    pub event: RoomEvent,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomEvent {
    TrackAdded(Track),
    TrackRemoved {
        track: TrackId,
    },
    /// The layers that have been seen of a track, in the publisher's order.
    TrackLayers {
        track: TrackId,
        layers: Vec<Layer>,
    },
}

/// A track as its origin describes it to everybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    pub id: TrackId,
    pub room: RoomName,
    /// Mime name as in SDP: `VP8`, `H264`, `opus`.
    pub codec: String,
    /// Format parameters a viewer must be able to decode, as in SDP (may be empty).
    pub fmtp: String,
    pub layers: Vec<Layer>,
    /// Milliseconds of the origin's clock when the publication began: of two publications of one room the later one is shown.
    pub since_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Empty for a track without simulcast.
    pub rid: String,
}

/// Everything an origin has, as of `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub origin: WorkerId,
    pub seq: u64,
    pub tracks: Vec<Track>,
}

/// A message on the link from one worker to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkMessage {
    Notice(Notice),
    /// The sender saw a gap after `have`: please send a snapshot.
    Sync {
        have: u64,
    },
    Snapshot(Snapshot),
    /// The sender has viewers for this layer of the receiver's track (or none any more). Level-triggered: repeated on every snapshot.
    Want {
        track: TrackId,
        layer: u8,
        wanted: bool,
    },
    /// One of the sender's viewers cannot go on without a keyframe.
    Keyframe {
        track: TrackId,
        layer: u8,
    },
}
