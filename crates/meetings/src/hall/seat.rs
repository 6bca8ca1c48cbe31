//! The place of somebody who is on this node: the socket over which they are told things, and what is kept for them while it is lost.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use proto::meeting::{SlotView, What};

use super::budget::{Budget, Rate};
use super::chat::Inbox;
use super::feeds::Feeds;
use super::log::Log;
use super::roster::Rank;

/// What a client may have unread. A meeting of a thousand is told in 250 kB; a replay is half of this at most.
const UNREAD_MAX: usize = 1000;
const UNREAD_BYTES_MAX: usize = 1024 * 1024;

/// A page that comes up subscribes, offers and says what is on within a second; nobody goes on like that.
const PACKETS: Rate = Rate { burst: 60, every: Duration::from_millis(50) };
/// Faster than anybody types.
const CHATS: Rate = Rate { burst: 10, every: Duration::from_millis(500) };
const REACTIONS: Rate = Rate { burst: 10, every: Duration::from_millis(300) };

/// One WebSocket, named by whoever has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

#[derive(Debug)]
pub struct Seat {
    /// Proves that who comes back is who was here.
    pub session: u128,
    pub line: Line,
    pub log: Log,
    pub inbox: Inbox,
    pub feeds: Feeds,
    /// What was said last of each slot, without its state.
    pub slots_told: Vec<SlotView>,
    pub studio: Studio,
    /// Whether they may send messages, as the media were told last of the receiving connection that is there.
    pub sends_told: Option<bool>,
    /// Asked by a host to unmute, so that they may even where nobody may by themselves.
    pub asked_to_unmute: bool,
    pub packets: Budget,
    pub chats: Budget,
    pub reactions: Budget,
}

#[derive(Debug)]
pub enum Line {
    Open { socket: SocketId, unread: Unread },
    Lost { since: Instant },
}

/// What somebody sends, and what of it is meant to be passed on.
#[derive(Debug, Default)]
pub struct Studio {
    /// The last offer of each connection, by its id, until it ends.
    pub offers: BTreeMap<What, u32>,
    /// What they want to have on. Off until they say so.
    pub microphone_on: bool,
    pub camera_on: bool,
    /// What is there to be passed on.
    pub microphone: bool,
    pub camera: bool,
    pub screen: bool,
}

/// Packets that were given to a socket and not written yet.
#[derive(Debug, Default)]
pub struct Unread {
    sizes: VecDeque<usize>,
    bytes: usize,
}

impl Seat {
    pub fn new(now: Instant, socket: SocketId, session: u128, rank: Rank) -> Seat {
        Seat {
            session,
            line: Line::Open { socket, unread: Unread::default() },
            log: Log::default(),
            inbox: Inbox::default(),
            feeds: feeds_for(rank),
            slots_told: Vec::new(),
            studio: Studio::default(),
            sends_told: None,
            asked_to_unmute: false,
            packets: packet_budget(now),
            chats: Budget::new(now, CHATS),
            reactions: Budget::new(now, REACTIONS),
        }
    }

    pub fn socket(&self) -> Option<SocketId> {
        match &self.line {
            Line::Open { socket, .. } => Some(*socket),
            Line::Lost { .. } => None,
        }
    }

    pub fn lost_since(&self) -> Option<Instant> {
        match &self.line {
            Line::Open { .. } => None,
            Line::Lost { since } => Some(*since),
        }
    }

    /// Another place of the same person: what was sent and received is over, what was said in the chat is not.
    pub fn clear(&mut self, rank: Rank) -> BTreeSet<What> {
        let open = std::mem::take(&mut self.studio).offers.into_keys().collect();
        self.feeds = feeds_for(rank);
        self.slots_told.clear();
        self.sends_told = None;
        self.asked_to_unmute = false;
        open
    }

    pub fn is_bounded(&self) -> bool {
        let unread = match &self.line {
            Line::Open { unread, .. } => unread.is_bounded(),
            Line::Lost { .. } => true,
        };
        unread && self.log.is_bounded() && self.inbox.is_bounded()
    }
}

pub fn packet_budget(now: Instant) -> Budget {
    Budget::new(now, PACKETS)
}

fn feeds_for(rank: Rank) -> Feeds {
    Feeds::new(match rank {
        Rank::Recorder => super::feeds::RECORDER_FEEDS_MAX,
        Rank::Owner | Rank::CoHost | Rank::Person => super::feeds::FEEDS_MAX,
    })
}

impl Unread {
    /// False when the socket has not been read for too long: its line is to be closed, and nothing is lost by that.
    pub fn add(&mut self, bytes: usize) -> bool {
        if self.sizes.len() >= UNREAD_MAX || self.bytes + bytes > UNREAD_BYTES_MAX {
            return false;
        }
        self.sizes.push_back(bytes);
        self.bytes += bytes;
        true
    }

    pub fn written(&mut self, packets: usize) {
        let written = packets.min(self.sizes.len());
        self.bytes -= self.sizes.drain(..written).sum::<usize>();
    }

    fn is_bounded(&self) -> bool {
        self.sizes.len() <= UNREAD_MAX && self.bytes <= UNREAD_BYTES_MAX
    }
}
