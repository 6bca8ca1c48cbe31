//! Where a viewer's packets are spread out in time, when its line has no room for bursts.
//!
//! A line with room to spare gets whole frames at once: that is the cheapest way to send, and the next hop queues a frame
//! for a millisecond or two. A line near its limit would queue a keyframe for hundreds, so there packets leave at one and a half
//! times the estimate, and below it while the line's own queue is long: it may be full, and what does not fit is lost.
//! Nothing is ever dropped here: what waits too long makes the pace faster.

use std::time::{Duration, Instant};

/// Above the estimate, so that what is held always drains while the encoder keeps to it.
const FACTOR_PERCENT: u64 = 150;
/// While the line's queue is long.
const QUEUE_PERCENT: u64 = 100;
/// While it is full. The rest is for sound and repairs, which are not paced, and for an estimate from a few packets.
const FULL_PERCENT: u64 = 75;
/// What may leave without waiting: about what a tick of 5 ms carries at 4 Mbit/s, two packets.
const BURST_BYTES: i64 = 2_500;
const PACKET_BYTES: i64 = 1_250;
/// Held packets leave within this at the latest: longer, and the picture would freeze for our sake.
const HELD_MAX: Duration = Duration::from_millis(200);
/// How finely held packets are released.
pub const STEP: Duration = Duration::from_millis(5);

/// What a line near its limit still has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Some,
    /// A long queue of its own: a burst may be lost, and what is lost takes longer than what waits.
    Queue,
    /// It has just fallen, so its queue is full.
    None,
}

#[derive(Debug, Default)]
pub struct Pacer {
    /// `None`: the line has room.
    bps: Option<u64>,
    burst: i64,
    /// Bytes that may leave now; below zero, a debt.
    credit: i64,
    at: Option<Instant>,
}

impl Pacer {
    /// The line is near its limit of `estimate_bps`, and `held_bytes` wait.
    pub fn limit(&mut self, estimate_bps: u64, room: Room, held_bytes: u64) {
        let in_time = held_bytes * 8 * 1000 / HELD_MAX.as_millis() as u64;
        let percent = match room {
            Room::Some => FACTOR_PERCENT,
            Room::Queue => QUEUE_PERCENT,
            Room::None => FULL_PERCENT,
        };
        let bps = (estimate_bps * percent / 100).max(in_time);
        // A step's worth, so that a pace faster than two packets a step is kept too.
        let step = (bps / 8 * STEP.as_millis() as u64 / 1000) as i64;
        self.burst = if room == Room::Some { BURST_BYTES.max(step) } else { step };
        self.bps = Some(bps);
    }

    /// The line has room.
    pub fn free(&mut self) {
        *self = Pacer::default();
    }

    /// The line's queue is full: the next packet waits until it has taken one.
    pub fn rest(&mut self) {
        self.credit = -PACKET_BYTES;
    }

    pub fn is_limited(&self) -> bool {
        self.bps.is_some()
    }

    /// Whether `bytes` may leave now. A yes spends them.
    pub fn admits(&mut self, now: Instant, bytes: usize) -> bool {
        let Some(bps) = self.bps else { return true };
        let since = self.at.map_or(STEP, |at| now.saturating_duration_since(at));
        self.at = Some(now);
        let earned = (since.as_micros() as u64).saturating_mul(bps) / 8_000_000;
        self.credit = self.credit.saturating_add(earned.min(1 << 40) as i64).min(self.burst);
        if self.credit <= 0 {
            return false;
        }
        self.credit -= bytes as i64;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that leave in `steps` steps, of packets that always wait.
    fn leave(pacer: &mut Pacer, from: Instant, steps: u32) -> u64 {
        (0..steps)
            .map(|n| std::iter::from_fn(|| pacer.admits(from + n * STEP, 1200).then_some(1200)).sum::<u64>())
            .sum()
    }

    #[test]
    fn a_line_with_room_is_not_paced() {
        let mut pacer = Pacer::default();
        assert!((0..1000).all(|_| pacer.admits(Instant::now(), 1200)));
    }

    #[test]
    fn a_limited_line_gets_one_and_a_half_times_the_estimate() {
        for bps in [100_000, 1_000_000, 20_000_000] {
            let mut pacer = Pacer::default();
            pacer.limit(bps, Room::Some, 0);
            let sent = leave(&mut pacer, Instant::now(), 2000) * 8 / 10;
            assert!(sent.abs_diff(bps * 3 / 2) < bps / 20, "{sent} of {bps}");
        }
    }

    #[test]
    fn what_is_held_leaves_in_a_fifth_of_a_second_whatever_the_estimate() {
        let mut pacer = Pacer::default();
        pacer.limit(50_000, Room::Queue, 100_000);
        assert!(leave(&mut pacer, Instant::now(), 42) >= 100_000);
    }

    #[test]
    fn a_line_that_has_fallen_gets_no_burst_and_less_than_the_estimate() {
        let (mut pacer, now) = (Pacer::default(), Instant::now());
        pacer.limit(320_000, Room::Some, 0);
        leave(&mut pacer, now, 1);
        pacer.limit(320_000, Room::None, 0);
        pacer.rest();
        let later = now + Duration::from_secs(1);
        assert_eq!(leave(&mut pacer, later, 1), 1200, "a rest earns a packet");
        let sent = leave(&mut pacer, later + STEP, 400) * 8 / 2;
        assert!(sent.abs_diff(240_000) < 12_000, "{sent}");
    }

    #[test]
    fn an_idle_hour_earns_no_burst() {
        let (mut pacer, now) = (Pacer::default(), Instant::now());
        pacer.limit(1_000_000, Room::Some, 0);
        leave(&mut pacer, now, 1);
        let later = now + Duration::from_secs(3600);
        assert!(leave(&mut pacer, later, 1) <= 2 * 1200 + BURST_BYTES as u64);
    }
}
