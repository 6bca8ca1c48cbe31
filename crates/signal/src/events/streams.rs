//! The event streams there are: whose they are, what they were asked for, and who reads them.
//!
//! Bounded in all (as many as may be open at once) and per session. A stream has one reader: a player that lost its
//! connection comes back before the server has noticed, so the newest is the right one.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use proto::{RoomName, SessionId};
use tokio::sync::watch;

use super::Events;
use crate::desk::Owner;
use crate::problem::{Failure, Kind};

/// One for the player, one for whoever looks over its shoulder.
const PER_SESSION_MAX: usize = 2;
/// Time to come back for a reader that lost its connection.
const UNREAD_MAX: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Streams {
    max: usize,
    table: Mutex<BTreeMap<StreamId, Stream>>,
}

/// 128 random bits: whoever knows them may read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId(u128);

#[derive(Debug)]
struct Stream {
    opening: Opening,
    state: watch::Sender<State>,
    told_active: bool,
    /// `None` while it is read.
    unread_since: Option<Instant>,
}

#[derive(Debug, Clone)]
pub struct Opening {
    pub session: SessionId,
    pub owner: Owner,
    pub events: Events,
    pub media: Option<String>,
    /// Where the session is now.
    pub room: String,
}

#[derive(Debug, Clone)]
struct State {
    /// Counts the readers: only the last one goes on.
    reader: u64,
    room: String,
}

/// One reader's hold on a stream.
pub struct Reading {
    streams: Arc<Streams>,
    id: StreamId,
    reader: u64,
    state: watch::Receiver<State>,
    pub session: SessionId,
    pub owner: Owner,
    pub events: Events,
    pub media: Option<String>,
    pub told_active: bool,
}

impl Streams {
    pub fn new(max: usize) -> Arc<Streams> {
        Arc::new(Streams { max, table: Mutex::default() })
    }

    pub fn open(&self, now: Instant, opening: Opening) -> Result<StreamId, Failure> {
        let mut table = self.table();
        let is_wanted =
            |stream: &Stream| stream.unread_since.is_none_or(|since| now.saturating_duration_since(since) < UNREAD_MAX);
        table.retain(|_, stream| is_wanted(stream));
        if table.values().filter(|stream| stream.opening.session == opening.session).count() >= PER_SESSION_MAX {
            let detail = format!("a session may have {PER_SESSION_MAX} event streams; DELETE one of them first");
            return Err(Failure::new(Kind::TooManyStreams, detail).retry_after(UNREAD_MAX.as_secs() as u32));
        }
        if table.len() >= self.max {
            let detail = "too many event streams are open; retry in 10 s";
            return Err(Failure::new(Kind::NodeBusy, detail).retry_after(10));
        }
        let id = StreamId::random();
        let (state, _) = watch::channel(State { reader: 0, room: opening.room.clone() });
        table.insert(id, Stream { opening, state, told_active: false, unread_since: Some(now) });
        Ok(id)
    }

    /// Begins to read; whoever did so before is done.
    pub fn read(self: &Arc<Streams>, id: StreamId) -> Option<Reading> {
        let mut table = self.table();
        let stream = table.get_mut(&id)?;
        stream.unread_since = None;
        stream.state.send_modify(|state| state.reader += 1);
        let mut state = stream.state.subscribe();
        let reader = state.borrow_and_update().reader;
        let Opening { session, owner, events, media, .. } = stream.opening.clone();
        let told_active = stream.told_active;
        Some(Reading { streams: self.clone(), id, reader, state, session, owner, events, media, told_active })
    }

    pub fn end(&self, id: StreamId) -> bool {
        self.table().remove(&id).is_some()
    }

    pub fn end_all_of(&self, session: SessionId) {
        self.table().retain(|_, stream| stream.opening.session != session);
    }

    /// The session is in another room now.
    pub fn move_to(&self, session: SessionId, room: &RoomName) {
        self.correct(session, room.as_str());
    }

    pub fn correct(&self, session: SessionId, room: &str) {
        for stream in self.table().values().filter(|stream| stream.opening.session == session) {
            stream.state.send_if_modified(|state| {
                let is_news = state.room != room;
                if is_news {
                    state.room = room.to_owned();
                }
                is_news
            });
        }
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<StreamId, Stream>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    /// The session's room; `None` when another reader has taken over.
    pub fn room(&mut self) -> Option<String> {
        let state = self.state.borrow_and_update();
        (state.reader == self.reader).then(|| state.room.clone())
    }

    /// Resolves when something is different: false when the stream is over, or somebody else reads it.
    pub async fn changed(&mut self) -> bool {
        self.state.changed().await.is_ok() && self.state.borrow().reader == self.reader
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(stream) = self.streams.table().get_mut(&self.id)
            && stream.state.borrow().reader == self.reader
        {
            stream.unread_since = Some(Instant::now());
            stream.told_active = self.told_active;
        }
    }
}

impl StreamId {
    fn random() -> StreamId {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
        StreamId(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Keeps it out of logs.
impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamId(..)")
    }
}

impl FromStr for StreamId {
    type Err = ();

    fn from_str(text: &str) -> Result<StreamId, ()> {
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 32 || !text.bytes().all(lower_hex) {
            return Err(());
        }
        u128::from_str_radix(text, 16).map(StreamId).map_err(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use proto::WorkerId;

    use super::*;

    fn opening(secret: u128) -> Opening {
        Opening {
            session: SessionId { worker: WorkerId(0), secret },
            owner: Owner::Anonymous,
            events: Events::ALL,
            media: None,
            room: "a".into(),
        }
    }

    #[test]
    fn streams_are_bounded_in_all_and_per_session_and_unread_ones_make_way() {
        let now = Instant::now();
        let streams = Streams::new(3);
        for secret in [1, 1, 2] {
            streams.open(now, opening(secret)).unwrap();
        }
        assert!(streams.open(now, opening(1)).is_err(), "a third one of one session");
        assert!(streams.open(now, opening(3)).is_err(), "a fourth one in all");
        assert!(streams.open(now + UNREAD_MAX, opening(3)).is_ok());
        assert_eq!(streams.table().len(), 1);
    }

    #[tokio::test]
    async fn the_newest_reader_goes_on_and_the_one_before_is_done() {
        let streams = Streams::new(3);
        let id = streams.open(Instant::now(), opening(1)).unwrap();
        let mut first = streams.read(id).unwrap();
        assert_eq!(first.room().as_deref(), Some("a"));
        let mut second = streams.read(id).unwrap();
        assert!(!first.changed().await);
        drop(first);
        assert!(streams.table()[&id].unread_since.is_none(), "the second still reads");
        streams.move_to(opening(1).session, &"b".parse().unwrap());
        assert!(second.changed().await);
        assert_eq!(second.room().as_deref(), Some("b"));
        streams.end_all_of(opening(1).session);
        assert!(!second.changed().await);
        assert!(streams.read(id).is_none());
    }
}
