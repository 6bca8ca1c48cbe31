//! What waits for one reader of one lane. Bounded in bytes; what happens when it is full is the lane's nature.

use std::collections::VecDeque;
use std::sync::Arc;

use proto::data::Lane;

/// What a queue takes besides a message.
const OVERHEAD: usize = 32;

#[derive(Debug)]
pub struct Mailbox {
    lane: Lane,
    waiting: VecDeque<Arc<[u8]>>,
    bytes: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Pushed {
    Queued,
    /// So many older ones made way.
    InsteadOf(u64),
    /// The reader is too slow; nothing is queued any more.
    Full,
}

impl Mailbox {
    pub fn new(lane: Lane) -> Mailbox {
        Mailbox { lane, waiting: VecDeque::new(), bytes: 0 }
    }

    pub fn push(&mut self, message: &Arc<[u8]>, bytes_max: usize) -> Pushed {
        self.bytes += size(message);
        self.waiting.push_back(message.clone());
        if self.bytes <= bytes_max {
            return Pushed::Queued;
        }
        match self.lane {
            Lane::Reliable => {
                self.clear();
                Pushed::Full
            }
            Lane::Lossy => {
                let mut dropped = 0;
                // The newest stays, however little room there is.
                while self.bytes > bytes_max && self.waiting.len() > 1 {
                    self.pop();
                    dropped += 1;
                }
                Pushed::InsteadOf(dropped)
            }
        }
    }

    pub fn front(&self) -> Option<&Arc<[u8]>> {
        self.waiting.front()
    }

    pub fn pop(&mut self) {
        if let Some(message) = self.waiting.pop_front() {
            self.bytes -= size(&message);
        }
    }

    pub fn clear(&mut self) {
        self.waiting = VecDeque::new();
        self.bytes = 0;
    }
}

fn size(message: &Arc<[u8]>) -> usize {
    message.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(n: u8) -> Arc<[u8]> {
        vec![n; 100 - OVERHEAD].into()
    }

    #[test]
    fn of_lossy_messages_the_oldest_make_way_and_of_reliable_ones_none() {
        let mut lossy = Mailbox::new(Lane::Lossy);
        let pushed: Vec<Pushed> = (0..5).map(|n| lossy.push(&message(n), 300)).collect();
        use Pushed::{Full, InsteadOf, Queued};
        assert_eq!(pushed, [Queued, Queued, Queued, InsteadOf(1), InsteadOf(1)]);
        assert_eq!(lossy.front().unwrap()[0], 2);
        let mut reliable = Mailbox::new(Lane::Reliable);
        let pushed: Vec<Pushed> = (0..4).map(|n| reliable.push(&message(n), 300)).collect();
        assert_eq!(pushed, [Queued, Queued, Queued, Full]);
        assert_eq!(reliable.front(), None, "a part of what was said is worse than to be told that it is over");
        assert_eq!(reliable.push(&message(9), 300), Queued);
    }
}
