//! The SFU for one core, as one struct.
//!
//! ```text
//!            commands ─┐                                   ┌─> events, replies
//!  records from links ─┼─> Engine: sessions, rooms, ───────┼─> records and messages to links
//!           datagrams ─┤   sources (rings), downlinks      └─> one outbox of sealed datagrams
//!              timers ─┘
//! ```
//!
//! A worker's tick calls the public verbs in the order of that picture. Pure: time, randomness and addresses come in as
//! arguments, and everything that leaves is taken out by the shell. It does not know sockets, threads, HTTP or other
//! nodes, and nothing a client sends may panic it: per-session code runs behind a fence that ends that session only.

mod allowance;
mod anchor;
mod assign;
mod beginnings;
#[doc(hidden)]
pub mod budget;
mod choose;
mod command;
mod commands;
mod config;
mod control;
mod data;
mod datagrams;
mod downlink;
mod drops;
mod fanout;
mod feed;
mod given;
pub mod gop;
mod header;
mod hold;
mod housekeeping;
mod idle;
mod keyframe;
mod line;
mod link;
mod links;
mod look;
mod mute;
mod pacer;
mod plain;
mod publish;
mod pull;
mod replay;
mod ring;
mod roll;
mod room;
mod session;
mod sets;
mod share;
mod source;
#[doc(hidden)]
pub mod speaker;
mod splice;
mod stage;
mod stats;
mod thrift;
mod timers;
mod view;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use proto::room::LinkMessage;
use proto::{RoomName, TrackId};
use transport::{Identity, Outbox};

pub use command::{Answered, Command, EndReason, Event, Expect, Owner, Refusal, Reply, Roll, Side, Summary, Ticket};
pub use config::{Config, Limits};
pub use data::{Limits as DataLimits, Rates as DataRates};
pub use drops::{Drop, Drops};
pub use fanout::Flushed;
pub use link::Link;
pub use plain::{PlainContent, PlainPacket, PlainTrack, is_plain};
pub use pull::Parcel;
pub use stats::{Histogram, Stats};
pub use view::{RoomPart, View};

use fanout::{Carried, Round};
use idle::Playing;
use line::Line;
use link::Origin;
use plain::Feeds;
use room::Room;
use session::{Doomed, Role, Slots};
use source::{Source, Waiter};
use timers::Timers;

/// Random bytes for session ids, ICE credentials and SSRCs: the operating system's in a node, a seed's in a simulation.
pub type Entropy = Box<dyn FnMut(&mut [u8]) + Send>;

/// Sources, their audiences and keyframe requests are looked at this often.
const HOUSEKEEPING: Duration = Duration::from_millis(100);

pub struct Engine {
    config: Config,
    identity: Identity,
    entropy: Entropy,
    origin: Origin,
    links: Vec<Link>,
    sessions: Slots,
    /// Publishers without a peer connection.
    feeds: Feeds,
    by_id: HashMap<u128, u32>,
    /// Addresses that ICE has validated: the only ones DTLS and media are taken from.
    by_address: HashMap<SocketAddr, u32>,
    rooms: BTreeMap<RoomName, Room>,
    /// By slot: the way to each connected viewer.
    lines: Vec<Option<Line>>,
    sources: Vec<Option<Source>>,
    by_track: HashMap<TrackId, usize>,
    tracks_made: u32,
    /// Sources with packets that arrived since the last flush.
    dirty: Vec<usize>,
    /// Sources with a keyframe that viewers of something else have waited for.
    arrived: Vec<usize>,
    /// Viewers' tracks that go elsewhere once the frame they are in the midst of is complete.
    amid: Vec<Waiter>,
    round: Round,
    timers: Timers,
    clips: Vec<Playing>,
    /// To whom messages of applications can be sent.
    post: data::Due,
    /// When other workers are to be told more of what the rings hold.
    replay_at: Option<Instant>,
    housekeeping_at: Instant,
    second_at: Instant,
    measured_at: Instant,
    outbox: Outbox,
    /// What the pulls have to send, each from its own socket.
    parcels: Vec<Parcel>,
    /// What the outbox carries, for the forwarding delay.
    carried: Vec<Carried>,
    /// Viewers whose packets began to wait for the pacer during this flush.
    holding: Vec<u32>,
    events: VecDeque<Event>,
    doomed: Vec<Doomed>,
    /// Viewers whose line is to be shared anew among their pictures.
    unshared: Vec<u32>,
    /// The view has news that nobody has been told of.
    is_changed: bool,
    draining: bool,
    scratch: Vec<u8>,
    stats: Stats,
}

