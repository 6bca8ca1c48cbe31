//! What the origins of a room tell each other.
//!
//! Nobody owns a room: each origin (here a worker, later a node) is the only writer of its own tracks and of its own
//! count of viewers, and everybody's room is the union of what the origins said. Events of an origin are numbered without gaps; who
//! finds a gap asks for a snapshot with `Sync`, which replaces all that was known of that origin.

use crate::ids::{PublisherName, RoomName, TrackId, WorkerId};

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
    /// The layers that have been seen of a track, in the order of their first packet, and the one worth most.
    TrackLayers {
        track: TrackId,
        layers: Vec<Layer>,
        best: u8,
    },
    Stage(Stage),
}

/// Who is heard in a room, as the origin that has its microphones decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    pub room: RoomName,
    /// Audio tracks that have a seat.
    pub heard: Vec<TrackId>,
    /// Who speaks, or spoke last.
    pub speaker: Option<TrackId>,
}

/// A track as its origin describes it to everybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    pub id: TrackId,
    pub room: RoomName,
    /// Whose it is, if the publisher gave a name.
    pub by: Option<PublisherName>,
    /// Mime name as in SDP: `VP8`, `H264`, `opus`.
    pub codec: String,
    /// Format parameters a viewer must be able to decode, as in SDP (may be empty).
    pub fmtp: String,
    pub layers: Vec<Layer>,
    /// Index of the layer to show somebody who can take them all.
    pub best: u8,
    /// Milliseconds of the origin's clock when the publication began: of two publications of one room the later one is shown.
    pub since_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Empty for a track without simulcast.
    pub rid: String,
    /// About what it needs, 0 while that is not known or it is silent: who has not wanted the track yet is told no rates, and is to begin with the
    /// layer that will do.
    pub kbps: u32,
    /// Lines of its picture, where that is known.
    pub height: Option<u32>,
}

/// Everything an origin has, as of `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub origin: WorkerId,
    pub seq: u64,
    pub tracks: Vec<Track>,
    pub stages: Vec<Stage>,
}

/// A message on the link from one worker to another. What is level-triggered is repeated every second, so that a lost
/// message heals by itself and a peer that fell silent is forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkMessage {
    Notice(Notice),
    /// The sender's last notice was `seq`: who has heard less has missed something. Repeated every second.
    Head {
        origin: WorkerId,
        seq: u64,
    },
    /// The sender missed something: please send a snapshot.
    Sync {
        from: WorkerId,
    },
    Snapshot(Snapshot),
    /// What the layers of the sender's track need, kilobits per second, 0 for one that is silent. Sent every second to who wants any.
    Rates {
        track: TrackId,
        kbps: Vec<u32>,
    },
    /// The layers (bit mask) of the receiver's track that the sender has viewers for. Repeated every second while not zero.
    Want {
        from: WorkerId,
        track: TrackId,
        layers: u8,
    },
    /// One of the sender's viewers cannot go on without a keyframe.
    Keyframe {
        track: TrackId,
        layer: u8,
    },
    /// The publisher's clock: RTP `time` was wall-clock `ntp` (RFC 3550 §6.4.1). It keeps audio and video in step.
    Clock {
        track: TrackId,
        layer: u8,
        ntp: u64,
        time: u32,
    },
}
