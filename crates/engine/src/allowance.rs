//! How much of what a line carries its repairs may take: without a bound, a line that has become narrow would carry nothing else for
//! seconds, because a viewer asks for all that it lost.

use std::time::{Duration, Instant};

pub struct Allowance {
    /// What may leave now, as of then.
    bytes: u64,
    at: Instant,
}

/// Repairs may take so much of what the line carries.
const PERCENT: u64 = 25;
/// And at once as many as it carries in half of the time that patient viewers wait for one.
const BURST: Duration = Duration::from_millis(250);
/// A keyframe of a small layer.
const BYTES_MIN: u64 = 8 * 1024;

impl Allowance {
    pub fn new(now: Instant) -> Allowance {
        Allowance { bytes: u64::MAX / 2, at: now }
    }

    /// Whether a repair of so many bytes may leave now on a line that carries `bps`. A yes spends them.
    pub fn admits(&mut self, now: Instant, bps: u64, bytes: u64) -> bool {
        let earned = |during: Duration, percent| bps / 8 * during.as_millis() as u64 / 1000 * percent / 100;
        let since = now.saturating_duration_since(self.at).min(BURST * 10);
        // What is earned in less than a byte's time is not lost.
        let more = earned(since, PERCENT);
        if more > 0 {
            self.at = now;
        }
        let most = earned(BURST, 100).max(BYTES_MIN);
        self.bytes = (self.bytes + more).min(most);
        let admitted = self.bytes >= bytes;
        self.bytes -= if admitted { bytes } else { 0 };
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(5);

    /// Bytes of repairs of 1,200 that leave in so long, when as many as possible are asked for each 5 ms.
    fn spent(allowance: &mut Allowance, from: Instant, during: Duration, bps: u64) -> u64 {
        let steps = (during.as_millis() / STEP.as_millis()) as u32;
        let mut bytes = 0;
        for step in 0..steps {
            while allowance.admits(from + step * STEP, bps, 1200) {
                bytes += 1200;
            }
        }
        bytes
    }

    #[test]
    fn repairs_take_a_quarter_of_a_line_and_a_burst() {
        let now = Instant::now();
        for bps in [400_000, 5_000_000] {
            let mut allowance = Allowance::new(now);
            let burst = (bps / 8 / 4).max(BYTES_MIN);
            let sent = spent(&mut allowance, now, Duration::from_secs(10), bps);
            let expected = burst + 10 * bps / 8 / 4;
            assert!(sent.abs_diff(expected) < expected / 20, "{bps}: {sent} of {expected}");
        }
    }

    #[test]
    fn a_line_that_falls_loses_what_it_had_saved() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);
        assert!(allowance.admits(now, 50_000_000, 1200));
        assert!(spent(&mut allowance, now, STEP, 100_000) <= BYTES_MIN);
    }

    #[test]
    fn an_hour_without_loss_saves_no_more_than_a_burst() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);
        spent(&mut allowance, now, STEP, 400_000);
        let sent = spent(&mut allowance, now + Duration::from_secs(3600), STEP, 400_000);
        assert!(sent <= 400_000 / 8 / 4, "{sent}");
    }
}
