//! How much a viewer's path carries, estimated where the media is sent (draft-ietf-rmcat-gcc-02 in spirit).
//!
//! ```text
//!   sent ──▶ History ◀── feedback
//!               │ sent, arrived
//!               ├──▶ Groups ─▶ Trend      does the queue grow?   ┐
//!               ├──▶ Services             how is it served?      │
//!               ├──▶ Plunge               did the path break?    │
//!               ├──▶ Queue                does one stand?        ├─▶ Rate ──▶ bps
//!               ├──▶ Loss                 is it our doing?       │
//!               ├──▶ Acked                what did arrive?       ┘
//!               └──▶ Prober               could it be more?
//! ```
//!
//! One per viewer's connection: all its streams share the path. It does not know streams, layers or pacing: what is sent
//! for `bps` is the caller's choice. A report is a claim of the other side; the worst it can do is to misjudge its own path
//! within the limits.

mod acked;
mod clock;
mod fallback;
mod groups;
mod history;
mod loss;
mod plunge;
mod probe;
mod queue;
mod rate;
mod service;
mod trend;

use std::time::{Duration, Instant};

use crate::rtcp;
use acked::Acked;
use clock::{Clock, PER_MS, PER_SECOND, Ticks, Unwrap};
use fallback::Fallback;
use groups::Groups;
use history::{Grow, History};
use loss::{Loss, Verdict};
use plunge::Plunge;
pub use probe::Probe;
use probe::{Outcome, Prober, Situation};
use queue::Queue;
use rate::{Measured, Rate};
use service::Services;
use trend::{Signal, Trend};

pub struct Estimator {
    clock: Clock,
    history: History,
    prober: Prober,
    /// Ever; what is sent in a while is a difference of two.
    sent_bytes: u64,
    sending: Sending,
    limits: Limits,
    rate: Rate,
    receiver_clock: Unwrap,
    groups: Groups,
    trend: Trend,
    queue: Queue,
    services: Services,
    plunge: Plunge,
    /// When the path broke down last. What was sent before says nothing about how the estimate of after fares.
    plunged: Option<Ticks>,
    acked: Acked,
    loss: Loss,
    verdict: Verdict,
    fallback: Fallback,
    rtt: Option<i64>,
    /// Decreases in a row that did not make a standing queue shorter.
    drained: u32,
    hearing: Hearing,
    unconfirmed: Ticks,
    limited: Limited,
    proven: bool,
}

/// Where the estimate begins, and where it stays. All in bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub start_bps: u64,
    pub min_bps: u64,
    pub max_bps: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // The lowest simulcast layer and audio fit, and the first probe tells more 0.2 s later.
            start_bps: 1_000_000,
            // Audio.
            min_bps: 50_000,
            max_bps: 50_000_000,
        }
    }
}

/// Why a packet is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Media or a repair.
    Media,
    /// Padding for the probe of this id.
    Probe(u8),
}

/// What keeps the estimate where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// Nothing yet but the start value.
    Start,
    /// Queues grew above it.
    Delay,
    /// Packets were lost above it.
    Loss,
    /// Little is sent, so little is proven.
    Application,
    /// The receiver asked for it (REMB).
    Receiver,
    /// Nothing is heard.
    Silence,
}

/// For people and metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    pub bps: u64,
    pub sent_bps: u64,
    pub acked_bps: u64,
    pub rtt: Option<Duration>,
    /// How long packets wait on the way.
    pub queue: Duration,
    /// Smoothed share of packets lost.
    pub loss: f64,
    pub limited: Limited,
}

/// How much was sent lately.
struct Sending {
    since: Ticks,
    bytes_before: u64,
    bps: f64,
}

/// When the other side was last heard.
struct Hearing {
    twcc: Option<Ticks>,
    /// Total sent at the last report of any kind.
    sent_bytes: u64,
    /// Since when something waits for a report.
    unanswered: Option<Ticks>,
    silent: bool,
}

