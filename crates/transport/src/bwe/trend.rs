//! Whether packets take longer and longer: a line through the last delays, and a threshold that gets used to a path which
//! jitters (Carlucci et al., "Analysis and Design of the Google Congestion Control for WebRTC", 2016; RFC draft
//! ietf-rmcat-gcc-02 §5).

use super::clock::Ticks;
use super::groups::Step;

pub struct Trend {
    /// When, and how much had been delayed until then, smoothed; both in ms.
    points: [(f64, f64); POINTS],
    len: usize,
    next: usize,
    start: Option<Ticks>,
    delay_ms: f64,
    smoothed_ms: f64,
    steps: u32,
    threshold: f64,
    last_trend: f64,
    over_ms: f64,
    over_steps: u32,
    adapted_at: Option<Ticks>,
    signal: Signal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Normal,
    /// The queue grows.
    Over,
    /// The queue shrinks.
    Under,
}

/// At 30 frames and 50 audio packets a second, 0.3 to 0.6 s.
const POINTS: usize = 20;
/// Of the old value in the smoothed delay.
const SMOOTHING: f64 = 0.9;
/// Turns a slope into the milliseconds that the threshold is given in: as many steps as the paper's filter weighs.
const GAIN: f64 = 4.0;
const STEPS_WEIGHED: u32 = 60;

/// In ms of `GAIN` · steps · slope. The first is the paper's, the range keeps the detector from going deaf or wild.
const THRESHOLD_START: f64 = 12.5;
const THRESHOLD_MIN: f64 = 6.0;
const THRESHOLD_MAX: f64 = 600.0;
/// Per ms: a quiet path makes it sensitive within a second; a trend that stays a little above it, as beside a flow of TCP
/// that fills the queue, is got used to within seconds. As browsers have it, not as the paper.
const LEARN: f64 = 0.0087;
const FORGET: f64 = 0.039;
/// A trend so far above the threshold is a change of the path and teaches nothing.
const OUTLIER: f64 = 15.0;
/// Above the threshold for this long, and still rising.
const OVER_MS: f64 = 10.0;

impl Trend {
    pub fn new() -> Trend {
        Trend {
            points: [(0.0, 0.0); POINTS],
            len: 0,
            next: 0,
            start: None,
            delay_ms: 0.0,
            smoothed_ms: 0.0,
            steps: 0,
            threshold: THRESHOLD_START,
            last_trend: 0.0,
            over_ms: 0.0,
            over_steps: 0,
            adapted_at: None,
            signal: Signal::Normal,
        }
    }

    pub fn signal(&self) -> Signal {
        self.signal
    }

    pub fn step(&mut self, step: Step) {
        let start = *self.start.get_or_insert(step.at);
        self.steps = self.steps.saturating_add(1);
        self.delay_ms += step.arrived_ms - step.sent_ms;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.delay_ms;
        self.points[self.next] = (1000.0 * step.at.seconds_since(start), self.smoothed_ms);
        self.next = (self.next + 1) % POINTS;
        self.len = (self.len + 1).min(POINTS);
        if self.len < POINTS {
            return;
        }
        let trend = GAIN * f64::from(self.steps.min(STEPS_WEIGHED)) * self.slope();
        self.detect(trend, step.sent_ms);
        self.adapt(trend, step.at);
    }

    /// Forgets the delays and keeps what was learned about jitter.
    pub fn restart(&mut self) {
        *self = Trend { threshold: self.threshold, ..Trend::new() };
    }

    /// Least squares.
    fn slope(&self) -> f64 {
        let n = POINTS as f64;
        let (x_sum, y_sum) = self.points.iter().fold((0.0, 0.0), |(xs, ys), (x, y)| (xs + x, ys + y));
        let (x_mean, y_mean) = (x_sum / n, y_sum / n);
        let (over, under) = self.points.iter().fold((0.0, 0.0), |(over, under), (x, y)| {
            let dx = x - x_mean;
            (over + dx * (y - y_mean), under + dx * dx)
        });
        if under > 0.0 { over / under } else { 0.0 }
    }

    fn detect(&mut self, trend: f64, sent_ms: f64) {
        if trend > self.threshold {
            self.over_ms += if self.over_steps == 0 { sent_ms / 2.0 } else { sent_ms };
            self.over_steps = self.over_steps.saturating_add(1);
            // One long step is not a trend.
            if self.over_ms > OVER_MS && self.over_steps > 1 && trend >= self.last_trend {
                self.over_ms = 0.0;
                self.over_steps = 0;
                self.signal = Signal::Over;
            }
        } else {
            self.over_ms = 0.0;
            self.over_steps = 0;
            self.signal = if trend < -self.threshold { Signal::Under } else { Signal::Normal };
        }
        self.last_trend = trend;
    }

    fn adapt(&mut self, trend: f64, at: Ticks) {
        let last = self.adapted_at.replace(at).unwrap_or(at);
        let distance = trend.abs() - self.threshold;
        if distance > OUTLIER {
            return;
        }
        let rate = if distance < 0.0 { FORGET } else { LEARN };
        // A pause of the sender is no time in which jitter was seen.
        let ms = (1000.0 * at.seconds_since(last)).clamp(0.0, 100.0);
        self.threshold = (self.threshold + rate * distance * ms).clamp(THRESHOLD_MIN, THRESHOLD_MAX);
    }
}

#[cfg(test)]
mod tests {
    use netsim::Rng;

    use super::*;

    /// How often the queue seems to grow in a minute of steps of 20 ms that jitter by up to `jitter_ms`, and in the two
    /// seconds after it in which the queue does grow, by `growth_ms` with each step.
    fn signals(jitter_ms: f64, growth_ms: f64) -> (usize, usize) {
        let (mut trend, mut rng, mut before) = (Trend::new(), Rng::seed(1), 0.0);
        let mut over = |n: i64| {
            let jitter = jitter_ms * rng.unit();
            let arrived_ms = 20.0 + if n < 3000 { 0.0 } else { growth_ms } + jitter - before;
            before = jitter;
            trend.step(Step { sent_ms: 20.0, arrived_ms, at: Ticks::ZERO.plus(n * 80) });
            trend.signal() == Signal::Over
        };
        ((0..3000).filter(|n| over(*n)).count(), (3000..3100).filter(|n| over(*n)).count())
    }

    #[test]
    fn a_quiet_path_makes_it_sensitive() {
        // 1 ms in 20 is a trend of 11.4, below the threshold that it begins with.
        let (quiet, full) = signals(0.0, 1.0);
        assert!(quiet == 0 && full > 20, "{quiet} of 3,000, then {full} of 100");
    }

    #[test]
    fn jitter_is_seldom_taken_for_a_queue_and_does_not_hide_one() {
        let (quiet, full) = signals(60.0, 6.0);
        assert!(quiet < 150 && full > 80, "{quiet} of 3,000, then {full} of 100");
    }
}
