//! How often somebody may do something: a bucket of so many, refilled one at a time.

use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub burst: u32,
    pub every: Duration,
}

#[derive(Debug, Clone)]
pub struct Budget {
    rate: Rate,
    left: u32,
    /// Up to when it has been refilled.
    refilled: Instant,
}

impl Budget {
    pub fn new(now: Instant, rate: Rate) -> Budget {
        Budget { rate, left: rate.burst, refilled: now }
    }

    /// Whether there was one left to take.
    pub fn take(&mut self, now: Instant) -> bool {
        while self.left < self.rate.burst && now.saturating_duration_since(self.refilled) >= self.rate.every {
            self.left += 1;
            self.refilled += self.rate.every;
        }
        if self.left == self.rate.burst {
            self.refilled = now;
        }
        let some = self.left > 0;
        self.left -= u32::from(some);
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_fine_and_then_one_at_a_time() {
        let start = Instant::now();
        let mut budget = Budget::new(start, Rate { burst: 3, every: Duration::from_secs(1) });
        let at = |ms| start + Duration::from_millis(ms);
        let taken: Vec<bool> = [0, 0, 0, 0, 999, 1000, 1001, 60_000, 60_000, 60_000, 60_000]
            .into_iter()
            .map(|ms| budget.take(at(ms)))
            .collect();
        assert_eq!(taken, [true, true, true, false, false, true, false, true, true, true, false]);
    }
}
