//! A room as one worker sees it: the tracks that any origin has announced, and the viewers it has itself.
//!
//! Nobody owns a room. It exists here while it has a track or a viewer here; which tracks feed the viewers follows from
//! the announcements alone (see `stage`), so that every worker comes to the same choice.

use proto::room::Stage;

use crate::downlink::Downlink;
use crate::speaker::Speakers;

#[derive(Default)]
pub struct Room {
    /// Indexes of sources.
    pub tracks: Vec<usize>,
    /// Downlinks without a source they can play.
    pub parked: Vec<Downlink>,
    /// Viewer sessions on this worker, connected or about to be.
    pub viewers: u32,
    /// Slots of those of them who say who they are: messages of applications go to these.
    pub members: Vec<u32>,
    /// Who is heard, as the worker with the microphones announced it.
    pub stage: Option<Stage>,
    /// On that worker: what it is decided by.
    pub speakers: Option<Speakers>,
}

impl Room {
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty() && self.viewers == 0 && self.parked.is_empty()
    }
}
