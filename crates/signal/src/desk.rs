//! The desk between HTTP and the node: what an HTTP request may ask, and what a node may answer.
//!
//! ```text
//!   handler ── Ask (bounded queue) ──▶ node ── oneshot reply ──▶ handler
//!   node ── watch: rooms, readiness ──▶ handlers (they read the latest, nothing queues)
//! ```
//!
//! It does not know what a session is made of. Whoever holds [`Server`] answers; the tests of this crate do, and so does
//! the node. When a reply cannot be delivered (the client went away while the node worked), nobody knows the new
//! session's URL, so the node should end that session at once.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use proto::api::{
    AdminSession, AdminSessionView, AdminWorker, DrainView, RoomsView, SessionView, TrackKind, UpstreamOrder,
    UpstreamView,
};
use proto::data::{Member, Notice};
use proto::{Assignment, LayerChoice, Path, PeerId, PublisherName, RoomName, Section, SessionId, WorkerId};
use tokio::sync::{mpsc, oneshot, watch};
use transport::fragment::Fragment;
use transport::offer::Offer;

/// Asks that may wait for the node. 256 joins are about 100 ms of one core's work; who comes later is told to retry,
/// which is kinder than a queue that grows while its clients give up.
const ASKS_MAX: usize = 256;

/// A node answers in milliseconds. After this the client is better served by a 503 than by silence.
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// The handlers' end.
#[derive(Debug, Clone)]
pub struct Desk {
    asks: mpsc::Sender<Ask>,
    rooms: watch::Receiver<Arc<RoomsView>>,
    readiness: watch::Receiver<Readiness>,
}

/// The node's end.
#[derive(Debug)]
pub struct Server {
    pub asks: mpsc::Receiver<Ask>,
    /// Send a new list whenever it changes; readers pace themselves.
    pub rooms: watch::Sender<Arc<RoomsView>>,
    pub readiness: watch::Sender<Readiness>,
}

/// Whether new sessions are taken. Running sessions are served in every state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    Full,
    Draining,
}

