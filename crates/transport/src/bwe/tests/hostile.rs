//! Reports from somebody who wants to do harm: any number, any time, any order, any size.

use std::time::{Duration, Instant};

use netsim::Rng;

use crate::bwe::{Estimator, Limits, Sent};
use crate::rtcp::{self, Packet};

#[test]
fn no_report_breaks_the_estimator_or_leaves_its_limits() {
    for seed in 0..200 {
        let mut attack = Attack::new(seed);
        for _ in 0..500 {
            attack.step();
            let bps = attack.estimator.bps();
            assert!((LIMITS.min_bps..=LIMITS.max_bps).contains(&bps), "seed {seed}: {bps}");
            let view = attack.estimator.view();
            assert!((0.0..=1.0).contains(&view.loss), "seed {seed}: {view:?}");
        }
    }
}

#[test]
fn a_report_of_many_statuses_costs_as_much_as_its_bytes() {
    // 65,535 statuses in eight chunks; without a bound each would be looked at.
    let mut bytes = vec![0x8f, 205, 0, 8, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xff, 0, 0, 0, 0];
    bytes.extend([0x1f, 0xff].repeat(8));
    let mut attack = Attack::new(1);
    let Some(Packet::Twcc(report)) = rtcp::read(&bytes).next() else { panic!("it is a report") };
    let most = report.arrivals().count();
    assert_eq!(most, 65_528, "what there is to look at");
    let start = Instant::now();
    for _ in 0..1000 {
        attack.estimator.feedback(attack.now, &report);
    }
    // Far above what it takes on a slow machine (20 ms), far below a second for each.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn an_invented_path_is_believed_up_to_the_limit_only() {
    let mut estimator = Estimator::new(LIMITS);
    let mut now = Instant::now();
    let mut count = 0;
    for round in 0..2000_u32 {
        now += Duration::from_millis(20);
        let mut seqs: Vec<u16> = (0..5).map(|_| estimator.sent(now, 1200, Sent::Media)).collect();
        if let Some(probe) = estimator.probe(now, u64::MAX) {
            seqs.extend(
                (0..probe.packets).map(|_| estimator.sent(now, probe.bytes / probe.packets + 1, Sent::Probe(probe.id))),
            );
        }
        // Everything arrives at the same moment, as if the path had no limit.
        let arrivals = vec![Some(i64::from(round) * 80); seqs.len()];
        let mut bytes = Vec::new();
        rtcp::transport_feedback(&mut bytes, (1, 2), (seqs[0], count), &arrivals);
        count = count.wrapping_add(1);
        let Some(Packet::Twcc(report)) = rtcp::read(&bytes).next() else { panic!("it is a report") };
        estimator.feedback(now + Duration::from_millis(1), &report);
    }
    assert_eq!(estimator.bps(), LIMITS.max_bps);
}

const LIMITS: Limits = Limits { start_bps: 1_000_000, min_bps: 50_000, max_bps: 50_000_000 };

struct Attack {
    estimator: Estimator,
    now: Instant,
    rng: Rng,
    last: u16,
}

impl Attack {
    fn new(seed: u64) -> Attack {
        let mut estimator = Estimator::new(LIMITS);
        let now = Instant::now();
        let last = estimator.sent(now, 1200, Sent::Media);
        Attack { estimator, now, rng: Rng::seed(seed), last }
    }

    fn step(&mut self) {
        let pause = [0, 1, 20, 20, 20, 200, 3000, 100_000][self.rng.below(8) as usize];
        self.now += Duration::from_millis(self.rng.below(pause + 1));
        for _ in 0..self.rng.below(40) {
            self.last = self.estimator.sent(self.now, self.rng.below(70_000) as usize, Sent::Media);
        }
        let wanted = [0, 1, 3_000_000, u64::MAX][self.rng.below(4) as usize];
        if let Some(probe) = self.estimator.probe(self.now, wanted) {
            assert!(probe.bytes <= 100_000 && probe.packets <= 100 && probe.bps <= LIMITS.max_bps, "{probe:?}");
            for _ in 0..self.rng.below(2 * probe.packets as u64) {
                let bytes = probe.bytes / probe.packets + 1;
                self.last = self.estimator.sent(self.now, bytes, Sent::Probe(probe.id));
                self.now += Duration::from_micros(self.rng.below(2000));
            }
        }
        match self.rng.below(8) {
            0 => self.estimator.tick(self.now),
            1 => self.estimator.remb(self.now, self.rng.next_u64() >> self.rng.below(64)),
            2 => {
                let block = rtcp::ReportBlock {
                    ssrc: self.rng.below(6) as u32,
                    fraction_lost: self.rng.next_u64() as u8,
                    lost: self.rng.next_u64() as i32,
                    highest_seq: self.rng.next_u64() as u32 >> self.rng.below(32),
                    jitter: self.rng.next_u64() as u32,
                    last_sr: self.rng.next_u64() as u32,
                    delay: self.rng.next_u64() as u32,
                };
                let rtt = [None, Some(Duration::ZERO), Some(Duration::MAX)][self.rng.below(3) as usize];
                self.estimator.receiver_report(self.now, &block, rtt);
            }
            _ => self.report(),
        }
    }

    fn report(&mut self) {
        let statuses = [1, 5, 40, 300, 60_000][self.rng.below(5) as usize];
        let count = self.rng.below(statuses) as u16;
        let base = match self.rng.below(4) {
            0 => self.rng.next_u64() as u16,
            _ => self.last.wrapping_sub(count),
        };
        let mut bytes = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
        bytes.extend(base.to_be_bytes());
        bytes.extend(count.to_be_bytes());
        bytes.extend((self.rng.next_u64() as u32 >> self.rng.below(32)).to_be_bytes());
        for _ in 0..self.rng.below(60) {
            // Anything: runs, vectors, deltas, and where one ends and the other begins is the reader's to find.
            let word = [0x2000 | count & 0x1fff, 0x4000 | count & 0x1fff, self.rng.next_u64() as u16];
            bytes.extend(word[self.rng.below(3) as usize].to_be_bytes());
        }
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes[3] = (bytes.len() / 4 - 1) as u8;
        let Some(Packet::Twcc(report)) = rtcp::read(&bytes).next() else { panic!("it is a report") };
        self.estimator.feedback(self.now, &report);
    }
}
