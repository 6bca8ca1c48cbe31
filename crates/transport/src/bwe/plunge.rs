//! A path that from one moment to the next carries a fraction of what it did: a phone that leaves its cell, a neighbour's upload.
//!
//! A trend takes half a second to see it, and in that time a full queue loses nine packets of ten. But a bottleneck shows itself by each
//! packet that it serves: one leaves it so long after the one before as it takes to send. Two or three such in a row, far slower than what is
//! sent, and a wait that no jitter makes, are a queue that fills. A radio that rests for a moment looks otherwise: what it held comes at
//! once.
//!
//! ```text
//!   sent     ||||||||        ||||||||
//!   arrived  ||||||||         |   |   |   |   |   |        service: from the packet before, or from when it got there
//! ```

use super::clock::{PER_MS, PER_SECOND};
use super::queue::Lowest;
use super::service::{Service, bps};

pub struct Plunge {
    run: Run,
    /// The longest runs lately that were none, as a fast packet after them said; below zero.
    refuted: Lowest,
    carried: Option<f64>,
}

/// Packets in a row that were served slowly and evenly.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    packets: u32,
    bytes: u32,
    ticks: i64,
}

/// 70 ms at 0.4 Mbit/s.
const PACKETS: u32 = 3;
/// Where it is less than [`VERY_SLOW`]: then nearly everything that is sent meanwhile is lost.
const PACKETS_VERY_SLOW: u32 = 2;
const VERY_SLOW: f64 = 0.25;
/// More than a frame's pause, or what radios jitter by.
const WAIT: i64 = 45 * PER_MS;
/// Of what is sent: above it the trend is quick enough, and nothing is lost meanwhile.
const SLOW: f64 = 0.5;
/// A path that often rests has to rest for so many times as long.
const LONGER: i64 = 2;
/// But no longer than this: a receiver that is busy rests too, and a fall that is seen late is a freeze.
const WAIT_MAX: i64 = 100 * PER_MS;
const REFUTED_PERIOD: i64 = 10 * PER_SECOND;
/// A queue serves each byte alike, but clocks of receivers have their grain.
const EVEN: f64 = 3.0;

impl Plunge {
    pub fn new() -> Plunge {
        Plunge { run: Run::default(), refuted: Lowest::new(REFUTED_PERIOD), carried: None }
    }

    /// In order of sending.
    pub fn arrived(&mut self, served: &Service, sent_bps: f64) {
        let Service { arrived, bytes, wait, ticks: service } = *served;
        let is_slow = service > 0 && bps(bytes, service) <= SLOW * sent_bps;
        let is_even = self.run.packets == 0 || {
            let ratio = bps(bytes, service.max(1)) / self.run.bps();
            (1.0 / EVEN..=EVEN).contains(&ratio)
        };
        if !is_slow || !is_even {
            let run = std::mem::take(&mut self.run);
            if !is_slow && run.packets > 0 {
                self.refuted.add(arrived, -run.ticks);
            }
        }
        if !is_slow {
            return;
        }
        self.run.packets += 1;
        self.run.bytes = self.run.bytes.saturating_add(bytes);
        self.run.ticks = self.run.ticks.saturating_add(service);
        let is_very_slow = self.run.bps() < VERY_SLOW * sent_bps;
        let packets_min = if is_very_slow { PACKETS_VERY_SLOW } else { PACKETS };
        let ticks_min = (-LONGER * self.refuted.get().unwrap_or(0)).clamp(WAIT, WAIT_MAX);
        if self.run.packets >= packets_min && self.run.ticks >= ticks_min && wait >= WAIT {
            self.carried = Some(self.run.bps());
        }
    }

    /// What the path carries, if that has become a fraction.
    pub fn take(&mut self) -> Option<f64> {
        self.carried.take()
    }
}

impl Run {
    fn bps(&self) -> f64 {
        bps(self.bytes, self.ticks)
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::Ticks;
    use super::super::service::Services;
    use super::*;

    const WAY: i64 = 20 * PER_MS;

    /// What is concluded from packets of 1,200 bytes of a stream of 2.5 Mbit/s, by when each was sent and arrived, in ms.
    fn concluded(packets: &[(i64, i64)]) -> Option<f64> {
        let (mut services, mut plunge) = (Services::new(), Plunge::new());
        for &(sent, arrived) in packets {
            let at = |ms: i64| Ticks::ZERO.plus(ms * PER_MS);
            if let Some(service) = services.arrived(at(sent), at(arrived), 1200, WAY) {
                plunge.arrived(&service, 2.5e6);
            }
        }
        plunge.take()
    }

    #[test]
    fn a_queue_that_serves_a_fraction_is_known_by_a_few_packets() {
        let a_sixth = [(0, 20), (33, 77), (33, 101), (33, 125)];
        let Some(bps) = concluded(&a_sixth[..3]) else { panic!("it is a sixth") };
        assert!((380e3..=420e3).contains(&bps), "{bps}");
        assert_eq!(concluded(&a_sixth[..2]), None, "one may be chance");
        let two_fifths: Vec<_> = (0..6).map(|n| (33, 63 + 10 * n)).collect();
        assert!(concluded(&[&[(0, 20)], &two_fifths[..]].concat()).is_some());
    }

    #[test]
    fn a_path_that_rests_often_has_to_rest_for_longer() {
        let rests = [(0, 20), (33, 77), (33, 93), (33, 93)];
        let falls = [(66, 110), (66, 134), (66, 158), (66, 182), (66, 206)];
        assert_eq!(concluded(&[&rests[..], &falls[..3]].concat()), None);
        assert!(concluded(&[&rests[..], &falls[..]].concat()).is_some());
    }

    #[test]
    fn a_radio_that_rests_is_none() {
        let rested = [(0, 20), (33, 150), (33, 150), (33, 151), (66, 151), (66, 152), (66, 152), (100, 153)];
        assert_eq!(concluded(&rested), None);
        let each_late = [(0, 20), (20, 55), (40, 70), (60, 120), (80, 121), (100, 150), (120, 150)];
        assert_eq!(concluded(&each_late), None);
    }

    #[test]
    fn a_keyframe_that_takes_its_time_is_none() {
        // At 2 Mbit/s.
        let burst: Vec<_> = (0..20).map(|n| (0, 25 + 5 * n)).collect();
        assert_eq!(concluded(&burst), None);
    }
}