/// A report covers this many numbers at most: the history holds no more, twice over for what is older.
const STATUSES_MAX: usize = 8192;
/// 0.3 s: ten frames.
const SENDING_PERIOD: i64 = 300 * PER_MS;
/// Below this share of the estimate the sender tests nothing by sending.
const IDLE: f64 = 0.75;
/// Above it there is no reason to ask for more: half of what people notice in a conversation.
const QUEUE_HOLD: i64 = 50 * PER_MS;
/// Less of the estimate than this is another path, and no overshoot.
const PLUNGE: f64 = 0.5;
/// It stands: a detector of slopes does not see it, people do.
const QUEUE_STANDS: i64 = 80 * PER_MS;
/// Decreases after which a standing queue is taken for a longer path.
const DRAINS_MAX: u32 = 4;
/// Without delays and with a report a second there is no telling a radio's loss from ours: 10 % is too much, 2 % is well,
/// and in between nothing changes (draft-ietf-rmcat-gcc-02 §6).
const LOSS_DECREASE: f64 = 0.10;
const LOSS_INCREASE: f64 = 0.02;
/// Ten reports of a slow reporter (0.1 s), or several round trips.
const SILENCE: i64 = PER_SECOND;
const SILENCE_STEP: i64 = 500 * PER_MS;
/// Three of the longest regular intervals of RTCP (5 s).
const SILENCE_WITHOUT_TWCC: i64 = 15 * PER_SECOND;
const SILENCE_STEP_WITHOUT_TWCC: i64 = 5 * PER_SECOND;
/// In each step: a tenth after five seconds.
const SILENCE_FACTOR: f64 = 0.8;

impl Estimator {
    pub fn new(limits: Limits) -> Estimator {
        /// Less could not even report, and everything here divides by it.
        const FLOOR_BPS: u64 = 1000;
        let min_bps = limits.min_bps.max(FLOOR_BPS);
        let max_bps = limits.max_bps.max(min_bps);
        let start_bps = limits.start_bps.clamp(min_bps, max_bps);
        Estimator {
            clock: Clock::new(),
            history: History::new(),
            prober: Prober::new(),
            sent_bytes: 0,
            sending: Sending { since: Ticks::ZERO, bytes_before: 0, bps: 0.0 },
            limits: Limits { start_bps, min_bps, max_bps },
            rate: Rate::new(start_bps as f64),
            receiver_clock: Unwrap::new(),
            groups: Groups::new(),
            trend: Trend::new(),
            queue: Queue::new(),
            services: Services::new(),
            plunge: Plunge::new(),
            plunged: None,
            acked: Acked::new(),
            loss: Loss::new(),
            verdict: Verdict::Fine,
            fallback: Fallback::new(),
            rtt: None,
            drained: 0,
            hearing: Hearing { twcc: None, sent_bytes: 0, unanswered: None, silent: false },
            unconfirmed: Ticks::ZERO,
            limited: Limited::Start,
            proven: false,
        }
    }

    /// Takes note of one packet and returns the transport-wide sequence number to write into it.
    #[inline]
    pub fn sent(&mut self, now: Instant, bytes: usize, what: Sent) -> u16 {
        let now = self.clock.at(now);
        self.sent_bytes = self.sent_bytes.wrapping_add(bytes as u64);
        let id = match what {
            Sent::Media => None,
            Sent::Probe(id) => Some(id),
        };
        let cluster = self.prober.sent(bytes, id);
        let grow = if self.hearing.twcc.is_some() { Grow::Yes } else { Grow::No };
        self.history.sent(now, bytes, cluster, grow)
    }

    /// Has brought near what [`Estimator::sent`] will touch.
    #[inline]
    pub fn prefetch(&self) {
        self.history.prefetch();
    }

