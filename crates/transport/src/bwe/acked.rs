//! What arrives, by the receiver's own clock: the only rate that the path has proven.

use super::clock::{PER_MS, PER_SECOND, Ticks};

pub struct Acked {
    /// Bytes that arrived in each of the last slices, the newest at `newest` modulo their number.
    slices: [u32; SLICES],
    newest: i64,
    /// How many slices there have been since the beginning or the last pause, at most all.
    seen: usize,
}

/// 50 ms: a frame and a half, and a report's interval.
const SLICE: i64 = 50 * PER_MS;
/// The newest is not full yet and does not count, so 0.5 s: 15 frames, of which one may be large.
const SLICES: usize = 11;
/// 0.3 s: soon after a drop it no longer remembers what came before.
const RECENT: usize = 6;

impl Acked {
    pub fn new() -> Acked {
        Acked { slices: [0; SLICES], newest: 0, seen: 0 }
    }

    pub fn arrived(&mut self, at: Ticks, bytes: u32) {
        let slice = at.since(Ticks::ZERO).div_euclid(SLICE);
        let ahead = slice.saturating_sub(self.newest);
        // Long before or after everything known: a pause, or the other clock was set.
        if self.seen == 0 || ahead.saturating_abs() > 2 * SLICES as i64 {
            *self = Acked { slices: [0; SLICES], newest: slice, seen: 1 };
        } else if ahead > 0 {
            for empty in 1..=ahead.min(SLICES as i64) {
                self.slices[index(self.newest.saturating_add(empty))] = 0;
            }
            self.newest = slice;
            self.seen = (self.seen + ahead as usize).min(SLICES);
        } else if -ahead >= SLICES as i64 {
            return;
        }
        let sum = &mut self.slices[index(slice)];
        *sum = sum.saturating_add(bytes);
    }

    /// Over half a second, `None` before there was any.
    pub fn bps(&self) -> Option<f64> {
        self.over(SLICES - 1)
    }

    /// Over the last 0.3 s: noisier, and quick to see a drop.
    pub fn recent_bps(&self) -> Option<f64> {
        self.over(RECENT)
    }

    fn over(&self, slices: usize) -> Option<f64> {
        // The first may have begun in the middle, as the newest ends there.
        let full = self.seen.checked_sub(2)?.min(slices);
        if full < 2 {
            return None;
        }
        let bytes: u64 = (1..=full as i64).map(|back| u64::from(self.slices[index(self.newest - back)])).sum();
        Some(bytes as f64 * 8.0 * PER_SECOND as f64 / (full as i64 * SLICE) as f64)
    }
}

fn index(slice: i64) -> usize {
    slice.rem_euclid(SLICES as i64) as usize
}
