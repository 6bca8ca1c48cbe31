//! Asking the path: a short burst faster than what is sent, whose arrival shows how fast the path can be. Decides when and
//! what, and reads the result; sending it is the caller's.

use std::time::Duration;

use super::clock::{self, PER_MS, PER_SECOND, Ticks};

/// Send `bytes` as `packets` of about equal size, evenly within `duration`, each noted by `Estimator::sent` as
/// `Sent::Probe(id)`. Media may go on in between: it counts for the burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    pub id: u8,
    pub bps: u64,
    pub bytes: usize,
    pub packets: usize,
    pub duration: Duration,
}

pub struct Prober {
    burst: Option<Burst>,
    last_id: u8,
    /// Nothing is asked before.
    not_before: Ticks,
    /// In a row.
    failures: u32,
}

/// How a burst went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// Everything arrived as fast as it was sent.
    Carried(f64),
    /// It arrived more slowly: this is what the path carries.
    Saturated(f64),
}

/// What is known when the question is whether to ask.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    pub bps: f64,
    pub sent_bps: f64,
    pub wanted_bps: f64,
    pub max_bps: f64,
    /// Since when neither use nor a probe has shown that the path carries the estimate.
    pub unconfirmed: Ticks,
    pub decreased: Option<Ticks>,
}

#[derive(Debug)]
struct Burst {
    id: u8,
    bps: f64,
    bytes: u32,
    asked: Ticks,
    /// Of the padding, which ends the burst.
    sent: u32,
    /// Of everything that counts.
    sent_packets: u32,
    /// Reported as arrived or lost.
    reported_packets: u32,
    arrived: Option<Arrived>,
}

#[derive(Debug, Clone, Copy)]
struct Arrived {
    packets: u32,
    bytes: u32,
    first_sent: Ticks,
    last_sent: Ticks,
    first: Ticks,
    last: Ticks,
    first_bytes: u32,
    last_bytes: u32,
}

/// Long enough that a frame's burst and a radio's slots do not hide the rate, short enough that the queue it may build
/// (at twice the path's rate, as long as the burst) is not noticed.
const BURST: i64 = 30 * PER_MS;
/// When media takes less than half of it the queue stays as short, and jitter blurs the longer burst less.
const BURST_IDLE: i64 = 60 * PER_MS;
/// The rate is read from the gaps between packets; four gaps may miss one.
const PACKETS_MIN: usize = 5;
const PACKET_BYTES: usize = 1200;
/// 60 packets: at 50 Mbit/s it lasts 12 ms.
const BURST_BYTES_MAX: usize = 72_000;
/// What was not sent and reported after this is forgotten.
const PATIENCE: i64 = 2 * PER_SECOND;

/// The first one, from a start that is a guess.
const FIRST_FACTOR: f64 = 3.0;
const FACTOR: f64 = 2.0;
/// After a failure the limit is near.
const CAREFUL_FACTOR: f64 = 1.5;
/// Beyond what is wanted, so that the estimate ends above it and not at it.
const WANTED_MARGIN: f64 = 1.1;
/// 2, 4, 5, 5, ... s after failures in a row: at 3 Mbit/s and 1.5 times as much, 17 kB in 5 s are 0.9 % of the rate, and
/// a path that recovers is discovered within 5 s.
const PAUSE: i64 = 2 * PER_SECOND;
const PAUSE_MAX: i64 = 5 * PER_SECOND;
/// Others may share the path, and a burst pushes them aside while it lasts. If we are two and use all of it, half each, a
/// burst of 1.5 times our rate on top of our media gets 2.5 / 3.5 of it, 1.43 times our half, of which 0.95 are believed
/// (1.36): more than that is really free.
pub const FREE: f64 = 1.4;
/// The queue that the drop was about drains first.
const AFTER_DROP: i64 = 3 * PER_SECOND;
/// An estimate that nothing has confirmed for so long is asked about again, when somebody would use it.
const STALE: i64 = 5 * PER_SECOND;

impl Prober {
    pub fn new() -> Prober {
        Prober { burst: None, last_id: 0, not_before: Ticks::ZERO, failures: 0 }
    }