    /// Transport-wide feedback: the only report that tells of delays.
    pub fn feedback(&mut self, now: Instant, report: &rtcp::Twcc<'_>) {
        let now = self.clock.at(now);
        let mut news = false;
        let mut rtt = None;
        for (seq, arrival) in report.arrivals().take(STATUSES_MAX) {
            let Some(packet) = self.history.report(seq, now, arrival.is_some()) else { continue };
            news = true;
            let counts = self.plunged.is_none_or(|plunged| packet.sent > plunged);
            let Some(arrival) = arrival else {
                if counts {
                    self.loss.lost();
                }
                self.prober.lost(packet.cluster);
                continue;
            };
            let arrived = self.receiver_clock.at(arrival);
            rtt = Some(now.since(packet.sent));
            if counts {
                self.loss.arrived(packet.was_lost);
            }
            self.acked.arrived(arrived, packet.bytes);
            self.queue.arrived(packet.sent, arrived);
            if let Some(way) = self.queue.shortest()
                && let Some(service) = self.services.arrived(packet.sent, arrived, packet.bytes, way)
            {
                self.plunge.arrived(&service, self.sending.bps);
            }
            if packet.cluster != 0 {
                self.prober.arrived(packet.cluster, packet.sent, arrived, packet.bytes, packet.was_lost);
                // The queue of a probe is wanted, and no sign of congestion.
                self.groups.reset();
                self.trend.restart();
            } else if let Some(step) = self.groups.arrived(packet.sent, arrived) {
                self.trend.step(step);
            }
        }
        if !news {
            return;
        }
        if let Some(rtt) = rtt {
            // Of the last packet that arrived: it waited least for the report.
            self.learn_rtt(rtt);
        }
        self.heard();
        self.hearing.twcc = Some(now);
        self.measure_sending(now);
        self.steer(now);
    }

    /// What the receiver estimates by itself: all there is from a client without transport-wide feedback.
    pub fn remb(&mut self, now: Instant, bps: u64) {
        let now = self.clock.at(now);
        self.measure_sending(now);
        if self.has_twcc(now) {
            return;
        }
        self.heard();
        self.fallback.remb(now);
        let bps = bps as f64;
        if bps < self.rate.bps() {
            self.rate.lower(now, bps);
            self.limited = Limited::Receiver;
        } else if !self.fallback.losing(now) {
            self.rate.raise(now, bps);
            self.limited = Limited::Receiver;
        }
        self.keep_limits();
    }

    /// A block of a receiver report. Its loss counts when there is no transport-wide feedback, its round trip always.
    pub fn receiver_report(&mut self, now: Instant, block: &rtcp::ReportBlock, rtt: Option<Duration>) {
        let now = self.clock.at(now);
        self.measure_sending(now);
        if let Some(rtt) = rtt {
            self.learn_rtt(clock::ticks(rtt));
        }
        if self.has_twcc(now) {
            return;
        }
        self.heard();
        let Some((arrived, lost)) = self.fallback.packets(block) else { return };
        self.loss.count(arrived, lost);
        let Some(share) = self.loss.closed(now) else { return };
        let measured = self.measured();
        if share > LOSS_DECREASE {
            self.fallback.lost(now);
            self.rate.decrease_for_loss(now, share, &measured);
            self.limited = Limited::Loss;
        } else if share < LOSS_INCREASE && !self.fallback.has_remb(now) {
            self.rate.increase(now, &measured);
        } else {
            self.rate.hold(now);
        }
        self.keep_limits();
    }

    /// Time passes; about every 0.1 to 1 s.
    pub fn tick(&mut self, now: Instant) {
        let now = self.clock.at(now);
        self.measure_sending(now);
        if self.hearing.sent_bytes == self.sent_bytes {
            return;
        }
        let since = *self.hearing.unanswered.get_or_insert(now);
        let (patience, step) = match self.hearing.twcc {
            Some(_) => (SILENCE + 2 * self.rtt.unwrap_or(0).min(PER_SECOND), SILENCE_STEP),
            None => (SILENCE_WITHOUT_TWCC, SILENCE_STEP_WITHOUT_TWCC),
        };
        if now.since(since) >= patience {
            self.rate.lower(now, self.rate.bps() * SILENCE_FACTOR);
            self.keep_limits();
            self.hearing.silent = true;
            // The next step comes due as late as the first did.
            self.hearing.unanswered = Some(now.minus(patience - step));
        }
    }

