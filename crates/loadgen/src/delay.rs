//! How long a packet took from the publisher's hands to a viewer's machine. The publisher notes when each packet left,
//! viewers look it up: one clock, no synchronisation, and no room needed in the payload.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::udp::WallNs;

/// When each of a stream's last packets was sent. One writer, any number of readers.
pub struct SendLog {
    /// At `counter % len`. A reader that is a whole lap late would see the wrong packet's time: minutes.
    sent_at: Box<[AtomicU64]>,
    last: AtomicU64,
    count: AtomicU64,
}

/// Four minutes of 2.5 Mbit/s.
const LENGTH: usize = 1 << 16;

impl SendLog {
    pub fn new() -> SendLog {
        SendLog {
            sent_at: (0..LENGTH).map(|_| AtomicU64::new(0)).collect(),
            last: AtomicU64::new(0),
            count: AtomicU64::new(0),
        }
    }

    /// Before the packet leaves, or a viewer could be faster than the note.
    pub fn note(&self, counter: u64, at: WallNs) {
        self.sent_at[counter as usize % LENGTH].store(at.0, Ordering::Release);
        self.last.store(counter, Ordering::Release);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub fn sent_at(&self, counter: u64) -> Option<WallNs> {
        let at = self.sent_at[counter as usize % LENGTH].load(Ordering::Acquire);
        (at != 0).then_some(WallNs(at))
    }

    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The highest counter that was sent.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Acquire)
    }
}

impl Default for SendLog {
    fn default() -> Self {
        SendLog::new()
    }
}

/// Durations by their count in buckets that grow by 1/16: a percentile is at most 6 % off, and adding one costs nothing.
#[derive(Debug, Clone)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: Duration,
}

/// Buckets per doubling.
const STEPS: u64 = 16;

impl Histogram {
    pub fn new() -> Histogram {
        Histogram { buckets: vec![0; 60 * STEPS as usize], count: 0, max: Duration::ZERO }
    }

    pub fn add(&mut self, duration: Duration) {
        self.buckets[bucket(duration.as_nanos().min(u128::from(u64::MAX >> 8)) as u64)] += 1;
        self.count += 1;
        self.max = self.max.max(duration);
    }

    pub fn merge(&mut self, other: &Histogram) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least duration that this share of all does not exceed; `None` without any.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let wanted = ((self.count as f64 * percent / 100.0).ceil() as u64).clamp(1, self.count);
        let mut below = 0;
        let found = self.buckets.iter().position(|count| {
            below += count;
            below >= wanted
        })?;
        Some(Duration::from_nanos(upper_bound(found)).min(self.max))
    }

    pub fn max(&self) -> Duration {
        self.max
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram::new()
    }
}

/// The first 16 values have a bucket each; after that the four bits below the leading one choose.
fn bucket(ns: u64) -> usize {
    if ns < STEPS {
        return ns as usize;
    }
    let exponent = u64::from(ns.ilog2());
    let step = (ns >> (exponent - 4)) - STEPS;
    ((exponent - 3) * STEPS + step) as usize
}

fn upper_bound(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let exponent = bucket / STEPS + 3;
    let step = bucket % STEPS;
    ((STEPS + step + 1) << (exponent - 4)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_percentile_is_within_a_sixteenth() {
        let mut histogram = Histogram::new();
        (1..=1000).for_each(|n| histogram.add(Duration::from_micros(n)));
        for (percent, exact) in [(50.0, 500.0), (95.0, 950.0), (99.0, 990.0), (100.0, 1000.0)] {
            let measured = histogram.percentile(percent).unwrap().as_nanos() as f64 / 1000.0;
            assert!((exact..=exact * 17.0 / 16.0).contains(&measured), "p{percent}: {measured}");
        }
        assert_eq!(Histogram::new().percentile(50.0), None);
    }

    #[test]
    fn a_send_log_knows_what_was_sent_and_nothing_else() {
        let log = SendLog::new();
        assert_eq!(log.sent_at(5), None);
        log.note(5, WallNs(77));
        assert_eq!((log.sent_at(5), log.last()), (Some(WallNs(77)), 5));
    }

    proptest! {
        #[test]
        fn every_duration_is_in_the_bucket_that_bounds_it(ns in 0u64..u64::MAX >> 8) {
            let bound = upper_bound(bucket(ns));
            prop_assert!(bound >= ns && bound - ns <= ns / 16);
        }
    }
}
