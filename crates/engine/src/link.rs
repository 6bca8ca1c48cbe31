//! What this worker tells the others, and what it has heard from them.
//!
//! Each worker is an origin: the only writer of its own tracks. Its notices are numbered; a gap is healed by asking for
//! a snapshot. Media leaves here as records that may be lost. The shell carries both: messages by a reliable bounded
//! queue, records by a ring; either may be full, and neither then blocks a worker (a lost message shows as a gap).

use std::collections::VecDeque;

use proto::WorkerId;
use proto::frame::Frame;
use proto::room::{LinkMessage, Notice, RoomEvent};

/// The way to one other worker.
pub struct Link {
    pub to: WorkerId,
    pub messages: VecDeque<LinkMessage>,
    records: Vec<u8>,
    ends: Vec<u32>,
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
        Link { to, messages: VecDeque::new(), records: Vec::new(), ends: Vec::new(), heard: 0 }
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
