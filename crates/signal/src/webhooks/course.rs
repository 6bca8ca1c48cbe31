//! When to try again, and when not any more. Pure: the time and a die come in.

use std::time::Duration;

use meetings::UnixTime;
use meetings::events::{Progress, Sequence};

/// Longest pause between two tries: an endpoint that is back after a night is told within so long.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// Longest that an endpoint can ask for by Retry-After.
const ASKED_MAX: Duration = Duration::from_secs(3600);

/// Of an error this much is kept: it is shown on a page.
const ERROR_CHARS_MAX: usize = 300;

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Taken,
    /// Why, and when the endpoint wants to be asked again, if it said so.
    Failed(String, Option<Duration>),
    /// 410: it does not want anything any more.
    Gone,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    GoOn,
    Wait(Duration),
    Stop,
}

#[derive(Debug)]
pub struct Course {
    retry_first: Duration,
    give_up_after: Duration,
    /// Failures in a row.
    failures: u32,
}

impl Course {
    pub fn new(retry_first: Duration, give_up_after: Duration) -> Course {
        Course { retry_first, give_up_after, failures: 0 }
    }

    /// `die` is a number from 0 to 1 that spreads the tries of many nodes.
    pub fn after(
        &mut self,
        now: UnixTime,
        die: f64,
        sequence: Sequence,
        outcome: Outcome,
        progress: &mut Progress,
    ) -> Next {
        let (why, asked) = match outcome {
            Outcome::Taken => {
                self.failures = 0;
                *progress = Progress {
                    delivered: sequence,
                    delivered_at: Some(now),
                    ..Progress::new(std::mem::take(&mut progress.receiver), sequence)
                };
                return Next::GoOn;
            }
            Outcome::Failed(why, asked) => (why, asked),
            Outcome::Gone => {
                progress.stopped = true;
                ("it answered 410: it wants no more".to_owned(), None)
            }
        };
        let since = *progress.failing_since.get_or_insert(now);
        progress.last_error = Some(why.chars().take(ERROR_CHARS_MAX).collect());
        progress.stopped |= since.until(now) >= self.give_up_after;
        if progress.stopped {
            self.failures = 0;
            return Next::Stop;
        }
        let doubled = self.retry_first.saturating_mul(1 << self.failures.min(20)).min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        let pause = doubled.mul_f64(0.5 + die.clamp(0.0, 1.0) / 2.0);
        Next::Wait(pause.max(asked.unwrap_or_default().min(ASKED_MAX)))
    }

    /// Somebody has asked for a replay: what failed before does not count.
    pub fn begin_anew(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn failed() -> Outcome {
        Outcome::Failed("it answered 500".to_owned(), None)
    }

    fn begin() -> (Course, Progress) {
        (Course::new(SECOND, 3600 * SECOND), Progress::new("webhook:1".to_owned(), Sequence(4)))
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_are_spread() {
        let (mut course, mut progress) = begin();
        let mut fail = |die| match course.after(UnixTime(100), die, Sequence(5), failed(), &mut progress) {
            Next::Wait(pause) => pause,
            other => panic!("{other:?}"),
        };
        assert_eq!([fail(1.0), fail(1.0), fail(0.0), fail(1.0)].map(|p| p.as_secs()), [1, 2, 2, 8]);
        for _ in 0..40 {
            assert!(fail(1.0) <= PAUSE_MAX);
        }
        assert_eq!((fail(1.0), fail(0.0)), (PAUSE_MAX, PAUSE_MAX / 2));
        assert_eq!((progress.delivered, progress.failing_since), (Sequence(4), Some(UnixTime(100))));
    }

    #[test]
    fn one_that_is_taken_ends_the_failure() {
        let (mut course, mut progress) = begin();
        for _ in 0..5 {
            course.after(UnixTime(100), 1.0, Sequence(5), failed(), &mut progress);
        }
        assert_eq!(course.after(UnixTime(101), 1.0, Sequence(5), Outcome::Taken, &mut progress), Next::GoOn);
        let expected =
            Progress { delivered_at: Some(UnixTime(101)), ..Progress::new("webhook:1".to_owned(), Sequence(5)) };
        assert_eq!(progress, expected);
        assert_eq!(course.after(UnixTime(102), 1.0, Sequence(6), failed(), &mut progress), Next::Wait(SECOND));
    }

    #[test]
    fn after_too_long_or_when_it_is_gone_it_is_stopped() {
        let (mut course, mut progress) = begin();
        assert!(matches!(course.after(UnixTime(100), 1.0, Sequence(5), failed(), &mut progress), Next::Wait(_)));
        assert!(matches!(course.after(UnixTime(3_699), 1.0, Sequence(5), failed(), &mut progress), Next::Wait(_)));
        assert_eq!(course.after(UnixTime(3_700), 1.0, Sequence(5), failed(), &mut progress), Next::Stop);
        assert!(progress.stopped && progress.delivered == Sequence(4));
        let (mut course, mut progress) = begin();
        assert_eq!(course.after(UnixTime(100), 1.0, Sequence(5), Outcome::Gone, &mut progress), Next::Stop);
        assert!(progress.stopped && progress.last_error.is_some());
    }

    #[test]
    fn an_endpoint_may_ask_for_more_time_within_bounds() {
        let (mut course, mut progress) = begin();
        let mut asks = |seconds| {
            let outcome = Outcome::Failed("x".repeat(9_000), Some(seconds * SECOND));
            course.after(UnixTime(100), 1.0, Sequence(5), outcome, &mut progress)
        };
        assert_eq!(asks(30), Next::Wait(30 * SECOND));
        assert_eq!(asks(0), Next::Wait(2 * SECOND));
        assert_eq!(asks(u32::MAX), Next::Wait(ASKED_MAX));
        assert_eq!(progress.last_error.map(|error| error.len()), Some(ERROR_CHARS_MAX));
    }
}