#[derive(Debug)]
pub enum Ask {
    Publish {
        room: RoomName,
        name: Option<PublisherName>,
        offer: Offer,
        client: Client,
        owner: Owner,
        /// Told when the session is over, and why, if somebody wants to know.
        ended: Option<oneshot::Sender<String>>,
        reply: oneshot::Sender<Result<Answered, Refusal>>,
    },
    Watch {
        room: RoomName,
        offer: Offer,
        client: Client,
        owner: Owner,
        /// The nodes behind which the viewer sits, when it is a node that pulls.
        path: Path,
        reply: oneshot::Sender<Result<Answered, Refusal>>,
    },
    Patch {
        session: SessionId,
        owner: Owner,
        expect: Expect,
        fragment: Fragment,
        reply: oneshot::Sender<Result<Patched, Refusal>>,
    },
    End {
        session: SessionId,
        owner: Owner,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    Exists {
        session: SessionId,
        owner: Owner,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// Where a room comes from while nobody publishes it here.
    Upstream {
        room: RoomName,
        upstream: Upstream,
        reply: oneshot::Sender<Result<Option<UpstreamView>, Refusal>>,
    },
    /// The viewer is to see another room from its next decodable point on. A room without a publisher is accepted: the
    /// viewer then waits there.
    Switch {
        session: SessionId,
        owner: Owner,
        room: RoomName,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    Choose {
        session: SessionId,
        owner: Owner,
        choice: LayerChoice,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// Watch a room whether anything is published in it or not, as who takes part in a meeting does.
    Attend {
        room: RoomName,
        offer: Offer,
        client: Client,
        owner: Owner,
        /// Told when the session is over, and why.
        ended: oneshot::Sender<String>,
        reply: oneshot::Sender<Result<Answered, Refusal>>,
    },
    /// Says whose pictures the viewer's video sections are to show. The first one ends that any of them follows who speaks.
    Assign {
        session: SessionId,
        owner: Owner,
        /// The publishers that are the viewer itself, which it neither hears nor, unless it asks, sees; `None` leaves them as they are.
        own: Option<Vec<PublisherName>>,
        /// Sections that are not named stay as they are.
        assignments: Vec<Assignment>,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// What the video sections of a session are given, from now on until nobody reads it: all of them, whenever one changes. Asked before the
    /// first `Assign` it misses nothing.
    Follow {
        session: SessionId,
        given: watch::Sender<Vec<Section>>,
        /// What is to be said to the viewer about its messages. When it is full, one is left out: the same is said again.
        notices: mpsc::Sender<Notice>,
    },
    /// Who a viewer is to the others of its room, to whom its data channels lead from then on, and whether it may send.
    Introduce {
        session: SessionId,
        owner: Owner,
        member: Member,
        may_send: bool,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// Whether what a session sends of one kind is passed on to anybody.
    Forward {
        session: SessionId,
        owner: Owner,
        kind: TrackKind,
        on: bool,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// How a session fares.
    Look {
        session: SessionId,
        /// `None`: an operator, who may look at every session.
        owner: Option<Owner>,
        reply: oneshot::Sender<Result<Box<SessionView>, Refusal>>,
    },
    /// How the node fares; asks no worker.
    Overview {
        reply: oneshot::Sender<Overview>,
    },
    /// An administrator has new sessions refused, or taken again. A node that stops goes on doing so.
    Drain {
        drain: Drain,
        reply: oneshot::Sender<DrainView>,
    },
    /// The sessions of a room on one worker, whose slots come after `after`.
    Roll {
        worker: WorkerId,
        room: RoomName,
        after: Option<u32>,
        limit: usize,
        reply: oneshot::Sender<Result<Roll, Refusal>>,
    },
    /// How a session fares, for an administrator, who knows it by its peer.
    Inspect {
        peer: PeerId,
        reply: oneshot::Sender<Result<Box<AdminSessionView>, Refusal>>,
    },
    /// An administrator ends a session.
    Remove {
        peer: PeerId,
        reply: oneshot::Sender<Result<Removed, Refusal>>,
    },
    /// The node renders its Prometheus text.
    Metrics {
        reply: oneshot::Sender<String>,
    },
}

/// What is wanted with a room's upstream. The reply to each says how it stands afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    Show,
    Set(UpstreamOrder),
    /// Back to the node's own, if it has one.
    Clear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drain {
    Begin,
    Undo,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// Since the node started.
    pub up: Duration,
    pub drain: DrainView,
    pub sessions_max: u32,
    pub workers: Vec<AdminWorker>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Roll {
    pub sessions: Vec<AdminSession>,
    /// The slot of the last one, if this worker has more.
    pub next: Option<u32>,
}

/// A session that an administrator has ended, by the id that its holder knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    pub session: SessionId,
    pub room: RoomName,
}

/// Who is at the other end, for the node's logs and per-client limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub ip: IpAddr,
    /// `User-Agent`, printable and at most 128 bytes long; empty when there was none.
    pub agent: String,
}

/// Who created a session, and so may change or end it.
///
/// A client that sent its token in the `Authorization` header sends it again with every later request, so the session
/// belongs to the token's subject. A client whose token was part of the URL it was given (`?access_token=`, RFC 9725
/// on authentication) does not know that there is one: its session, like one that needed no token, is `Anonymous`, and whoever knows
/// the 128 random bits of the session URL may change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    Anonymous,
    /// The first half of a SHA-256 over the token's subject (or id): equal for a renewed token, useless in a log.
    Token([u8; 16]),
}

impl Owner {
    /// Whether `self`, who asks, may touch what `creator` created.
    pub fn may_touch(self, creator: Owner) -> bool {
        creator == Owner::Anonymous || creator == self
    }
}

/// The `If-Match` of a PATCH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// `*`, or `"*"` as the RFC's own example writes it.
    Any,
    /// One of these tags, unquoted. Empty when only weak tags were sent: those never match.
    Tags(Vec<String>),
}

impl Expect {
    pub fn admits(&self, current: &str) -> bool {
        match self {
            Expect::Any => true,
            Expect::Tags(tags) => tags.iter().any(|tag| tag == current),
        }
    }
}

/// A session was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub session: SessionId,
    /// Unquoted; unique per ICE session, printable ASCII without quotes.
    pub etag: String,
    pub sdp: String,
}

/// A PATCH was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patched {
    Trickled,
    Restarted { etag: String, fragment: String },
}

/// Why the node said no. The text goes to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nobody publishes in this room yet; retry in {retry_after_s} s")]
    NotLive { retry_after_s: u32 },
    #[error(
        "somebody else is publishing in this room under this name, or without one; publish under another name (?as=NAME), use \
         another room, or retry when that publisher has stopped"
    )]
    Occupied,
    #[error("{0} publish in this room, which is as many as may (stream.publishers_max); retry when one has stopped")]
    Crowded(usize),
    #[error("this node has no room for another session; retry in {retry_after_s} s")]
    Full { retry_after_s: u32 },
    #[error("this node is shutting down and takes no new sessions; retry on another one")]
    Draining,
    #[error("{0}")]
    BadOffer(String),
    /// Offer and source share no codec: the text names both sides.
    #[error("{0}")]
    CodecMismatch(String),
    #[error("there is no such session; it has ended, or its URL is wrong")]
    NoSession,
    #[error("the entity-tag in If-Match is not the session's current one")]
    StaleTag,
    #[error("{0}")]
    BadFragment(String),
    /// The session goes on as it was.
    #[error("the ICE restart was refused and the session goes on as it was: {0}")]
    RestartRefused(String),
    #[error("this node has asked for this room already, through others: their upstreams form a circle")]
    Loop,
    #[error("the room is {0} nodes away from its source, which is as far as this node goes (upstream.hops_max)")]
    TooFar(usize),
    #[error(
        "the server that this room is pulled from does not answer, and what the room carries is not known; retry in 1 s"
    )]
    ParentAway,
    #[error("{0}")]
    BadUpstream(String),
    #[error("this session was created with another token")]
    NotYours,
    #[error("this session publishes; only a viewer can be moved, choose a layer or be told of events")]
    NotAViewer,
    #[error("this session watches; only a publisher can be muted")]
    NotAPublisher,
    /// A layer that is not there, or a bound that this stream cannot keep.
    #[error("{0}")]
    BadChoice(String),
    #[error(
        "this session pulls the room from another server; to end it, take the upstream away: DELETE /api/rooms/ROOM/upstream"
    )]
    IsAPull,
    #[error("this token has reached its number of sessions ({limit}); end one first")]
    TooManySessions { limit: u32 },
}

