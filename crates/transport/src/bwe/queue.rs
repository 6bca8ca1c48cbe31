//! How long packets wait on the way now: the shortest time lately, less the shortest ever seen. A slope says that a queue
//! grows; only this says that one stands.

use super::clock::{PER_MS, PER_SECOND, Ticks};

pub struct Queue {
    /// Shortest difference of the two clocks, in this period and in the last.
    base: Lowest,
    recent: Lowest,
    /// When the newest packet was sent, and its difference.
    newest: (Ticks, i64),
}

/// 15 to 30 s: clocks drift apart by up to 100 ppm, 3 ms in that time, and a path may become longer for good.
const BASE_PERIOD: i64 = 15 * PER_SECOND;
/// 0.1 to 0.2 s. The shortest of ten or more packets is not moved by jitter.
const RECENT_PERIOD: i64 = 100 * PER_MS;
/// No queue is that long: the other clock was set.
const JUMP: i64 = 10 * PER_SECOND;

impl Queue {
    pub fn new() -> Queue {
        Queue { base: Lowest::new(BASE_PERIOD), recent: Lowest::new(RECENT_PERIOD), newest: (Ticks::ZERO, 0) }
    }

    pub fn arrived(&mut self, sent: Ticks, arrived: Ticks) {
        let way = arrived.since(sent);
        if self.base.get().is_some_and(|base| way.saturating_sub(base).saturating_abs() > JUMP) {
            *self = Queue::new();
        }
        self.base.add(sent, way);
        self.recent.add(sent, way);
        self.newest = (sent, way);
    }

    /// How long the empty path takes, by the two clocks.
    pub fn shortest(&self) -> Option<i64> {
        self.base.get()
    }

    pub fn ticks(&self) -> i64 {
        match (self.recent.get(), self.base.get()) {
            (Some(recent), Some(base)) => recent.saturating_sub(base).max(0),
            _ => 0,
        }
    }

    /// What is there now is what the next packet says: the calm before it is over.
    pub fn forget_recent(&mut self) {
        self.recent = Lowest::new(RECENT_PERIOD);
        self.recent.add(self.newest.0, self.newest.1);
    }

    /// Takes the present delay for the path's own: it did not go away by sending less.
    pub fn accept(&mut self) {
        self.base = Lowest::new(BASE_PERIOD);
    }
}

/// Of one or two periods.
pub struct Lowest {
    period: i64,
    began: Ticks,
    now: Option<i64>,
    before: Option<i64>,
}

impl Lowest {
    pub fn new(period: i64) -> Lowest {
        Lowest { period, began: Ticks::ZERO, now: None, before: None }
    }

    pub fn add(&mut self, at: Ticks, value: i64) {
        let age = at.since(self.began);
        if age > self.period {
            self.before = if age > 2 * self.period { None } else { self.now };
            self.now = None;
            self.began = at;
        }
        self.now = Some(self.now.map_or(value, |now| now.min(value)));
    }

    pub fn get(&self) -> Option<i64> {
        self.now.into_iter().chain(self.before).min()
    }
}