impl Engine {
    pub fn new(now: Instant, config: Config, identity: Identity, entropy: Entropy) -> Engine {
        let links = (0..config.workers).map(proto::WorkerId).filter(|&w| w != config.worker).map(Link::new).collect();
        Engine {
            origin: Origin::new(config.worker),
            links,
            identity,
            entropy,
            sessions: Slots::default(),
            feeds: Feeds::default(),
            by_id: HashMap::new(),
            by_address: HashMap::new(),
            rooms: BTreeMap::new(),
            lines: Vec::new(),
            sources: Vec::new(),
            by_track: HashMap::new(),
            tracks_made: 0,
            dirty: Vec::new(),
            arrived: Vec::new(),
            amid: Vec::new(),
            round: Round::default(),
            timers: Timers::default(),
            clips: Vec::new(),
            post: data::Due::default(),
            replay_at: None,
            housekeeping_at: now + HOUSEKEEPING,
            second_at: now + Duration::from_secs(1),
            measured_at: now,
            outbox: Outbox::default(),
            parcels: Vec::new(),
            carried: Vec::new(),
            holding: Vec::new(),
            events: VecDeque::new(),
            doomed: Vec::new(),
            unshared: Vec::new(),
            is_changed: false,
            draining: false,
            scratch: Vec::new(),
            stats: Stats::default(),
            config,
        }
    }

    /// When `handle_timeout` or `flush` has something to do at the latest.
    pub fn next_timeout(&self) -> Instant {
        let flush = self.dirty.iter().filter_map(|&i| self.sources[i].as_ref()?.flush_at()).min();
        [self.timers.next(), flush, self.replay_at, self.clip_due(), self.post.at]
            .into_iter()
            .flatten()
            .fold(self.housekeeping_at, Instant::min)
    }

    /// Sealed datagrams for the socket. The shell sends them and clears it: after each call of `flush`, and between other calls when it is
    /// full.
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// The outbox has been handed to the kernel, which took all but `dropped` datagrams.
    pub fn sent(&mut self, now: Instant, dropped: u64) {
        for Carried { arrival, viewers } in self.carried.drain(..) {
            self.stats.forward_delay.record_many(now.saturating_duration_since(arrival), viewers);
        }
        self.stats.drops.add(Drop::SendBufferFull, dropped);
        self.stats.drops.add(Drop::OutboxFull, self.outbox.take_refused());
    }

    /// Messages and records for other workers. The shell takes them out.
    pub fn links(&mut self) -> &mut [Link] {
        &mut self.links
    }

    /// A record did not fit into the ring to another worker.
    pub fn link_full(&mut self, records: u64) {
        self.stats.drops.add(Drop::LinkFull, records);
    }

    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        event.or_else(|| std::mem::take(&mut self.is_changed).then_some(Event::RoomsChanged))
    }

    pub fn stats(&self) -> Stats {
        let mut stats = self.stats.clone();
        for session in self.sessions.iter() {
            match session.side() {
                Side::Publisher => stats.publishers += 1,
                Side::Pull => stats.pulls += 1,
                Side::Viewer => stats.viewers += 1,
            }
            if let Role::Viewer(viewer) = &session.role {
                stats.viewer_tracks += viewer.tracks.len() as u64;
            }
        }
        stats.publishers += self.feeds.len() as u64;
        stats.viewers_paced = self.lines.iter().flatten().filter(|line| line.pacer.is_limited()).count() as u64;
        self.note_levels(&mut stats);
        stats.sources = self.by_track.len() as u64;
        stats.rooms = self.rooms.len() as u64;
        stats.addresses = self.by_address.len() as u64;
        stats.timers = self.timers.len() as u64;
        stats
    }

    /// Sessions now: what placement balances.
    pub fn load(&self) -> usize {
        self.sessions.len() + self.feeds.len()
    }

    /// Makes the peer's next datagram panic: how a test sees that a bug of ours ends one session only.
    #[doc(hidden)]
    pub fn sabotage(&mut self, peer: proto::PeerId) {
        if let Some(session) = self.sessions.get_mut(peer.slot).filter(|s| s.peer_id == peer) {
            session.sabotaged = true;
        }
    }

    fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.entropy)(&mut bytes);
        bytes
    }

    fn announce(&mut self, event: proto::room::RoomEvent) {
        self.origin.announce(&mut self.links, event);
    }

    fn message(&mut self, to: proto::WorkerId, message: LinkMessage) {
        if let Some(link) = self.links.iter_mut().find(|l| l.to == to) {
            link.messages.push_back(message);
        }
    }
}

/// Runs code that works for one session only. A panic in there is a bug of ours, and must not become everybody's problem.
fn fence<T>(f: impl FnOnce() -> T) -> Option<T> {
    // Whatever the panic left half-done belongs to the session that is about to be thrown away.
    catch_unwind(AssertUnwindSafe(f)).ok()
}
