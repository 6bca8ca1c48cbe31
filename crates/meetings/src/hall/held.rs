//! How much a meeting holds: what has to be as little as before when everybody has left.

use std::ops::AddAssign;

use super::Hall;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Those who are in, whether or not others see them.
    pub people: usize,
    /// Of these, whose socket is lost.
    pub away: usize,
    pub waiting: usize,
    /// Sockets of both.
    pub sockets: usize,
    /// Connections that were offered and have not ended.
    pub connections: usize,
    pub slots: usize,
    pub subscriptions: usize,
    /// Moments at which something is to happen by itself.
    pub timers: usize,
}

impl Hall {
    pub fn held(&self) -> Held {
        let seats = || self.seats.values();
        let away = seats().filter(|seat| seat.lost_since().is_some()).count();
        Held {
            people: self.seats.len(),
            away,
            waiting: self.waiters.len(),
            sockets: self.sockets.len(),
            connections: seats().map(|seat| seat.studio.offers.len()).sum(),
            slots: seats().map(|seat| seat.feeds.slots()).sum(),
            subscriptions: seats().map(|seat| seat.feeds.wanted().count()).sum(),
            timers: away + [self.hostless_until, self.empty_until].iter().flatten().count(),
        }
    }
}

impl AddAssign for Held {
    fn add_assign(&mut self, other: Held) {
        self.people += other.people;
        self.away += other.away;
        self.waiting += other.waiting;
        self.sockets += other.sockets;
        self.connections += other.connections;
        self.slots += other.slots;
        self.subscriptions += other.subscriptions;
        self.timers += other.timers;
    }
}
