//! Packets that left together are compared as one with those that left before: only differences between bursts tell of a
//! queue, within a burst it is the sender's own doing.

use super::clock::{PER_MS, PER_SECOND, Ticks};

pub struct Groups {
    current: Option<Group>,
    previous: Option<Group>,
}

/// How much longer a group took than the one before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    pub sent_ms: f64,
    pub arrived_ms: f64,
    pub at: Ticks,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    first_sent: Ticks,
    last_sent: Ticks,
    first_arrived: Ticks,
    last_arrived: Ticks,
}

/// Sent within 5 ms: what pacers and a batch of a publisher's packets have in common.
const BURST: i64 = 5 * PER_MS;
/// Arriving back to back for longer than this is a queue and not a radio that saves up packets.
const BURST_MAX: i64 = 100 * PER_MS;
/// The other clock was set, or somebody lies.
const JUMP: i64 = 3 * PER_SECOND;

impl Groups {
    pub fn new() -> Groups {
        Groups { current: None, previous: None }
    }

    /// In order of sending. A step is known when a packet opens the group after next.
    pub fn arrived(&mut self, sent: Ticks, arrived: Ticks) -> Option<Step> {
        let Some(group) = &mut self.current else {
            self.current = Some(Group::one(sent, arrived));
            return None;
        };
        if sent < group.first_sent {
            // Late: what it says about the queue is old.
            return None;
        }
        if group.takes(sent, arrived) {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrived = group.last_arrived.max(arrived);
            return None;
        }
        let done = *group;
        self.current = Some(Group::one(sent, arrived));
        let before = self.previous.replace(done)?;
        let sent_ticks = done.last_sent.since(before.last_sent);
        let arrived_ticks = done.last_arrived.since(before.last_arrived);
        if arrived_ticks < 0 || arrived_ticks.saturating_sub(sent_ticks).saturating_abs() > JUMP {
            self.previous = None;
            return None;
        }
        Some(Step {
            sent_ms: sent_ticks as f64 / PER_MS as f64,
            arrived_ms: arrived_ticks as f64 / PER_MS as f64,
            at: done.last_arrived,
        })
    }

    pub fn reset(&mut self) {
        *self = Groups::new();
    }
}

impl Group {
    fn one(sent: Ticks, arrived: Ticks) -> Group {
        Group { first_sent: sent, last_sent: sent, first_arrived: arrived, last_arrived: arrived }
    }

    fn takes(&self, sent: Ticks, arrived: Ticks) -> bool {
        if sent.since(self.first_sent) <= BURST {
            return true;
        }
        // Held back and let go together, as Wi-Fi does: the later packet waited less, and they arrive back to back.
        let gap = arrived.since(self.last_arrived);
        gap <= BURST && gap < sent.since(self.last_sent) && arrived.since(self.first_arrived) < BURST_MAX
    }
}
