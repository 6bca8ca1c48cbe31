//! How a viewer's timestamps relate to our clock, over all that its track was ever fed from.
//!
//! A frame's time is the source's, and frames come early or late. Whoever takes the distance from the last frame before a splice to
//! the first one after it adds what these two are off. That is no noise which evens out: a moment of one's own choosing falls into
//! the long gaps between frames rather than the short ones, so each splice would put the viewer's clock ahead by some milliseconds, and a thousand
//! by seconds. So the relation is learnt from many frames, and a splice changes nothing of it.

use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy)]
pub struct Anchor {
    clock_rate: u32,
    at: Instant,
    /// The time of a frame that comes at that moment, in 256ths of a tick.
    time: u64,
}

/// One frame's say, as a power of two: ten seconds of 25 frames each, in which clocks differ by a millisecond.
const SHARE_LOG2: u32 = 8;

impl Anchor {
    pub fn new(clock_rate: u32, at: Instant, time: u32) -> Anchor {
        Anchor { clock_rate, at, time: u64::from(time) << 8 }
    }

    /// The time of a frame that comes then, if it is neither early nor late.
    pub fn time_at(&self, arrival: Instant) -> u32 {
        (self.time >> 8).wrapping_add(self.ticks_until(arrival)) as u32
    }

    /// A frame came. One that is off by more than half a second says that its source's clock has been set, or that it stood still.
    pub fn note(&mut self, arrival: Instant, time: u32) {
        let error = time.wrapping_sub(self.time_at(arrival)) as i32;
        if error.unsigned_abs() > self.clock_rate / 2 {
            *self = Anchor::new(self.clock_rate, arrival, time);
        } else {
            self.time = self.time.wrapping_add_signed((i64::from(error) << 8) >> SHARE_LOG2);
        }
    }

    fn ticks_until(&self, arrival: Instant) -> u64 {
        // Of six years at most: a division of 128 bits would cost as much as the rest of a packet's numbering.
        let ticks = |since: Duration| since.as_micros() as u64 * u64::from(self.clock_rate) / 1_000_000;
        match arrival.checked_duration_since(self.at) {
            Some(since) => ticks(since),
            None => ticks(self.at - arrival).wrapping_neg(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_frame_that_is_late_moves_it_little_and_a_clock_that_was_set_moves_it_at_once() {
        let start = Instant::now();
        let mut anchor = Anchor::new(90_000, start, u32::MAX - 10);
        anchor.note(start + 60 * MS, (u32::MAX - 10).wrapping_add(40 * 90));
        assert_eq!(anchor.time_at(start), (u32::MAX - 10).wrapping_sub(8), "20 ms are 1800 ticks, of which 7 count");
        anchor.note(start + 100 * MS, 500_000);
        assert_eq!(anchor.time_at(start + 90 * MS), 500_000 - 900);
    }

    #[test]
    fn it_follows_a_clock_that_goes_wrong() {
        let start = Instant::now();
        let mut anchor = Anchor::new(90_000, start, 0);
        // 200 ppm, over an hour of 25 frames a second.
        for frame in 0..90_000u32 {
            anchor.note(start + frame * 40 * MS, (f64::from(frame) * 3600.0 * 1.0002) as u32);
        }
        let ahead = anchor.time_at(start + 3600 * 1000 * MS).wrapping_sub(90_000 * 3600);
        assert!((64_800 - 200..=64_800).contains(&ahead), "{ahead} of 64800 ticks");
    }
}
