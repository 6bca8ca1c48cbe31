//! How a bottleneck serves what waits before it. While something waits, one packet leaves so long after the one before as it takes to
//! send: that is what the path carries, however little is sent in between.
//!
//! ```text
//!   sent     ||||||            ||||||
//!   arrived   |  |  |  |  |  |  |  |  |  |  |  |        service: from the packet before, or from when it got there
//! ```

use super::clock::{PER_MS, PER_SECOND, Ticks};

pub struct Services {
    before: Option<Ticks>,
    /// Of this period and of the last.
    now: Busy,
    last: Busy,
    began: Ticks,
}

/// One packet at the bottleneck.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    pub arrived: Ticks,
    pub bytes: u32,
    /// Longer on its way than on an empty path.
    pub wait: i64,
    /// How long it kept the others waiting.
    pub ticks: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Busy {
    bytes: u32,
    ticks: u32,
}

/// 0.3 to 0.6 s: as long as what arrives is measured over.
const PERIOD: i64 = 300 * PER_MS;
/// More than most jitter.
const WAITS: i64 = 10 * PER_MS;
/// Less says nothing: five packets at 0.5 Mbit/s.
const BUSY_MIN: i64 = 100 * PER_MS;

impl Services {
    pub fn new() -> Services {
        Services { before: None, now: Busy::default(), last: Busy::default(), began: Ticks::ZERO }
    }

    /// In order of sending; `None` of the first. `way_min` is how long the empty path takes, by the two clocks.
    pub fn arrived(&mut self, sent: Ticks, arrived: Ticks, bytes: u32, way_min: i64) -> Option<Service> {
        let before = self.before.replace(arrived)?;
        let got_there = sent.plus(way_min);
        let wait = arrived.since(got_there);
        let ticks = arrived.since(if got_there > before { got_there } else { before });
        self.turn(arrived);
        if wait >= WAITS {
            self.now.bytes = self.now.bytes.saturating_add(bytes);
            self.now.ticks = self.now.ticks.saturating_add(ticks.clamp(0, PERIOD) as u32);
        }
        Some(Service { arrived, bytes, wait, ticks })
    }

    /// What left the bottleneck lately, by the time for which something waited there; `None` if that was short.
    pub fn bps(&self) -> Option<f64> {
        let bytes = self.now.bytes.saturating_add(self.last.bytes);
        let ticks = i64::from(self.now.ticks) + i64::from(self.last.ticks);
        (ticks >= BUSY_MIN).then(|| bps(bytes, ticks))
    }

    /// It is another path from here on.
    pub fn restart(&mut self) {
        *self = Services { before: self.before, ..Services::new() };
    }

    fn turn(&mut self, at: Ticks) {
        let age = at.since(self.began);
        if !(0..=PERIOD).contains(&age) {
            self.last = if (0..=2 * PERIOD).contains(&age) { self.now } else { Busy::default() };
            self.now = Busy::default();
            self.began = at;
        }
    }
}

pub fn bps(bytes: u32, ticks: i64) -> f64 {
    f64::from(bytes) * 8.0 * PER_SECOND as f64 / ticks.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAY: i64 = 20 * PER_MS;

    /// What was served, of packets of 1,200 bytes, by when each was sent and arrived, in ms.
    fn served(packets: impl IntoIterator<Item = (i64, i64)>) -> Option<f64> {
        let mut services = Services::new();
        for (sent, arrived) in packets {
            let at = |ms: i64| Ticks::ZERO.plus(ms * PER_MS);
            services.arrived(at(sent), at(arrived), 1200, WAY);
        }
        services.bps()
    }

    #[test]
    fn bursts_show_what_the_path_carries_and_not_what_is_sent() {
        // Six packets each 250 ms, 24 ms for each: 0.4 Mbit/s, of which little more than half is sent.
        let bursts = (0..4).flat_map(|burst| (0..6).map(move |n| (250 * burst, 250 * burst + 44 + 24 * n)));
        let Some(bps) = served([(0, 20)].into_iter().chain(bursts)) else { panic!("it was busy") };
        assert!((395e3..=405e3).contains(&bps), "{bps}");
    }

    #[test]
    fn a_path_that_nothing_waits_for_shows_nothing() {
        assert_eq!(served((0..50).map(|n| (20 * n, 20 * n + 23))), None);
        assert_eq!(served([(0, 20), (20, 80), (40, 80), (60, 80)]), None, "one rest is no measurement");
    }

    #[test]
    fn what_was_served_long_ago_is_forgotten() {
        let busy = (0..10).map(|n| (0, 44 + 24 * n));
        assert!(served(busy.clone()).is_some());
        assert_eq!(served(busy.chain((50..60).map(|n| (20 * n, 20 * n + 20)))), None);
    }
}
