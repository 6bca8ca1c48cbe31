//! What a worker counts. Plain numbers; the node gives them their metric names.

use std::time::Duration;

use crate::command::EndReason;
use crate::drops::Drops;

#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Media packets received from publishers here.
    pub packets_in: u64,
    pub bytes_in: u64,
    /// Media packets sent to viewers, repairs not counted.
    pub packets_out: u64,
    pub bytes_out: u64,
    /// Media records handed to, and taken from, other workers.
    pub records_out: u64,
    pub records_in: u64,
    /// Messages of applications that were taken in, and that were handed to readers.
    pub messages_in: u64,
    pub messages_out: u64,
    /// Packets that viewers said they lost, and repairs sent.
    pub nacks: u64,
    pub repairs: u64,
    /// Second copies of repairs, on lines that lose much.
    pub repair_copies: u64,
    /// Bytes of padding put behind packets so that they leave in one message, once per source.
    pub padding_bytes: u64,
    /// Probes for more bandwidth begun, and their bytes.
    pub probes: u64,
    pub probe_bytes: u64,
    /// Keyframe requests that came from viewers, and that went to publishers.
    pub keyframe_requests_in: u64,
    pub keyframe_requests_out: u64,
    /// Keyframes that somebody waited for and that nobody could be asked for, because the publisher has no way back.
    pub keyframe_requests_unanswerable: u64,
    /// Video tracks of viewers that began at once, with a keyframe that had come before, and those that came to a source and had to wait for one.
    pub replays: u64,
    pub keyframe_waits: u64,
    pub publishers_joined: u64,
    pub viewers_joined: u64,
    pub ended: [u64; EndReason::ALL.len()],
    pub panics: u64,
    pub drops: Drops,
    /// POST to connected.
    pub join_time: Histogram,
    /// POST to the first packet of a picture, be it the idle screen's.
    pub first_picture: Histogram,
    /// From the arrival of a video frame's end to its hand-over to the kernel, once per viewer.
    pub forward_delay: Histogram,
    /// Sessions now.
    pub publishers: u64,
    pub viewers: u64,
    /// Rooms pulled from a parent.
    pub pulls: u64,
    /// Viewers whose line has no room for bursts.
    pub viewers_paced: u64,
    /// Viewers' tracks that show the idle screen.
    pub viewers_idle: u64,
    /// Payload that the rings hold.
    pub ring_bytes: u64,
    /// Sizes of what must return to its baseline when everybody has left.
    pub sources: u64,
    /// Tracks of viewers, whether or not they show something, and places that they have at sources.
    pub viewer_tracks: u64,
    pub downlinks: u64,
    pub rooms: u64,
    pub addresses: u64,
    pub timers: u64,
}

/// Counts by upper bound, in microseconds: 1-2-5 steps from 50 µs to 10 s.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    pub buckets: [u64; Histogram::BOUNDS_US.len() + 1],
    pub sum_us: u64,
    pub count: u64,
}

impl Histogram {
    pub const BOUNDS_US: [u64; 17] = [
        50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
        2_000_000, 5_000_000, 10_000_000,
    ];

    pub fn record(&mut self, value: Duration) {
        self.record_many(value, 1);
    }

    /// The same value several times.
    pub fn record_many(&mut self, value: Duration, times: u64) {
        let us = value.as_micros() as u64;
        let bucket = Self::BOUNDS_US.partition_point(|&bound| bound < us);
        self.buckets[bucket] += times;
        self.sum_us += us * times;
        self.count += times;
    }

    pub fn add(&mut self, other: &Histogram) {
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += theirs;
        }
        self.sum_us += other.sum_us;
        self.count += other.count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_into_the_bucket_whose_bound_it_does_not_exceed() {
        let mut histogram = Histogram::default();
        for us in [50, 51, 10_000_000, 10_000_001] {
            histogram.record(Duration::from_micros(us));
        }
        assert_eq!((histogram.buckets[0], histogram.buckets[1]), (1, 1));
        assert_eq!((histogram.buckets[16], histogram.buckets[17]), (1, 1));
    }
}