    pub fn plan(&mut self, now: Ticks, situation: &Situation) -> Option<Probe> {
        self.forget_unfinished(now);
        if self.burst.is_some() || now < self.not_before {
            return None;
        }
        if situation.decreased.is_some_and(|last| now.since(last) < AFTER_DROP) {
            return None;
        }
        let bps = self.target(now, situation)?;
        let lasts = if situation.sent_bps < 0.5 * bps { BURST_IDLE } else { BURST };
        let bytes = ((bps * lasts as f64 / PER_SECOND as f64 / 8.0) as usize).min(BURST_BYTES_MAX);
        let packets = bytes.div_ceil(PACKET_BYTES).max(PACKETS_MIN);
        self.last_id = self.last_id % 7 + 1;
        self.burst = Some(Burst {
            id: self.last_id,
            bps,
            bytes: bytes as u32,
            asked: now,
            sent: 0,
            sent_packets: 0,
            reported_packets: 0,
            arrived: None,
        });
        let duration = clock::duration((bytes as f64 * 8.0 / bps * PER_SECOND as f64) as i64);
        Some(Probe { id: self.last_id, bps: bps as u64, bytes, packets, duration })
    }

    /// The cluster that a packet belongs to: its own, or that of the burst in whose midst it is sent; 0 for none.
    #[inline]
    pub fn sent(&mut self, bytes: usize, id: Option<u8>) -> u8 {
        let Some(burst) = &mut self.burst else { return 0 };
        match id {
            Some(id) if id == burst.id => burst.sent = burst.sent.saturating_add(bytes.min(0xffff) as u32),
            // Media in its midst shares the path with it, so it has to be counted.
            None if burst.sent > 0 && burst.sent < burst.bytes => {}
            _ => return 0,
        }
        burst.sent_packets = burst.sent_packets.saturating_add(1);
        burst.id
    }

    /// Whether a packet is of the burst that is under way.
    pub fn arrived(&mut self, cluster: u8, sent: Ticks, at: Ticks, bytes: u32, was_lost: bool) {
        let Some(burst) = self.burst.as_mut().filter(|burst| burst.id == cluster) else { return };
        if !was_lost {
            burst.reported_packets += 1;
        }
        let Some(all) = &mut burst.arrived else {
            burst.arrived = Some(Arrived {
                packets: 1,
                bytes,
                first_sent: sent,
                last_sent: sent,
                first: at,
                last: at,
                first_bytes: bytes,
                last_bytes: bytes,
            });
            return;
        };
        all.packets += 1;
        all.bytes = all.bytes.saturating_add(bytes);
        if sent < all.first_sent {
            all.first_sent = sent;
        }
        if at < all.first {
            (all.first, all.first_bytes) = (at, bytes);
        }
        if sent >= all.last_sent {
            (all.last_sent, all.last_bytes) = (sent, bytes);
        }
        all.last = all.last.max(at);
    }

    pub fn lost(&mut self, cluster: u8) {
        if let Some(burst) = self.burst.as_mut().filter(|burst| burst.id == cluster) {
            burst.reported_packets += 1;
        }
    }

    /// The result, when everything that was to be sent was reported.
    pub fn outcome(&mut self, now: Ticks, bps: f64) -> Option<Outcome> {
        let burst = self.burst.take_if(|burst| {
            burst.sent >= burst.bytes
                && burst.sent_packets as usize >= PACKETS_MIN
                && burst.reported_packets >= burst.sent_packets
        })?;
        let outcome = burst.outcome();
        match outcome {
            // The next may follow at once: an estimate that starts at a third of the path takes two.
            Some(Outcome::Carried(_)) => self.failures = 0,
            // So is this one a success, though it met a limit: whether that is the last one is soon worth a question.
            Some(Outcome::Saturated(limit)) if limit > FREE * bps => {
                self.failures = 1;
                self.not_before = now.plus(PAUSE / 2);
            }
            Some(Outcome::Saturated(_)) | None => self.fail(now),
        }
        outcome
    }

    /// The burst cannot be sent to its end.
    pub fn give_up(&mut self, now: Ticks) {
        if self.burst.take_if(|burst| burst.sent < burst.bytes).is_some() {
            self.fail(now);
        }
    }

    fn forget_unfinished(&mut self, now: Ticks) {
        if self.burst.take_if(|burst| now.since(burst.asked) > PATIENCE).is_some() {
            self.fail(now);
        }
    }

    fn fail(&mut self, now: Ticks) {
        self.not_before = now.plus((PAUSE << self.failures.min(4)).min(PAUSE_MAX));
        self.failures = self.failures.saturating_add(1);
    }

