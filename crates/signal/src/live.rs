//! What HTTP and the live meetings tell each other: who is inside, and what was decided about a meeting while people are in it.
//!
//! ```text
//!   handler ── Ask (bounded queue) ──▶ meetings on this node ── oneshot reply ──▶ handler
//! ```
//!
//! Whoever holds [`Server`] answers. Where nobody does, nobody is inside, and the store alone says what was decided: whoever
//! runs live meetings on several nodes reads it there, because a question reaches the meetings of one node only.

use std::time::Duration;

use meetings::hall::Decided;
use meetings::{AccountId, MeetingId, PersonId};
use tokio::sync::{mpsc, oneshot};

/// Decisions about meetings are rare. 256 are a moment of a busy node.
const ASKS_MAX: usize = 256;

/// A page that shows who is inside does well without; it should not wait for it.
const REPLY_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub struct Live {
    asks: mpsc::Sender<Ask>,
}

#[derive(Debug)]
pub struct Server {
    pub asks: mpsc::Receiver<Ask>,
}

#[derive(Debug)]
pub enum Ask {
    /// The names of those who are in, in the order in which they came.
    Inside {
        meeting: MeetingId,
        reply: oneshot::Sender<Vec<String>>,
    },
    /// This was changed about it, and is kept.
    Changed {
        meeting: MeetingId,
        decided: Box<Decided>,
    },
    Ended(MeetingId),
    /// This person said goodbye, and their tickets are void.
    Left {
        meeting: MeetingId,
        person: PersonId,
    },
    /// Every ticket and login of the account is void.
    LoggedOut(AccountId),
}

impl Live {
    pub fn new() -> (Live, Server) {
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        (Live { asks }, Server { asks: asked })
    }

    /// For a node without live meetings.
    pub fn nowhere() -> Live {
        Live::new().0
    }

    pub(crate) async fn inside(&self, meeting: &MeetingId) -> Vec<String> {
        let (reply, answer) = oneshot::channel();
        self.tell(Ask::Inside { meeting: meeting.clone(), reply }).await;
        // Nobody answers, or not in time: then nobody is known to be inside.
        tokio::time::timeout(REPLY_TIMEOUT, answer).await.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// Waits for room in the queue. What does not get in for too long is in the store, and found there.
    pub(crate) async fn tell(&self, ask: Ask) {
        if let Err(mpsc::error::SendTimeoutError::Timeout(ask)) = self.asks.send_timeout(ask, REPLY_TIMEOUT).await {
            tracing::warn!(?ask, "the live meetings are busy and were not told");
        }
    }
}