    /// Whether the path has shown anything: a limit, or what it carries. Before that the estimate is a guess, and no reason to
    /// give somebody less.
    pub fn is_proven(&self) -> bool {
        self.proven || self.limited != Limited::Start
    }

    /// Whether the path was seen to end somewhere, and not only what is sent.
    pub fn has_limit(&self) -> bool {
        matches!(self.limited, Limited::Delay | Limited::Loss | Limited::Receiver)
    }

    /// Packets wait on the way for longer than they should: what is sent in a burst is sent to be lost.
    pub fn has_queue(&self) -> bool {
        self.queue.ticks() > QUEUE_HOLD
    }

    /// The path broke down within the last second: its queue is as full as it can be.
    pub fn has_just_fallen(&self) -> bool {
        self.plunged.zip(self.hearing.twcc).is_some_and(|(plunged, heard)| heard.since(plunged) < PER_SECOND)
    }

    /// The estimate.
    pub fn bps(&self) -> u64 {
        self.rate.bps() as u64
    }

    pub fn view(&self) -> View {
        View {
            bps: self.bps(),
            sent_bps: self.sending.bps as u64,
            acked_bps: self.acked.bps().unwrap_or(0.0) as u64,
            rtt: self.rtt.map(clock::duration),
            queue: clock::duration(self.queue.ticks()),
            loss: self.loss.share(),
            limited: match self.limited {
                _ if self.hearing.silent => Limited::Silence,
                _ if self.hearing.twcc.is_some() && self.is_idle() => Limited::Application,
                limited => limited,
            },
        }
    }

    /// What to probe with now, if anything. `wanted_bps` is what the sender could use; 0 when what it sends is enough.
    /// Ask often (at each tick, and after feedback): how often there is an answer is decided here.
    pub fn probe(&mut self, now: Instant, wanted_bps: u64) -> Option<Probe> {
        let now = self.clock.at(now);
        // Only transport-wide feedback can answer.
        if wanted_bps == 0 || !self.has_twcc(now) || self.hearing.silent {
            return None;
        }
        if self.trend.signal() != Signal::Normal || self.queue.ticks() > QUEUE_HOLD || self.verdict != Verdict::Fine {
            return None;
        }
        self.prober.plan(
            now,
            &Situation {
                bps: self.rate.bps(),
                sent_bps: self.sending.bps,
                wanted_bps: wanted_bps as f64,
                max_bps: self.limits.max_bps as f64,
                unconfirmed: self.unconfirmed,
                decreased: self.rate.decreased(),
            },
        )
    }

    /// The probe under way could not be sent to its end. What is sent from here on is no part of it.
    pub fn give_up_probe(&mut self, now: Instant) {
        let now = self.clock.at(now);
        self.prober.give_up(now);
    }

    /// Changes the rate after transport-wide feedback.
    fn steer(&mut self, now: Ticks) {
        let measured = self.measured();
        if !measured.idle {
            self.unconfirmed = now;
        }
        self.verdict = self.loss.judge(now);
        let outcome = self.prober.outcome(now, self.rate.bps());
        if let Some(carried) = self.plunge.take().filter(|carried| *carried < PLUNGE * self.rate.bps()) {
            return self.fall(now, carried);
        }
        match (self.trend.signal(), self.verdict) {
            (_, Verdict::Congested(share)) => {
                self.rate.decrease_for_loss(now, share, &measured);
                self.limited = Limited::Loss;
            }
            (Signal::Over, _) => {
                self.rate.decrease(now, &measured);
                self.limited = Limited::Delay;
            }
            (_, _) if measured.queue > QUEUE_STANDS => self.drain(now, &measured),
            (Signal::Under, _) | (_, Verdict::Doubtful) => self.rate.hold(now),
            (Signal::Normal, Verdict::Fine) => {
                self.drained = 0;
                if let Some(outcome) = outcome {
                    self.take_outcome(now, outcome, &measured);
                }
                if measured.queue > QUEUE_HOLD {
                    self.rate.hold(now);
                } else {
                    self.rate.increase(now, &measured);
                }
            }
        }
        self.keep_limits();
    }