/// The node did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    #[error("the node is busy; retry in a second")]
    Busy,
    #[error("the node did not answer in time; retry in a second")]
    Late,
    /// The node dropped the question: it stops, or one session's failure took the answer with it.
    #[error("the node gave up on this request; retry in a second")]
    Gone,
}

impl Desk {
    pub fn new() -> (Desk, Server) {
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        let (rooms_out, rooms) = watch::channel(Arc::new(RoomsView { rooms: Vec::new() }));
        let (readiness_out, readiness) = watch::channel(Readiness::Ready);
        (Desk { asks, rooms, readiness }, Server { asks: asked, rooms: rooms_out, readiness: readiness_out })
    }

    pub fn readiness(&self) -> Readiness {
        *self.readiness.borrow()
    }

    pub fn rooms(&self) -> Arc<RoomsView> {
        self.rooms.borrow().clone()
    }

    pub(crate) fn watch_rooms(&self) -> watch::Receiver<Arc<RoomsView>> {
        self.rooms.clone()
    }

    pub(crate) fn watch_readiness(&self) -> watch::Receiver<Readiness> {
        self.readiness.clone()
    }

    pub(crate) async fn publish(
        &self,
        room: RoomName,
        name: Option<PublisherName>,
        offer: Offer,
        client: Client,
        owner: Owner,
    ) -> Result<Result<Answered, Refusal>, Unanswered> {
        self.ask(|reply| Ask::Publish { room, name, offer, client, owner, ended: None, reply }).await
    }

    /// As `publish`, and `ended` hears when it is over.
    pub(crate) async fn publish_until(
        &self,
        room: RoomName,
        name: PublisherName,
        offer: Offer,
        client: Client,
        owner: Owner,
        ended: oneshot::Sender<String>,
    ) -> Result<Result<Answered, Refusal>, Unanswered> {
        let (name, ended) = (Some(name), Some(ended));
        self.ask(|reply| Ask::Publish { room, name, offer, client, owner, ended, reply }).await
    }

    pub(crate) async fn attend(
        &self,
        room: RoomName,
        offer: Offer,
        client: Client,
        owner: Owner,
        ended: oneshot::Sender<String>,
    ) -> Result<Result<Answered, Refusal>, Unanswered> {
        self.ask(|reply| Ask::Attend { room, offer, client, owner, ended, reply }).await
    }

    pub(crate) async fn assign(
        &self,
        session: SessionId,
        owner: Owner,
        own: Option<Vec<PublisherName>>,
        assignments: Vec<Assignment>,
    ) -> Result<Result<(), Refusal>, Unanswered> {
        self.ask(|reply| Ask::Assign { session, owner, own, assignments, reply }).await
    }

    /// False when the node is too busy to be told.
    pub(crate) fn follow(
        &self,
        session: SessionId,
        given: watch::Sender<Vec<Section>>,
        notices: mpsc::Sender<Notice>,
    ) -> bool {
        self.asks.try_send(Ask::Follow { session, given, notices }).is_ok()
    }

