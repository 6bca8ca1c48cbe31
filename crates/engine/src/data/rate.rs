//! How much one person may send: so many messages and so many bytes a second, each with a burst.

use std::time::{Duration, Instant};

/// Per second. Twice as much may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    pub messages_per_s: u32,
    pub bytes_per_s: u32,
}

#[derive(Debug)]
pub struct Rate {
    messages: Bucket,
    bytes: Bucket,
}

/// Seconds of its rate that a bucket holds.
const BURST_S: u64 = 2;

/// In millionths, so that whatever is earned between two messages counts.
#[derive(Debug)]
struct Bucket {
    left: u64,
    filled: Instant,
}

impl Rate {
    pub fn new(now: Instant) -> Rate {
        Rate { messages: Bucket::new(now), bytes: Bucket::new(now) }
    }

    /// Whether a message of so many bytes may come now. A yes spends them; a no spends nothing.
    pub fn admits(&mut self, now: Instant, rates: Rates, bytes: usize) -> bool {
        self.messages.fill(now, rates.messages_per_s);
        self.bytes.fill(now, rates.bytes_per_s);
        let bytes = bytes as u64 * 1_000_000;
        let admits = self.messages.left >= 1_000_000 && self.bytes.left >= bytes;
        if admits {
            self.messages.left -= 1_000_000;
            self.bytes.left -= bytes;
        }
        admits
    }
}

impl Bucket {
    fn new(now: Instant) -> Bucket {
        // Full at the first `fill`, whatever the rate is.
        Bucket { left: u64::MAX / 2, filled: now }
    }

    fn fill(&mut self, now: Instant, per_s: u32) {
        let most = BURST_S * u64::from(per_s) * 1_000_000;
        let passed = now.saturating_duration_since(self.filled).min(Duration::from_secs(BURST_S));
        self.filled = self.filled.max(now);
        self.left = (self.left + passed.as_micros() as u64 * u64::from(per_s)).min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates { messages_per_s: 10, bytes_per_s: 1000 };

    /// Messages of a size that come through in ten seconds, when one is tried each millisecond.
    fn through(bytes: usize) -> u32 {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        (0..10_000).map(|ms| u32::from(rate.admits(start + Duration::from_millis(ms), RATES, bytes))).sum()
    }

    #[test]
    fn small_messages_are_bounded_by_their_number_and_large_ones_by_their_bytes() {
        assert_eq!(through(1), 20 + 99);
        assert_eq!(through(500), 4 + 19);
        assert_eq!(through(2001), 0, "more than the bucket ever holds");
    }

    #[test]
    fn an_hour_of_silence_saves_no_more_than_a_burst() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        let later = start + Duration::from_secs(3600);
        assert!(rate.admits(start, RATES, 1));
        let burst = (0..100).filter(|_| rate.admits(later, RATES, 1)).count();
        assert_eq!(burst, 20);
        // A clock that stands still, or is read out of order, gives nothing.
        assert!(!rate.admits(start, RATES, 1));
        assert!(!rate.admits(later, RATES, 1));
    }
}
