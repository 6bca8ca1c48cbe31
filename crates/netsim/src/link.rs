//! One direction of a network in virtual time. The caller brings the clock; the link brings a queue, bad luck and
//! patience. It does not know what a packet is: bytes go in, and the same, changed or no bytes come out later.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{Loss, Percent, Profile, Rng};

pub struct Link {
    profile: Profile,
    rng: Rng,
    /// Gilbert-Elliott: whether the channel is in its bad state.
    bad: bool,
    /// When the bottleneck will have sent what it accepted; later than now means that somebody waits.
    busy_until: Option<Instant>,
    /// When the last datagram that keeps order arrives.
    last_due: Option<Instant>,
    in_flight: BinaryHeap<Reverse<InFlight>>,
    in_flight_bytes: usize,
    accepted: u64,
    stats: Stats,
}

/// What happened to everything sent: `sent + duplicated` = delivered + in flight + all drops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    pub sent: u64,
    pub sent_bytes: u64,
    pub delivered: u64,
    pub delivered_bytes: u64,
    pub duplicated: u64,
    pub corrupted: u64,
    pub dropped_loss: u64,
    /// Tail drops of the bottleneck's queue.
    pub dropped_queue: u64,
    pub dropped_mtu: u64,
    pub dropped_partition: u64,
    /// The link's own memory bound was reached; a test that sees this measures the link and not the network.
    pub dropped_overflow: u64,
}

impl Stats {
    pub fn dropped(&self) -> u64 {
        self.dropped_loss + self.dropped_queue + self.dropped_mtu + self.dropped_partition + self.dropped_overflow
    }
}

/// Enough for 1 s at 500 Mbit/s; when full, new datagrams are dropped and counted.
const IN_FLIGHT_BYTES_MAX: usize = 64 << 20;

impl Link {
    pub fn new(profile: Profile, seed: u64) -> Link {
        Link {
            profile,
            rng: Rng::seed(seed),
            bad: false,
            busy_until: None,
            last_due: None,
            in_flight: BinaryHeap::new(),
            in_flight_bytes: 0,
            accepted: 0,
            stats: Stats::default(),
        }
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Takes effect for the next `send`; what is in flight keeps the arrival it was given.
    pub fn set_profile(&mut self, profile: Profile) {
        self.profile = profile;
    }

    pub fn stats(&self) -> Stats {
        self.stats
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Hands a datagram to the network. `now` must not go backwards from call to call.
    pub fn send(&mut self, now: Instant, bytes: impl Into<Vec<u8>>) {
        let mut bytes = bytes.into();
        self.stats.sent += 1;
        self.stats.sent_bytes += bytes.len() as u64;
        if self.profile.partition {
            self.stats.dropped_partition += 1;
            return;
        }
        if self.profile.mtu_bytes.is_some_and(|mtu| bytes.len() > mtu as usize) {
            self.stats.dropped_mtu += 1;
            return;
        }
        let Some(departure) = self.pass_bottleneck(now, bytes.len()) else {
            self.stats.dropped_queue += 1;
            return;
        };
        // After the bottleneck: what is lost on the air has used the air.
        if self.lose() {
            self.stats.dropped_loss += 1;
            return;
        }
        if self.rng.chance(self.profile.corrupt.share()) && flip_one_bit(&mut self.rng, &mut bytes) {
            self.stats.corrupted += 1;
        }
        if self.rng.chance(self.profile.duplicate.share()) {
            self.stats.duplicated += 1;
            self.fly(departure, bytes.clone());
        }
        self.fly(departure, bytes);
    }

    /// The next datagram that has arrived by `now`, in order of arrival. Call until `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.next()? > now {
            return None;
        }
        let Reverse(InFlight { bytes, .. }) = self.in_flight.pop()?;
        self.in_flight_bytes -= bytes.len();
        self.stats.delivered += 1;
        self.stats.delivered_bytes += bytes.len() as u64;
        Some(bytes)
    }

    /// When `poll` will have something.
    pub fn next(&self) -> Option<Instant> {
        self.in_flight.peek().map(|Reverse(first)| first.due)
    }

    /// When the datagram has left the bottleneck, or `None` if its queue is full.
    fn pass_bottleneck(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        let Some(rate) = self.profile.rate else {
            return Some(now);
        };
        let start = self.busy_until.map_or(now, |busy| busy.max(now));
        let waits = start - now;
        // The one being sent is not in the queue: an idle bottleneck takes any datagram, however short its queue.
        if !waits.is_zero() && waits + rate.time_for(bytes) > rate.queue {
            return None;
        }
        let departure = start + rate.time_for(bytes);
        self.busy_until = Some(departure);
        Some(departure)
    }

    fn lose(&mut self) -> bool {
        match self.profile.loss {
            Loss::None => false,
            Loss::Random { percent } => self.rng.chance(percent.share()),
            Loss::Bursts { enter, leave, loss_good, loss_bad } => {
                let change: Percent = if self.bad { leave } else { enter };
                self.bad ^= self.rng.chance(change.share());
                self.rng.chance(if self.bad { loss_bad } else { loss_good }.share())
            }
        }
    }

    fn fly(&mut self, departure: Instant, bytes: Vec<u8>) {
        if self.in_flight_bytes + bytes.len() > IN_FLIGHT_BYTES_MAX {
            self.stats.dropped_overflow += 1;
            return;
        }
        let mut due = departure + self.flight_time();
        if !self.profile.reorder {
            due = self.last_due.map_or(due, |last| last.max(due));
            self.last_due = Some(due);
        }
        self.accepted += 1;
        self.in_flight_bytes += bytes.len();
        self.in_flight.push(Reverse(InFlight { due, order: self.accepted, bytes }));
    }

    fn flight_time(&mut self) -> Duration {
        let jitter_ns = self.profile.jitter.as_nanos() as u64;
        if jitter_ns == 0 {
            return self.profile.delay;
        }
        let offset = Duration::from_nanos(self.rng.below(2 * jitter_ns + 1));
        (self.profile.delay + offset).saturating_sub(self.profile.jitter)
    }
}

fn flip_one_bit(rng: &mut Rng, bytes: &mut [u8]) -> bool {
    let bit = rng.below(bytes.len() as u64 * 8);
    match bytes.get_mut((bit / 8) as usize) {
        Some(byte) => {
            *byte ^= 1 << (bit % 8);
            true
        }
        None => false,
    }
}

/// Ordered by arrival, then by the order of sending, so that equal arrivals do not depend on the heap.
struct InFlight {
    due: Instant,
    order: u64,
    bytes: Vec<u8>,
}

impl PartialEq for InFlight {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for InFlight {}

impl PartialOrd for InFlight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for InFlight {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}