    /// The path carries a fraction of what it did. What was measured before is of another path.
    fn fall(&mut self, now: Ticks, carried: f64) {
        self.rate.fall(now, carried);
        self.limited = Limited::Delay;
        self.plunged = Some(now);
        self.acked = Acked::new();
        self.services.restart();
        self.loss.restart();
        self.queue.forget_recent();
        self.groups.reset();
        self.trend.restart();
        self.keep_limits();
    }

    /// A queue that neither grows nor shrinks is still a queue.
    fn drain(&mut self, now: Ticks, measured: &Measured) {
        let before = self.rate.decreased();
        self.rate.decrease(now, measured);
        self.limited = Limited::Delay;
        if self.rate.decreased() != before {
            self.drained += 1;
        }
        if self.drained > DRAINS_MAX {
            self.queue.accept();
            self.drained = 0;
        }
    }

    fn take_outcome(&mut self, now: Ticks, outcome: Outcome, measured: &Measured) {
        self.proven = true;
        self.limited = match outcome {
            Outcome::Carried(_) => Limited::Application,
            Outcome::Saturated(_) => Limited::Delay,
        };
        match outcome {
            Outcome::Carried(bps) => {
                self.unconfirmed = now;
                self.rate.raise(now, bps);
            }
            Outcome::Saturated(bps) if bps >= self.rate.bps() => self.rate.raise_to_limit(now, bps),
            // The estimate is from better times. What is being sent does arrive, so it stays allowed, with room to grow.
            Outcome::Saturated(bps) if measured.idle => self.rate.lower(now, bps.max(1.25 * measured.acked_bps)),
            Outcome::Saturated(_) => {}
        }
    }

    fn measured(&self) -> Measured {
        // Without transport-wide feedback, what is sent and not reported lost is taken for arrived.
        let assumed = self.sending.bps * (1.0 - self.loss.share());
        let acked_bps = self.acked.bps().unwrap_or(if self.hearing.twcc.is_some() { 0.0 } else { assumed });
        Measured {
            sent_bps: self.sending.bps,
            acked_bps,
            recent_bps: self.acked.recent_bps().unwrap_or(acked_bps),
            served_bps: self.services.bps().unwrap_or(0.0),
            rtt: self.rtt.unwrap_or(100 * PER_MS),
            queue: self.queue.ticks(),
            idle: self.is_idle(),
        }
    }

    fn is_idle(&self) -> bool {
        self.sending.bps < IDLE * self.rate.bps()
    }

    fn measure_sending(&mut self, now: Ticks) {
        let ticks = now.since(self.sending.since);
        if ticks < SENDING_PERIOD {
            return;
        }
        let bytes = self.sent_bytes.wrapping_sub(self.sending.bytes_before);
        self.sending.bps = bytes as f64 * 8.0 * PER_SECOND as f64 / ticks as f64;
        self.sending.since = now;
        self.sending.bytes_before = self.sent_bytes;
    }

    fn learn_rtt(&mut self, ticks: i64) {
        let ticks = ticks.clamp(0, 10 * PER_SECOND);
        self.rtt = Some(self.rtt.map_or(ticks, |rtt| rtt + (ticks - rtt) / 8));
    }

    fn heard(&mut self) {
        if self.hearing.silent {
            // Nobody said that the path carries less, and the queue's history is of another time.
            self.hearing.silent = false;
            self.rate.forgive();
            self.groups.reset();
            self.trend.restart();
        }
        self.hearing.sent_bytes = self.sent_bytes;
        self.hearing.unanswered = None;
    }

    fn has_twcc(&self, now: Ticks) -> bool {
        self.hearing.twcc.is_some_and(|last| now.since(last) < 5 * PER_SECOND)
    }

    fn keep_limits(&mut self) {
        self.rate.clamp(self.limits.min_bps as f64, self.limits.max_bps as f64);
    }
}

#[cfg(test)]
mod tests;
