//! When packets arrived, by their transport-wide number, until the next feedback tells it.

use media::{Seq, Unroller};
use transport::rtcp;

use crate::udp::WallNs;

#[derive(Debug, Default)]
pub struct Arrivals {
    unroller: Unroller,
    /// The number that `times[0]` belongs to.
    base: u64,
    /// In quarter milliseconds; a number that did not come is `None`.
    times: Vec<Option<i64>>,
    reports: u8,
}

/// More than two seconds of 2.5 Mbit/s. Feedback is told far more often; a jump beyond it starts anew.
const PENDING_MAX: u64 = 1000;

impl Arrivals {
    /// One that comes after its feedback was sent stays reported as lost; on a wire that reorders little that is rare.
    pub fn note(&mut self, seq: Seq, at: WallNs) {
        let Some(seq) = self.unroller.unroll(seq) else { return };
        if self.base == 0 && self.times.is_empty() || seq >= self.base + PENDING_MAX {
            self.base = seq;
            self.times.clear();
        }
        let Some(offset) = seq.checked_sub(self.base) else { return };
        let offset = offset as usize;
        if offset >= self.times.len() {
            self.times.resize(offset + 1, None);
        }
        self.times[offset] = Some((at.0 / 250_000) as i64);
    }

    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Appends one report; what does not fit is left for the next. Whether there was one.
    pub fn write(&mut self, out: &mut Vec<u8>, sender: u32, media: u32) -> bool {
        let number = (self.base as u16, self.reports);
        let written = rtcp::transport_feedback(out, (sender, media), number, &self.times);
        self.times.drain(..written);
        self.base += written as u64;
        self.reports = self.reports.wrapping_add(u8::from(written > 0));
        written > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(arrivals: &mut Arrivals) -> Vec<(u16, Option<i64>)> {
        let mut out = Vec::new();
        if !arrivals.write(&mut out, 1, 7) {
            return Vec::new();
        }
        let Some(rtcp::Packet::Twcc(feedback)) = rtcp::read(&out).next() else { panic!("{out:?}") };
        feedback.arrivals().collect()
    }

    #[test]
    fn every_arrival_is_told_once_with_its_time_and_gaps_between() {
        let mut arrivals = Arrivals::default();
        for (seq, ms) in [(65_534, 1000), (65_535, 1001), (1, 1004)] {
            arrivals.note(Seq(seq), WallNs(ms * 1_000_000));
        }
        let expected = [(65_534, Some(4000)), (65_535, Some(4004)), (0, None), (1, Some(4016))];
        assert_eq!(told(&mut arrivals), expected);
        assert!(arrivals.is_empty() && told(&mut arrivals).is_empty());
        arrivals.note(Seq(0), WallNs(1_005_000_000));
        assert!(arrivals.is_empty(), "told as lost already");
        arrivals.note(Seq(3), WallNs(1_006_000_000));
        assert_eq!(told(&mut arrivals), [(2, None), (3, Some(4024))]);
    }

    #[test]
    fn a_pause_longer_than_a_delta_splits_the_report_and_a_jump_starts_anew() {
        let mut arrivals = Arrivals::default();
        arrivals.note(Seq(0), WallNs(0));
        arrivals.note(Seq(1), WallNs(20_000_000_000));
        assert_eq!(told(&mut arrivals), [(0, Some(0))]);
        assert_eq!(told(&mut arrivals), [(1, Some(80_000))]);
        arrivals.note(Seq(10_000), WallNs(21_000_000_000));
        assert_eq!(told(&mut arrivals), [(10_000, Some(84_000))]);
    }
}
