//! One pulled room: where it stands, who waits for it, and when it is tried again.

use std::time::{Duration, Instant};

use dial::Url;
use proto::api::PullState;
use proto::{Path, PeerId, SessionId};
use signal::desk::{Answered, Owner, Refusal};
use tokio::sync::oneshot;
use transport::CodecChoice;
use transport::offer::Offer;

/// The first attempt after a failure, and the longest pause. A parent that returns has to be back on the screens within
/// 2 s, so the pause cannot grow beyond what one request a second costs.
const RETRY_MIN: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(1);

/// A pull that lived so long was no failure.
pub const GOOD_AFTER: Duration = Duration::from_secs(3);

pub struct Pull {
    pub state: State,
    /// Viewers whose offer is answered when the room's codecs are known.
    pub waiting: Vec<Held>,
    pub failures: u32,
    /// The last sign of somebody who watches.
    pub wanted_at: Instant,
    /// What the room carried the last time.
    pub codecs: Vec<CodecChoice>,
    /// Of the viewer that it began with.
    pub path: Path,
}

pub enum State {
    /// A worker makes the offer.
    Offering,
    /// The parent has it.
    Asking {
        session: SessionId,
        peer: PeerId,
    },
    /// A worker has the answer.
    Answering {
        session: SessionId,
        peer: PeerId,
        location: Option<Url>,
    },
    Live {
        session: SessionId,
        peer: PeerId,
        location: Option<Url>,
        since: Instant,
    },
    Resting {
        until: Instant,
        why: Why,
    },
}

/// A viewer on hold.
pub struct Held {
    pub offer: Offer,
    pub owner: Owner,
    pub reply: oneshot::Sender<Result<Answered, Refusal>>,
    /// The nodes behind which it sits; empty for a person.
    pub path: Path,
    pub since: Instant,
    /// How often it found the room without a source.
    pub tries: u32,
}

/// Why there is no pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nobody publishes at the parent either.
    NotLive,
    /// The parent says that it has been asked before, through us.
    Loop,
    TooFar,
    /// Our token is not good enough there.
    Denied,
    /// Another answer than a session.
    Refused,
    /// No answer.
    Unreachable,
    /// An answer that we cannot use.
    BadAnswer,
    /// It was there, and went away.
    Lost,
    /// This node has no room for it.
    Full,
}

impl Why {
    pub const ALL: [Why; 9] = [
        Why::NotLive,
        Why::Loop,
        Why::TooFar,
        Why::Denied,
        Why::Refused,
        Why::Unreachable,
        Why::BadAnswer,
        Why::Lost,
        Why::Full,
    ];

    pub fn label(self) -> &'static str {
        match self {
            Why::NotLive => "not_live",
            Why::Loop => "loop",
            Why::TooFar => "too_far",
            Why::Denied => "denied",
            Why::Refused => "refused",
            Why::Unreachable => "unreachable",
            Why::BadAnswer => "bad_answer",
            Why::Lost => "lost",
            Why::Full => "full",
        }
    }

    /// What a viewer is told. Where the parent cannot be asked it is let in nevertheless, and sees the room when it comes.
    pub fn refusal(self, hops_max: usize) -> Option<Refusal> {
        match self {
            Why::NotLive => Some(Refusal::NotLive { retry_after_s: 2 }),
            Why::Loop => Some(Refusal::Loop),
            Why::TooFar => Some(Refusal::TooFar(hops_max)),
            Why::Full => Some(Refusal::Full { retry_after_s: 1 }),
            Why::Denied | Why::Refused | Why::Unreachable | Why::BadAnswer | Why::Lost => None,
        }
    }
}

impl From<&dial::Error> for Why {
    fn from(error: &dial::Error) -> Why {
        match error {
            dial::Error::Refused { status: 404 | 409, .. } => Why::NotLive,
            dial::Error::Refused { status: 508, .. } => Why::Loop,
            dial::Error::Refused { status: 401 | 403, .. } => Why::Denied,
            dial::Error::Refused { .. } | dial::Error::Redirects(_) | dial::Error::Elsewhere(_) => Why::Refused,
            _ => Why::Unreachable,
        }
    }
}

impl Pull {
    pub fn new(now: Instant, path: Path) -> Pull {
        Pull {
            state: State::Resting { until: now, why: Why::Lost },
            waiting: Vec::new(),
            failures: 0,
            wanted_at: now,
            codecs: Vec::new(),
            path,
        }
    }

    /// The worker's session, when there is one.
    pub fn session(&self) -> Option<(SessionId, PeerId)> {
        match self.state {
            State::Asking { session, peer }
            | State::Answering { session, peer, .. }
            | State::Live { session, peer, .. } => Some((session, peer)),
            State::Offering | State::Resting { .. } => None,
        }
    }

    /// The session at the parent, when there is one.
    pub fn location(&self) -> Option<&Url> {
        match &self.state {
            State::Answering { location, .. } | State::Live { location, .. } => location.as_ref(),
            State::Offering | State::Asking { .. } | State::Resting { .. } => None,
        }
    }

    /// How long to wait after another failure: twice as long each time, and not all at once.
    pub fn back_off(&mut self, random: u64) -> Duration {
        let pause = RETRY_MIN.saturating_mul(1 << self.failures.min(8)).min(RETRY_MAX);
        self.failures += 1;
        // Three quarters to five quarters.
        pause * 3 / 4 + pause.mul_f64((random % 1024) as f64 / 2048.0)
    }

    pub fn view(&self) -> PullState {
        match self.state {
            State::Live { .. } => PullState::Live,
            State::Resting { .. } => PullState::Waiting,
            State::Offering | State::Asking { .. } | State::Answering { .. } => PullState::Calling,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_stay_below_what_a_returning_parent_allows_and_differ() {
        let mut pull = Pull::new(Instant::now(), Path::default());
        let pauses: Vec<u64> = (0..6).map(|_| pull.back_off(512).as_millis() as u64).collect();
        assert_eq!(pauses, [250, 500, 1000, 1000, 1000, 1000]);
        let (least, most) = (pull.back_off(0), pull.back_off(1023));
        assert!(least >= Duration::from_millis(750) && most <= Duration::from_millis(1250), "{least:?} {most:?}");
    }

    #[test]
    fn a_viewer_is_refused_only_for_what_the_parent_has_said() {
        let refused: Vec<Why> = Why::ALL.into_iter().filter(|why| why.refusal(8).is_some()).collect();
        assert_eq!(refused, [Why::NotLive, Why::Loop, Why::TooFar, Why::Full]);
    }
}
