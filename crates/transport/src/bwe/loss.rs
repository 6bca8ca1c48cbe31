//! Whether packets are lost because there are too many. A radio loses its share of whatever is sent; a full queue or a
//! policer loses the excess. So the share lost in quiet times is learned, and only what is significantly more counts.

use super::clock::{PER_MS, PER_SECOND, Ticks};

pub struct Loss {
    window: Window,
    /// The lowest smoothed share lately: in this period and in the last.
    quiet: [Option<f64>; 2],
    quiet_since: Ticks,
    /// Smoothed.
    share: f64,
    /// How many are lost in a row, smoothed.
    run: f64,
    in_a_row: bool,
    verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Nothing is lost but what the path always loses.
    Fine,
    /// More than usual, not yet more than chance explains.
    Doubtful,
    /// This share is lost, and it is our own doing.
    Congested(f64),
}

#[derive(Debug, Clone, Copy, Default)]
struct Window {
    since: Option<Ticks>,
    arrived: u32,
    lost: u32,
    /// Of packets lost in a row.
    runs: u32,
}

/// 0.3 s, and 20 packets, of which one lost is not yet a sign.
const WINDOW: i64 = 300 * PER_MS;
const WINDOW_PACKETS: u32 = 20;
const QUIET_PERIOD: i64 = 10 * PER_SECOND;
/// Of the newest window in the smoothed share: 1 s of memory.
const SMOOTHING: f64 = 0.3;
/// What a path may lose without being told to carry less: a bad radio. Above it, sending less is right anyway.
const QUIET_MAX: f64 = 0.10;
/// On top of the usual: below it nobody sees a difference after retransmission.
const EXCESS: f64 = 0.03;
/// Too much on any path.
const ALWAYS: f64 = QUIET_MAX + 2.0 * EXCESS;
/// Standard deviations of the number lost by chance.
const SIGNIFICANT: f64 = 3.0;
/// Losses in runs are fewer events, so their number varies more: its variance grows with the length of a run. A queue that
/// overflows loses runs too, and must not pass for a radio by it.
const RUN_MAX: f64 = 4.0;

impl Loss {
    pub fn new() -> Loss {
        Loss {
            window: Window::default(),
            quiet: [None; 2],
            quiet_since: Ticks::ZERO,
            share: 0.0,
            run: 1.0,
            in_a_row: false,
            verdict: Verdict::Fine,
        }
    }

    /// Forgets what has been counted and not been judged.
    pub fn restart(&mut self) {
        self.window = Window::default();
        self.verdict = Verdict::Fine;
    }

    pub fn share(&self) -> f64 {
        self.share
    }

    /// In order of sending, as `lost`.
    #[inline]
    pub fn arrived(&mut self, was_lost: bool) {
        self.in_a_row = false;
        self.window.arrived = self.window.arrived.saturating_add(1);
        if was_lost {
            self.window.lost = self.window.lost.saturating_sub(1);
        }
    }

    #[inline]
    pub fn lost(&mut self) {
        self.window.runs += u32::from(!self.in_a_row);
        self.in_a_row = true;
        self.window.lost = self.window.lost.saturating_add(1);
    }

    /// Many at once, as a receiver report has them.
    pub fn count(&mut self, arrived: u32, lost: u32) {
        self.window.arrived = self.window.arrived.saturating_add(arrived);
        self.window.lost = self.window.lost.saturating_add(lost);
    }

    /// Closes the window if it is due, and says what the last closed one meant. A verdict of congestion is given once.
    pub fn judge(&mut self, now: Ticks) -> Verdict {
        let usual = self.usual();
        let Some(window) = self.close(now) else {
            self.verdict = if matches!(self.verdict, Verdict::Congested(_)) { Verdict::Doubtful } else { self.verdict };
            return self.verdict;
        };
        let (lost, packets) = (f64::from(window.lost), f64::from(window.packets()));
        let usual = usual.unwrap_or(lost / packets).min(QUIET_MAX);
        let expected = packets * (usual + EXCESS);
        let chance = (expected * self.run).sqrt();
        self.verdict = if lost > expected + SIGNIFICANT * chance || lost > packets * ALWAYS + chance {
            Verdict::Congested(lost / packets)
        } else if lost > expected + chance {
            Verdict::Doubtful
        } else {
            Verdict::Fine
        };
        self.verdict
    }

    /// The share of a window that came due, when it is judged by a caller who knows no better than a fixed limit.
    pub fn closed(&mut self, now: Ticks) -> Option<f64> {
        self.close(now).map(|window| f64::from(window.lost) / f64::from(window.packets()))
    }

    fn close(&mut self, now: Ticks) -> Option<Window> {
        let since = *self.window.since.get_or_insert(now);
        if now.since(since) < WINDOW || self.window.packets() < WINDOW_PACKETS {
            return None;
        }
        let window = std::mem::replace(&mut self.window, Window { since: Some(now), ..Window::default() });
        if window.runs > 0 {
            let run = (f64::from(window.lost) / f64::from(window.runs)).clamp(1.0, RUN_MAX);
            self.run += SMOOTHING * (run - self.run);
        }
        self.learn(now, f64::from(window.lost) / f64::from(window.packets()));
        Some(window)
    }

    fn usual(&self) -> Option<f64> {
        self.quiet.into_iter().flatten().reduce(f64::min)
    }

    /// The lowest smoothed share: the lowest single window of many is zero on any path.
    fn learn(&mut self, now: Ticks, share: f64) {
        self.share = if self.usual().is_none() { share } else { self.share + SMOOTHING * (share - self.share) };
        if now.since(self.quiet_since) > QUIET_PERIOD {
            self.quiet = [None, self.quiet[0]];
            self.quiet_since = now;
        }
        self.quiet[0] = Some(self.quiet[0].map_or(self.share, |lowest| lowest.min(self.share)));
    }
}

impl Window {
    fn packets(&self) -> u32 {
        self.arrived.saturating_add(self.lost)
    }
}
