//! What happened on a node, as it is kept until everybody was told who is to be told: a log that only grows at its end and is
//! forgotten from its beginning, and how far each receiver of it has come.
//!
//! What an event means is `proto::event`'s business. Here it is a kind and a text, so that a store keeps what it does not know.

use crate::time::UnixTime;

/// Something that happened, before it has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Unguessable, and never used twice.
    pub id: String,
    /// Milliseconds since 1970.
    pub time_ms: u64,
    pub node: String,
    pub kind: String,
    /// JSON.
    pub data: String,
}

/// Numbers what happened, from 1 on and without gaps. No number is used twice, even after all events were forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Sequence(pub u64);

impl Sequence {
    pub fn next(self) -> Sequence {
        Sequence(self.0.saturating_add(1))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub sequence: Sequence,
    pub happened: Happened,
}

/// How far somebody has come who is told of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub receiver: String,
    /// Everything up to here was taken, or was not for them.
    pub delivered: Sequence,
    pub delivered_at: Option<UnixTime>,
    /// Nothing has been taken since.
    pub failing_since: Option<UnixTime>,
    /// It was for too long: nothing is sent before somebody asks for it.
    pub stopped: bool,
    pub last_error: Option<String>,
}

impl Progress {
    pub fn new(receiver: String, delivered: Sequence) -> Progress {
        Progress { receiver, delivered, delivered_at: None, failing_since: None, stopped: false, last_error: None }
    }
}
