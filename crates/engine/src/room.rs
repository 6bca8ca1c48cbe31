//! A room as one worker sees it: the tracks that any origin has announced, and the viewers it has itself.
//!
//! Nobody owns a room. It exists here while it has a track or a viewer here, and which track feeds the viewers follows from
//! the announcements alone, so that every worker comes to the same choice.

use media::codec::Kind;

use crate::downlink::Downlink;

#[derive(Default)]
pub struct Room {
    /// Indexes of sources.
    pub tracks: Vec<usize>,
    /// Downlinks without a source they can play.
    pub parked: Vec<Downlink>,
    /// Viewer sessions on this worker, connected or about to be.
    pub viewers: u32,
}

impl Room {
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty() && self.viewers == 0 && self.parked.is_empty()
    }
}

/// Of two publications of one kind the later one is shown; the id decides a tie the same way everywhere.
pub fn current(sources: &[Option<crate::source::Source>], room: &Room, kind: Kind) -> Option<usize> {
    room.tracks
        .iter()
        .copied()
        .filter_map(|index| sources[index].as_ref().map(|s| (index, s)))
        .filter(|(_, s)| s.kind() == kind)
        .max_by_key(|(_, s)| (s.since_ms, s.id))
        .map(|(index, _)| index)
}
