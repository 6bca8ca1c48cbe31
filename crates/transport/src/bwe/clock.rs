//! Time in units of 250 µs, the unit in which transport-wide feedback reports arrivals: one number for both clocks.

use std::time::{Duration, Instant};

/// Quarter milliseconds since some beginning. Arithmetic saturates: arrivals come from the other side, which may claim
/// any time at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(i64);

pub const PER_SECOND: i64 = 4000;
pub const PER_MS: i64 = 4;

impl Ticks {
    pub const ZERO: Ticks = Ticks(0);

    pub fn since(self, earlier: Ticks) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    pub fn seconds_since(self, earlier: Ticks) -> f64 {
        self.since(earlier) as f64 / PER_SECOND as f64
    }

    pub fn plus(self, ticks: i64) -> Ticks {
        Ticks(self.0.saturating_add(ticks))
    }

    pub fn minus(self, ticks: i64) -> Ticks {
        Ticks(self.0.saturating_sub(ticks))
    }

    /// The part that a send history keeps.
    pub fn low(self) -> u16 {
        self.0 as u16
    }
}

pub fn duration(ticks: i64) -> Duration {
    Duration::from_micros(ticks.max(0).unsigned_abs().saturating_mul(250))
}

pub fn ticks(duration: Duration) -> i64 {
    // 250,000 ns each. No 128-bit division: this runs once per packet.
    (duration.as_secs().min(1 << 40) * 4000 + u64::from(duration.subsec_nanos() / 250_000)) as i64
}

/// Our clock: ticks since the first call. Never goes back, whatever the caller's clock does.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Option<Instant>,
}

impl Clock {
    pub fn new() -> Clock {
        Clock { start: None }
    }

    #[inline]
    pub fn at(&mut self, now: Instant) -> Ticks {
        let start = *self.start.get_or_insert(now);
        Ticks(ticks(now.saturating_duration_since(start)))
    }
}

/// The receiver's clock, which reports show modulo 2^32 ticks (24 bits of 64 ms): 12 days.
#[derive(Debug, Clone, Copy)]
pub struct Unwrap {
    last: Option<i64>,
}

impl Unwrap {
    pub fn new() -> Unwrap {
        Unwrap { last: None }
    }

    /// The one closest to the last arrival.
    pub fn at(&mut self, arrival: i64) -> Ticks {
        let last = self.last.unwrap_or(arrival);
        let step = (arrival as u32).wrapping_sub(last as u32) as i32;
        let at = last.saturating_add(i64::from(step));
        self.last = Some(at);
        Ticks(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receivers_clock_goes_on_where_its_24_bits_end() {
        let mut clock = Unwrap::new();
        let end = (1_i64 << 31) - 100;
        let first = clock.at(end);
        assert_eq!(clock.at(end + 80).since(first), 80);
        // The reference time has a sign, so after its largest comes its smallest.
        assert_eq!(clock.at(-(1 << 31) + 20).since(first), 120);
        assert_eq!(clock.at(end + 80).since(first), 80, "and back, for what was reordered");
    }

    #[test]
    fn our_clock_stands_when_the_callers_goes_back() {
        let mut clock = Clock::new();
        let now = Instant::now() + Duration::from_secs(10);
        assert_eq!(clock.at(now), Ticks::ZERO);
        assert_eq!(clock.at(now - Duration::from_secs(5)), Ticks::ZERO);
        assert_eq!(clock.at(now + Duration::from_millis(3)).since(Ticks::ZERO), 12);
    }
}
