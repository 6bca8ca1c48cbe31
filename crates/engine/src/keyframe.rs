//! Where a keyframe request is throttled.
//!
//! However many viewers wait, a publisher hears at most one request per layer per second, because a keyframe costs
//! everybody else bitrate; 300 ms when nobody is watching yet, because then it costs nobody anything and a first viewer
//! should not wait for a request that was lost on the way.

use std::time::{Duration, Instant};

/// A keyframe is 5 to 10 times a delta frame: one a second is what an audience notices least.
const INTERVAL: Duration = Duration::from_millis(1000);
/// About one round trip plus an encoder's frame, so the repeat does not overtake the answer.
const INTERVAL_FIRST_VIEWER: Duration = Duration::from_millis(300);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Nobody sees this layer yet.
    Waiting,
    /// Somebody sees it.
    Watching,
}

#[derive(Debug, Default)]
pub struct Throttle {
    asked: bool,
    sent: Option<Instant>,
    /// Requests that went to the publisher, ever.
    pub requests: u32,
}

impl Throttle {
    /// A viewer cannot go on without a keyframe.
    pub fn ask(&mut self) {
        self.asked = true;
    }

    /// A keyframe has begun to arrive: nobody needs to ask any more.
    pub fn arrived(&mut self) {
        self.asked = false;
    }

    /// True when a request should go to the publisher now. The ask stands until a keyframe arrives, so a lost request is repeated.
    pub fn due(&mut self, now: Instant, audience: Audience) -> bool {
        let interval = match audience {
            Audience::Waiting => INTERVAL_FIRST_VIEWER,
            Audience::Watching => INTERVAL,
        };
        let rested = self.sent.is_none_or(|sent| now.saturating_duration_since(sent) >= interval);
        if !self.asked || !rested {
            return false;
        }
        self.sent = Some(now);
        self.requests = self.requests.wrapping_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_hundred_viewers_asking_at_once_are_one_request_a_second() {
        let start = Instant::now();
        let mut throttle = Throttle::default();
        let mut sent = 0;
        for ms in 0..3000 {
            throttle.ask();
            sent += u32::from(throttle.due(start + ms * MS, Audience::Watching));
        }
        assert_eq!(sent, 3);
    }

    #[test]
    fn the_first_viewer_is_heard_again_after_300_ms() {
        let start = Instant::now();
        let mut throttle = Throttle::default();
        throttle.ask();
        let sent = (0..1000).filter(|&ms| throttle.due(start + ms * MS, Audience::Waiting)).collect::<Vec<_>>();
        assert_eq!(sent, [0, 300, 600, 900]);
    }

    #[test]
    fn nobody_asks_for_what_has_arrived() {
        let start = Instant::now();
        let mut throttle = Throttle::default();
        throttle.ask();
        throttle.arrived();
        assert!(!throttle.due(start, Audience::Waiting));
    }
}