    /// What to ask for, if anything.
    fn target(&self, now: Ticks, situation: &Situation) -> Option<f64> {
        let Situation { bps, sent_bps, wanted_bps, max_bps, unconfirmed, .. } = *situation;
        let wanted = (WANTED_MARGIN * wanted_bps).min(max_bps);
        if wanted_bps <= bps {
            let stale = now.since(unconfirmed) > STALE && wanted_bps > sent_bps;
            return stale.then_some(wanted.min(bps));
        }
        let factor = match self.failures {
            _ if self.last_id == 0 => FIRST_FACTOR,
            0 => FACTOR,
            _ => CAREFUL_FACTOR,
        };
        Some((factor * bps).min(wanted)).filter(|target| *target > bps)
    }
}

impl Burst {
    fn outcome(&self) -> Option<Outcome> {
        let all = self.arrived?;
        // With half of it lost the gaps mean nothing, and the loss is a result that others see.
        if (all.packets as usize) < PACKETS_MIN - 1 || all.packets * 2 < self.sent_packets {
            return None;
        }
        let arrived = bps(all.bytes.saturating_sub(all.first_bytes), all.last.since(all.first));
        let sent = bps(all.bytes.saturating_sub(all.last_bytes), all.last_sent.since(all.first_sent));
        // A caller that cannot pace sends it all at once; then the path has paced it.
        if arrived >= 0.9 * sent || (sent.is_infinite() && arrived >= self.bps) {
            return Some(Outcome::Carried(self.bps.min(sent)));
        }
        Some(Outcome::Saturated(0.95 * arrived))
    }
}

fn bps(bytes: u32, ticks: i64) -> f64 {
    if ticks <= 0 {
        return f64::INFINITY;
    }
    f64::from(bytes) * 8.0 * PER_SECOND as f64 / ticks as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A burst of ten packets of 1,000 bytes, a packet each `sent` ticks, arriving each `arrived` ticks.
    fn burst(sent: i64, arrived: i64, media: bool) -> Option<Outcome> {
        let mut prober = Prober::new();
        let probe = prober.plan(
            Ticks::ZERO,
            &Situation {
                bps: 1e6,
                sent_bps: 2e6,
                wanted_bps: 2.42e6,
                max_bps: 1e9,
                unconfirmed: Ticks::ZERO,
                decreased: None,
            },
        )?;
        assert_eq!((probe.bps, probe.bytes, probe.packets), (2_662_000, 9982, 9));
        for n in 0..10 {
            let cluster = prober.sent(1000, if media && n % 2 == 1 { None } else { Some(probe.id) });
            prober.arrived(cluster, Ticks::ZERO.plus(n * sent), Ticks::ZERO.plus(n * arrived), 1000, false);
        }
        prober.outcome(Ticks::ZERO.plus(1000), 1e6)
    }

    #[test]
    fn a_burst_that_arrives_as_it_was_sent_was_carried() {
        // 8,000 bits in 3 ms.
        assert!(matches!(burst(12, 12, false), Some(Outcome::Carried(bps)) if bps.round() == 2_662_000.0));
    }

    #[test]
    fn a_burst_that_arrives_slowly_shows_the_limit() {
        // 8,000 bits in 6 ms, of which 0.95 are believed.
        let Some(Outcome::Saturated(bps)) = burst(12, 24, false) else { panic!("it was too much") };
        assert!((bps - 0.95 * 8000.0 / 0.006).abs() < 1.0, "{bps}");
    }

    #[test]
    fn a_burst_sent_at_once_is_paced_by_the_path() {
        assert!(matches!(burst(0, 2, false), Some(Outcome::Carried(bps)) if bps.round() == 2_662_000.0));
        assert!(matches!(burst(0, 24, false), Some(Outcome::Saturated(_))));
    }

    #[test]
    fn media_after_a_burst_that_was_given_up_is_no_part_of_it() {
        let mut prober = Prober::new();
        let situation = Situation {
            bps: 1e6,
            sent_bps: 1e6,
            wanted_bps: 3e6,
            max_bps: 1e9,
            unconfirmed: Ticks::ZERO,
            decreased: None,
        };
        let probe = prober.plan(Ticks::ZERO, &situation).expect("there is use for more");
        assert_ne!(prober.sent(1000, Some(probe.id)), 0);
        assert_ne!(prober.sent(1000, None), 0, "in its midst");
        prober.give_up(Ticks::ZERO);
        assert_eq!(prober.sent(1000, None), 0);
        assert_eq!(prober.plan(Ticks::ZERO.plus(PAUSE - 1), &situation), None, "it counts as failed");
    }

    #[test]
    fn a_burst_that_is_not_complete_says_nothing() {
        assert_eq!(burst(12, 12, true), None, "half of it was media, so half of it is still to come");
    }
}
