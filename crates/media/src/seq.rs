//! Sequence numbers and timestamps: the only place where arithmetic wraps.
//!
//! RTP counts packets in 16 bits and time in 32, both modulo their size, so "newer" means "less than half the circle
//! ahead". Callers compare and add through these types and never see the wrap.

use std::time::Duration;

/// A 16-bit RTP sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seq(pub u16);

impl Seq {
    /// How far `self` is ahead of `other`; negative when it is behind.
    pub fn distance(self, other: Seq) -> i16 {
        self.0.wrapping_sub(other.0) as i16
    }

    pub fn newer_than(self, other: Seq) -> bool {
        self.distance(other) > 0
    }

    pub fn next(self) -> Seq {
        self.plus(1)
    }

    pub fn plus(self, n: u16) -> Seq {
        Seq(self.0.wrapping_add(n))
    }

    pub fn minus(self, n: u16) -> Seq {
        Seq(self.0.wrapping_sub(n))
    }
}

/// Extends 16-bit sequence numbers to 64 bits. Tolerates reordering of up to half the circle.
///
/// Counting starts in cycle 0 with the first number seen, as SRTP's rollover counter does, so the result divided by
/// 65,536 is that counter.
#[derive(Debug, Clone, Default)]
pub struct Unroller {
    newest: Option<u64>,
}

impl Unroller {
    pub fn new() -> Unroller {
        Unroller::default()
    }

    /// The extended number of `seq`. `None` for a packet older than number 0 of cycle 0, which has no number.
    pub fn unroll(&mut self, seq: Seq) -> Option<u64> {
        let extended = self.peek(seq)?;
        if self.newest.is_none_or(|newest| extended > newest) {
            self.newest = Some(extended);
        }
        Some(extended)
    }

    /// What `unroll` would answer, without taking the packet into account (it may still fail authentication).
    pub fn peek(&self, seq: Seq) -> Option<u64> {
        match self.newest {
            None => Some(u64::from(seq.0)),
            Some(newest) => newest.checked_add_signed(i64::from(seq.distance(Seq(newest as u16)))),
        }
    }

    /// The highest extended number so far.
    pub fn newest(&self) -> Option<u64> {
        self.newest
    }
}

/// A 32-bit RTP timestamp, in ticks of the codec's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RtpTime(pub u32);

impl RtpTime {
    /// Ticks from `earlier` to `self`; negative when `self` is the earlier one.
    pub fn since(self, earlier: RtpTime) -> i32 {
        self.0.wrapping_sub(earlier.0) as i32
    }

    pub fn newer_than(self, other: RtpTime) -> bool {
        self.since(other) > 0
    }

    pub fn plus(self, ticks: u32) -> RtpTime {
        RtpTime(self.0.wrapping_add(ticks))
    }

    pub fn minus(self, ticks: u32) -> RtpTime {
        RtpTime(self.0.wrapping_sub(ticks))
    }

    /// The timestamp `elapsed` later on a clock of `clock_rate` ticks per second.
    pub fn after(self, elapsed: Duration, clock_rate: u32) -> RtpTime {
        RtpTime(self.0.wrapping_add(ticks(elapsed, clock_rate) as u32))
    }
}

/// `elapsed` in ticks of a clock, rounded down.
pub fn ticks(elapsed: Duration, clock_rate: u32) -> u64 {
    elapsed.as_secs().wrapping_mul(u64::from(clock_rate))
        + u64::from(elapsed.subsec_nanos()) * u64::from(clock_rate) / 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_after_the_wrap_is_newer() {
        assert!(Seq(2).newer_than(Seq(65_534)));
        assert!(!Seq(65_534).newer_than(Seq(2)));
        assert!(!Seq(7).newer_than(Seq(7)));
        assert_eq!(Seq(65_535).next(), Seq(0));
        assert_eq!(Seq(0).minus(1), Seq(65_535));
        assert!(RtpTime(5).newer_than(RtpTime(u32::MAX - 5)));
        assert_eq!(RtpTime(5).since(RtpTime(u32::MAX - 4)), 10);
        assert_eq!(RtpTime(0).minus(1).plus(1), RtpTime(0));
    }

    #[test]
    fn a_timestamp_follows_the_clock() {
        assert_eq!(RtpTime(0).after(Duration::from_millis(33), 90_000), RtpTime(2_970));
        assert_eq!(RtpTime(u32::MAX).after(Duration::from_millis(20), 48_000), RtpTime(959));
        assert_eq!(ticks(Duration::from_secs(100_000), 90_000), 9_000_000_000);
    }

    #[test]
    fn an_unroller_crosses_the_wrap_both_ways() {
        let mut unroller = Unroller::new();
        assert_eq!(unroller.unroll(Seq(65_534)), Some(65_534));
        assert_eq!(unroller.unroll(Seq(1)), Some(65_537));
        assert_eq!(unroller.unroll(Seq(65_535)), Some(65_535));
        assert_eq!(unroller.unroll(Seq(2)), Some(65_538));
        assert_eq!(unroller.newest(), Some(65_538));
    }

    #[test]
    fn a_packet_from_before_the_first_cycle_has_no_number() {
        let mut unroller = Unroller::new();
        assert_eq!(unroller.unroll(Seq(0)), Some(0));
        assert_eq!(unroller.unroll(Seq(65_535)), None);
        assert_eq!(unroller.unroll(Seq(1)), Some(1));
    }

    proptest! {
        #[test]
        fn unrolling_restores_any_walk_of_less_than_half_the_circle(start in 0u64..65_536, steps in proptest::collection::vec(-3_000i64..30_000, 1..200)) {
            let mut unroller = Unroller::new();
            unroller.unroll(Seq(start as u16));
            let mut newest = start as i64;
            for step in steps {
                let next = newest + step;
                let expected = u64::try_from(next).ok();
                prop_assert_eq!(unroller.unroll(Seq(next as u16)), expected);
                newest = newest.max(next);
            }
        }
    }
}
