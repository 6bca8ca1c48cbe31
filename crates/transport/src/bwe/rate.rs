//! The estimate itself: up while all is well, quickly when far from any known limit and gently near it; down to what the
//! path proves to carry when it is too much.

use super::clock::{PER_MS, PER_SECOND, Ticks};
use super::probe::FREE;

pub struct Rate {
    bps: f64,
    updated: Option<Ticks>,
    decreased: Option<Ticks>,
    /// Where congestion began lately.
    knee: Option<Knee>,
}

/// What the path carried whenever it was too much, and how far such observations lie apart.
#[derive(Debug, Clone, Copy)]
struct Knee {
    bps: f64,
    /// Variance relative to the square of the mean.
    variance: f64,
}

/// What is known besides the signal, when the rate changes.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// What is sent.
    pub sent_bps: f64,
    /// What arrives, over half a second; 0 for unknown.
    pub acked_bps: f64,
    /// The same over a shorter time.
    pub recent_bps: f64,
    /// What the path carried while something waited in it: more, if what is sent comes in bursts. 0 for unknown.
    pub served_bps: f64,
    pub rtt: i64,
    /// Ticks that packets wait on the way.
    pub queue: i64,
    /// Less is sent than would be allowed.
    pub idle: bool,
}

/// 8 % a second: it doubles in 9 s without a probe.
const GROWTH: f64 = 1.08;
/// Below where a queue would have drained: the deeper cut was to drain it, and it has drained.
const RETURN: f64 = 1.3;
/// Of the way to a limit that may be shared with others.
const SHARED: f64 = 0.5;
/// A flow that shares a path full of others meets its limit about so often.
const LATELY: i64 = 8 * PER_SECOND;
/// The estimate is not above what arrives by more than this, unless a probe has shown it: growth without proof would end
/// in a guess. The constant lets a sender of little begin.
const UNPROVEN: f64 = 1.5;
const UNPROVEN_BPS: f64 = 10_000.0;
/// More than a queue that drains after a decrease makes arrive: 1 / 0.6.
const BEYOND: f64 = 1.7;
/// What stays below the rate at which a queue began to grow, so that the queue drains.
const BACK_OFF: f64 = 0.85;
/// And when the queue is long, more: it should be gone within about a second. 0.85 at 50 ms, 0.6 at 300 ms.
const BACK_OFF_PER_TICK: f64 = 0.001 / PER_MS as f64;
const BACK_OFF_MIN: f64 = 0.6;
const QUEUE_SHORT: i64 = 50 * PER_MS;
/// A signal while little is sent and nothing waits is a doubt rather than a measurement.
const BACK_OFF_IDLE: f64 = 0.9;
/// The effect of a decrease is seen after a round trip, a report, and the detector's half window.
const DECREASE_PAUSE: i64 = 200 * PER_MS;
/// Of a new observation in the knee.
const KNEE_WEIGHT: f64 = 0.1;
/// Relative deviation 6 % to 30 %.
const KNEE_VARIANCE: (f64, f64) = (0.0036, 0.09);

impl Rate {
    pub fn new(bps: f64) -> Rate {
        Rate { bps, updated: None, decreased: None, knee: None }
    }

    pub fn bps(&self) -> f64 {
        self.bps
    }

    pub fn decreased(&self) -> Option<Ticks> {
        self.decreased
    }

    /// Whatever made it fall is over and says nothing about the path.
    pub fn forgive(&mut self) {
        self.decreased = None;
    }

    pub fn clamp(&mut self, min: f64, max: f64) {
        self.bps = self.bps.clamp(min, max);
    }

    /// Nothing speaks against more.
    pub fn increase(&mut self, now: Ticks, measured: &Measured) {
        let seconds = self.elapsed(now);
        if self.knee.is_some_and(|knee| measured.acked_bps > knee.bps * (1.0 + 3.0 * knee.deviation())) {
            // The path carries more than where it began to queue before: it is another path now.
            self.knee = None;
        }
        // A sender with nothing smaller to send may send far more than the estimate. What arrives without a queue is proof.
        let arrives = measured.recent_bps.min(measured.acked_bps);
        if measured.sent_bps.min(arrives) > BEYOND * self.bps {
            self.bps = arrives;
        }
        let more = match self.knee {
            None => self.bps * (GROWTH.powf(seconds) - 1.0),
            Some(knee) if self.bps < BACK_OFF * knee.bps => {
                (self.bps * (RETURN.powf(seconds) - 1.0)).min(BACK_OFF * knee.bps - self.bps)
            }
            Some(_) => seconds * self.gentle_bps(measured.rtt),
        };
        let ceiling = UNPROVEN * measured.acked_bps + UNPROVEN_BPS;
        if measured.acked_bps > 0.0 && self.bps < ceiling {
            self.bps = (self.bps + more).min(ceiling);
        }
    }

    /// No change, and no credit for the time that passes.
    pub fn hold(&mut self, now: Ticks) {
        self.elapsed(now);
    }

