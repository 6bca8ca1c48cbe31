//! The group of pictures that a layer is in: everything since its last keyframe, which lies in the ring and lets a viewer begin
//! at once.
//!
//! ```text
//!   ring   … ───────[K──────────────────────────────▶ newest
//!                    start: a replay begins here, and catches up with what is live
//! ```
//!
//! It counts while packets come in, so that a join does not have to search. What is too old, too large, or has lost packets is
//! no beginning; then a keyframe is asked for as if there were no memory.

use std::time::{Duration, Instant};

use crate::ring::Ring;

/// How a viewer who joins gets from the last keyframe to what is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Faster than it came in, as fast as the viewer's line may carry it; then live.
    CatchUp,
    /// As fast as it came in, and live from the next keyframe on.
    Cut,
    /// Nothing until the next keyframe.
    Off,
}

/// What may be replayed at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub policy: Policy,
    pub age_max: Duration,
    pub bytes_max: u64,
    /// A ring grows up to this to hold a group of pictures.
    pub packets_max: usize,
}

/// A hole this young may still be repaired: a publisher's repair takes a round trip.
const HOLE_YOUNG: Duration = Duration::from_millis(300);

#[derive(Debug, Clone, Copy)]
pub struct Gop {
    /// Its first packet.
    pub start: u64,
    pub begun: Instant,
    pub bytes: u64,
    packets: u64,
}

impl Gop {
    /// A keyframe begins with packet `start`, which lies in the ring.
    pub fn begin(ring: &Ring, start: u64, begun: Instant) -> Gop {
        let mut gop = Gop { start, begun, bytes: 0, packets: 0 };
        // What overtook it.
        for seq in start..=ring.newest().unwrap_or(start) {
            if let Some(packet) = ring.get(seq) {
                gop.count(packet.text().len());
            }
        }
        gop
    }

    /// One more packet of it.
    pub fn count(&mut self, len: usize) {
        self.packets += 1;
        self.bytes += len as u64;
    }

    /// Whether the ring should make room for `seq` rather than forget the beginning.
    pub fn is_worth(&self, seq: u64, now: Instant, limits: &Limits) -> bool {
        limits.policy != Policy::Off
            && seq.saturating_sub(self.start) < limits.packets_max as u64
            && self.bytes <= limits.bytes_max
            && now.saturating_duration_since(self.begun) <= limits.age_max
    }

    /// Whether a viewer can begin with it now.
    pub fn is_whole(&self, ring: &Ring, now: Instant, limits: &Limits) -> bool {
        let Some(newest) = ring.newest() else { return false };
        if !self.is_worth(newest, now, limits) || ring.get(self.start).is_none() {
            return false;
        }
        if newest + 1 - self.start <= self.packets {
            return true;
        }
        // The packet after a hole says how old the hole is.
        let first_hole = (self.start..=newest).find(|&seq| ring.get(seq).is_none());
        let after = first_hole.and_then(|hole| (hole..=newest).find_map(|seq| ring.get(seq)));
        after.is_none_or(|packet| now.saturating_duration_since(packet.arrival) < HOLE_YOUNG)
    }
}

impl Default for Limits {
    fn default() -> Limits {
        // 10 s is the longest interval between keyframes that encoders use by default; 12 MB are 10 s of 10 Mbit/s.
        Limits { policy: Policy::CatchUp, age_max: Duration::from_secs(12), bytes_max: 12 << 20, packets_max: 16_384 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::{Incoming, Read};

    fn insert(ring: &mut Ring, seq: u64, at: Instant) {
        let incoming = Incoming {
            seq,
            time: 0,
            marker: false,
            arrival: at,
            audio_level: None,
            orientation: None,
            dependency: &[],
            is_redundant: false,
            payload: &[0; 100],
        };
        ring.insert(incoming, Read::default());
    }

    #[test]
    fn a_group_is_a_beginning_until_it_is_too_old_too_large_or_gone_from_the_ring() {
        let now = Instant::now();
        let limits = Limits { bytes_max: 500, packets_max: 8, ..Limits::default() };
        let mut ring = Ring::new(8, Duration::from_secs(2));
        insert(&mut ring, 10, now);
        let mut gop = Gop::begin(&ring, 10, now);
        assert!(gop.is_whole(&ring, now, &limits));
        assert!(!gop.is_whole(&ring, now + limits.age_max + Duration::from_millis(1), &limits), "too old");
        for seq in 11..16 {
            insert(&mut ring, seq, now);
            gop.count(100);
        }
        assert!(!gop.is_whole(&ring, now, &limits), "too large");
        let roomy = Limits { bytes_max: 5000, ..limits };
        assert!(gop.is_whole(&ring, now, &roomy));
        assert!(!gop.is_whole(&ring, now, &Limits { policy: Policy::Off, ..roomy }));
        for seq in 16..18 {
            insert(&mut ring, seq, now);
            gop.count(100);
        }
        assert!(gop.is_whole(&ring, now, &roomy));
        insert(&mut ring, 18, now);
        gop.count(100);
        assert!(!gop.is_whole(&ring, now, &roomy), "its first packet is gone");
    }

    #[test]
    fn a_hole_makes_it_useless_once_it_is_old_and_a_late_packet_mends_it() {
        let now = Instant::now();
        let limits = Limits::default();
        let mut ring = Ring::new(8, Duration::from_secs(2));
        insert(&mut ring, 1, now);
        let mut gop = Gop::begin(&ring, 1, now);
        insert(&mut ring, 3, now);
        gop.count(100);
        assert!(gop.is_whole(&ring, now + HOLE_YOUNG / 2, &limits));
        let later = now + HOLE_YOUNG;
        assert!(!gop.is_whole(&ring, later, &limits));
        insert(&mut ring, 2, later);
        gop.count(100);
        assert!(gop.is_whole(&ring, later, &limits));
    }

    #[test]
    fn what_overtook_the_keyframes_first_packet_belongs_to_it() {
        let now = Instant::now();
        let mut ring = Ring::new(8, Duration::from_secs(2));
        insert(&mut ring, 5, now);
        insert(&mut ring, 4, now);
        let gop = Gop::begin(&ring, 4, now);
        assert_eq!((gop.packets, gop.bytes), (2, 200));
    }
}