    pub(crate) async fn introduce(
        &self,
        session: SessionId,
        owner: Owner,
        member: Member,
        may_send: bool,
    ) -> Result<Result<(), Refusal>, Unanswered> {
        self.ask(|reply| Ask::Introduce { session, owner, member, may_send, reply }).await
    }

    pub(crate) async fn forward(
        &self,
        session: SessionId,
        owner: Owner,
        kind: TrackKind,
        on: bool,
    ) -> Result<Result<(), Refusal>, Unanswered> {
        self.ask(|reply| Ask::Forward { session, owner, kind, on, reply }).await
    }

    pub(crate) async fn watch(
        &self,
        room: RoomName,
        offer: Offer,
        client: Client,
        owner: Owner,
        path: Path,
    ) -> Result<Result<Answered, Refusal>, Unanswered> {
        self.ask(|reply| Ask::Watch { room, offer, client, owner, path, reply }).await
    }

    pub(crate) async fn upstream(
        &self,
        room: RoomName,
        upstream: Upstream,
    ) -> Result<Result<Option<UpstreamView>, Refusal>, Unanswered> {
        self.ask(|reply| Ask::Upstream { room, upstream, reply }).await
    }

    pub(crate) async fn patch(
        &self,
        session: SessionId,
        owner: Owner,
        expect: Expect,
        fragment: Fragment,
    ) -> Result<Result<Patched, Refusal>, Unanswered> {
        self.ask(|reply| Ask::Patch { session, owner, expect, fragment, reply }).await
    }

    pub(crate) async fn end(&self, session: SessionId, owner: Owner) -> Result<Result<(), Refusal>, Unanswered> {
        self.ask(|reply| Ask::End { session, owner, reply }).await
    }

    pub(crate) async fn exists(&self, session: SessionId, owner: Owner) -> Result<Result<(), Refusal>, Unanswered> {
        self.ask(|reply| Ask::Exists { session, owner, reply }).await
    }

    pub(crate) async fn switch(
        &self,
        session: SessionId,
        owner: Owner,
        room: RoomName,
    ) -> Result<Result<(), Refusal>, Unanswered> {
        self.ask(|reply| Ask::Switch { session, owner, room, reply }).await
    }

    pub(crate) async fn choose(
        &self,
        session: SessionId,
        owner: Owner,
        choice: LayerChoice,
    ) -> Result<Result<(), Refusal>, Unanswered> {
        self.ask(|reply| Ask::Choose { session, owner, choice, reply }).await
    }

    pub(crate) async fn look(
        &self,
        session: SessionId,
        owner: Option<Owner>,
    ) -> Result<Result<Box<SessionView>, Refusal>, Unanswered> {
        self.ask(|reply| Ask::Look { session, owner, reply }).await
    }

    pub(crate) async fn overview(&self) -> Result<Overview, Unanswered> {
        self.ask(|reply| Ask::Overview { reply }).await
    }

    pub(crate) async fn drain(&self, drain: Drain) -> Result<DrainView, Unanswered> {
        self.ask(|reply| Ask::Drain { drain, reply }).await
    }

    pub(crate) async fn roll(
        &self,
        worker: WorkerId,
        room: RoomName,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Result<Roll, Refusal>, Unanswered> {
        self.ask(|reply| Ask::Roll { worker, room, after, limit, reply }).await
    }

    pub(crate) async fn inspect(&self, peer: PeerId) -> Result<Result<Box<AdminSessionView>, Refusal>, Unanswered> {
        self.ask(|reply| Ask::Inspect { peer, reply }).await
    }

    pub(crate) async fn remove(&self, peer: PeerId) -> Result<Result<Removed, Refusal>, Unanswered> {
        self.ask(|reply| Ask::Remove { peer, reply }).await
    }

    pub(crate) async fn metrics(&self) -> Result<String, Unanswered> {
        self.ask(|reply| Ask::Metrics { reply }).await
    }

    /// A full queue refuses at once: waiting here would only move the queue into memory nobody counts.
    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Unanswered> {
        let (reply, answer) = oneshot::channel();
        self.asks.try_send(ask(reply)).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => Unanswered::Busy,
            mpsc::error::TrySendError::Closed(_) => Unanswered::Gone,
        })?;
        match tokio::time::timeout(REPLY_TIMEOUT, answer).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(_)) => Err(Unanswered::Gone),
            Err(_) => Err(Unanswered::Late),
        }
    }
}