    /// A queue grows or stands.
    pub fn decrease(&mut self, now: Ticks, measured: &Measured) {
        self.elapsed(now);
        let much_too_much = BACK_OFF * measured.recent_bps < 0.8 * self.bps && !measured.idle;
        let pause = measured.rtt.min(DECREASE_PAUSE) + if much_too_much { 0 } else { DECREASE_PAUSE };
        if measured.acked_bps <= 0.0 || self.decreased.is_some_and(|last| now.since(last) < pause) {
            return;
        }
        // Large pictures with pauses between them arrive at less than the path carries.
        let carried = measured.recent_bps.min(measured.acked_bps).max(measured.served_bps);
        if measured.idle && measured.queue < QUEUE_SHORT {
            self.lower(now, (BACK_OFF_IDLE * self.bps).max(carried));
            return;
        }
        let excess = (measured.queue - QUEUE_SHORT).max(0);
        let factor = (BACK_OFF - excess as f64 * BACK_OFF_PER_TICK).max(BACK_OFF_MIN);
        self.lower(now, factor * carried);
        self.saw_knee(carried);
    }

    /// The path has broken down to `carried`.
    pub fn fall(&mut self, now: Ticks, carried: f64) {
        self.elapsed(now);
        self.lower(now, BACK_OFF * carried);
        self.saw_knee(carried);
    }

    /// This share of the packets is lost beyond what the path usually loses.
    pub fn decrease_for_loss(&mut self, now: Ticks, share: f64, measured: &Measured) {
        /// More than this is no overshoot of a growing rate: the path itself has become smaller.
        const COLLAPSE: f64 = 0.2;
        self.elapsed(now);
        let carried = measured.recent_bps.min(measured.acked_bps);
        if self.bps < BACK_OFF * carried {
            // The rate is already below what arrives: the loss is of before.
            return;
        }
        if share > COLLAPSE && !measured.idle && carried > 0.0 {
            self.lower(now, carried.max(self.bps * (1.0 - share)));
        } else {
            self.lower(now, self.bps * (1.0 - share / 2.0));
        }
        if !measured.idle {
            self.saw_knee(carried.max(self.bps));
        }
    }

    /// To `bps`, because nothing is heard at all or the receiver asks for it.
    pub fn lower(&mut self, now: Ticks, bps: f64) {
        if bps >= self.bps {
            return;
        }
        self.bps = bps;
        self.decreased = Some(now);
    }

    /// A probe has shown that the path carries this.
    pub fn raise(&mut self, now: Ticks, bps: f64) {
        self.elapsed(now);
        if self.knee.is_some_and(|knee| bps > knee.bps * (1.0 + 3.0 * knee.deviation())) {
            self.knee = None;
        }
        self.bps = self.bps.max(bps);
    }

    /// A probe has shown that the path carries no more than this, while `bps` was more than the estimate.
    pub fn raise_to_limit(&mut self, now: Ticks, bps: f64) {
        self.elapsed(now);
        let lately = self.decreased.is_some_and(|last| now.since(last) < LATELY);
        let share = if lately && bps < FREE * self.bps { SHARED } else { 1.0 };
        self.bps += share * (bps - self.bps);
        self.saw_knee(bps);
    }

    fn elapsed(&mut self, now: Ticks) -> f64 {
        /// Longer gaps are pauses of the reports and give no credit.
        const SECONDS_MAX: f64 = 1.0;
        let last = self.updated.replace(now).unwrap_or(now);
        now.seconds_since(last).clamp(0.0, SECONDS_MAX)
    }

    /// About one packet more in each response time (round trip and detector), per second.
    fn gentle_bps(&self, rtt: i64) -> f64 {
        const PACKET_BITS: f64 = 1200.0 * 8.0;
        const FRAMES_PER_SECOND: f64 = 30.0;
        const GENTLE_MIN_BPS: f64 = 4000.0;
        const GENTLE: f64 = 0.015;
        let frame_bits = self.bps / FRAMES_PER_SECOND;
        let packet_bits = frame_bits / (frame_bits / PACKET_BITS).ceil().max(1.0);
        let response_seconds = 2.0 * (rtt.clamp(0, 4000) + 100 * PER_MS) as f64 / (1000 * PER_MS) as f64;
        (packet_bits / response_seconds).max(GENTLE_MIN_BPS).max(GENTLE * self.bps)
    }

    fn saw_knee(&mut self, bps: f64) {
        let Some(knee) = &mut self.knee else {
            self.knee = Some(Knee { bps, variance: KNEE_VARIANCE.0 });
            return;
        };
        if (bps - knee.bps).abs() > 3.0 * knee.deviation() * knee.bps {
            *knee = Knee { bps, variance: KNEE_VARIANCE.0 };
            return;
        }
        let error = (bps - knee.bps) / knee.bps.max(1.0);
        knee.bps += KNEE_WEIGHT * (bps - knee.bps);
        knee.variance += KNEE_WEIGHT * (error * error - knee.variance);
        knee.variance = knee.variance.clamp(KNEE_VARIANCE.0, KNEE_VARIANCE.1);
    }
}

impl Knee {
    fn deviation(&self) -> f64 {
        self.variance.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_of_one_large_picture_costs_what_the_path_carries_and_not_what_is_sent() {
        let lowered = |served_bps| {
            let mut rate = Rate::new(360e3);
            let (acked_bps, queue, rtt) = (212e3, 70 * PER_MS, 80 * PER_MS);
            let sent_bps = 300e3;
            let measured = Measured { sent_bps, acked_bps, recent_bps: acked_bps, served_bps, rtt, queue, idle: false };
            rate.decrease(Ticks::ZERO.plus(PER_SECOND), &measured);
            rate.bps()
        };
        assert!((320e3..360e3).contains(&lowered(400e3)), "{}", lowered(400e3));
        assert!(lowered(0.0) < 190e3, "and if it is unknown, what arrives is all that is known");
    }
}
