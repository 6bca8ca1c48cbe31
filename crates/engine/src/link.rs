//! What this worker tells the others, and what it has heard from them.
//!
//! Each worker is an origin: the only writer of its own tracks. Its notices are numbered; a gap is healed by asking for
//! a snapshot. Media leaves here as records that may be lost. The shell carries both: messages by a reliable bounded
//! queue, records by a ring; either may be full, and neither then blocks a worker (a lost message shows as a gap).

use std::collections::{BTreeSet, VecDeque};

use proto::frame::Frame;
use proto::room::{LinkMessage, Notice, RoomEvent};
use proto::{RoomName, WorkerId};

/// The way to one other worker.
pub struct Link {
    pub to: WorkerId,
    pub messages: VecDeque<LinkMessage>,
    records: Vec<u8>,
    ends: Vec<u32>,
    /// Messages of applications.
    posts: Vec<u8>,
    post_ends: Vec<u32>,
    /// Rooms whose people there have to be told that they miss something.
    pub(crate) torn: BTreeSet<RoomName>,
    /// Number of the last notice heard from there.
    heard: u64,
}

/// What to make of a numbered notice.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    InOrder,
    Old,
    /// Something is missing: ask for a snapshot.
    Gap,
}

impl Link {
    pub fn new(to: WorkerId) -> Link {
        Link {
            to,
            messages: VecDeque::new(),
            records: Vec::new(),
            ends: Vec::new(),
            posts: Vec::new(),
            post_ends: Vec::new(),
            torn: BTreeSet::new(),
            heard: 0,
        }
    }

    pub fn hear(&mut self, seq: u64) -> Heard {
        match seq {
            _ if seq <= self.heard => Heard::Old,
            _ if seq == self.heard + 1 => {
                self.heard = seq;
                Heard::InOrder
            }
            _ => Heard::Gap,
        }
    }

    /// Whether the other side has said more than we heard.
    pub fn is_behind(&self, head: u64) -> bool {
        head > self.heard
    }

    pub fn synced(&mut self, seq: u64) {
        self.heard = self.heard.max(seq);
    }

    pub fn push_frame(&mut self, frame: &Frame<'_>) -> bool {
        let encoded = frame.encode(&mut self.records);
        if encoded {
            self.ends.push(self.records.len() as u32);
        }
        encoded
    }

    pub fn has_frames(&self) -> bool {
        !self.ends.is_empty()
    }

    /// The records written since the last call, in order.
    pub fn drain_records(&mut self, mut each: impl FnMut(&[u8])) {
        let mut start = 0;
        for &end in &self.ends {
            each(&self.records[start..end as usize]);
            start = end as usize;
        }
        self.records.clear();
        self.ends.clear();
    }

    pub(crate) fn push_post(&mut self, record: &[u8]) {
        self.posts.extend_from_slice(record);
        self.post_ends.push(self.posts.len() as u32);
    }

    /// Messages of applications since the last call, in order. `each` says whether there was room for one on the way; what was lost of reliable
    /// ones is made up for by telling whom it was for, as soon as there is room for that. How many were refused.
    pub fn drain_posts(&mut self, mut each: impl FnMut(&[u8]) -> bool) -> u64 {
        self.push_torn();
        let (mut posts, mut ends) = (std::mem::take(&mut self.posts), std::mem::take(&mut self.post_ends));
        let (mut start, mut refused) = (0, 0);
        for &end in &ends {
            let record = &posts[start..end as usize];
            if !each(record) {
                refused += 1;
                self.miss(record);
            }
            start = end as usize;
        }
        posts.clear();
        ends.clear();
        (self.posts, self.post_ends) = (posts, ends);
        refused
    }

    pub fn has_posts(&self) -> bool {
        !self.post_ends.is_empty() || self.is_torn()
    }

    /// Something could not be said for want of room, and still has to be.
    pub fn is_torn(&self) -> bool {
        !self.torn.is_empty()
    }
}

/// This worker's own numbering.
pub struct Origin {
    pub id: WorkerId,
    seq: u64,
}

impl Origin {
    pub fn new(id: WorkerId) -> Origin {
        Origin { id, seq: 0 }
    }

    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Tells everybody.
    pub fn announce(&mut self, links: &mut [Link], event: RoomEvent) {
        self.seq += 1;
        for link in links {
            let notice = Notice { origin: self.id, seq: self.seq, event: event.clone() };
            link.messages.push_back(LinkMessage::Notice(notice));
        }
    }
}
