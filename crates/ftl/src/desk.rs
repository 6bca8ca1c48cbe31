//! What a listener asks of a node, and what it gets for it. The listener knows a node by this and nothing else.

use std::net::SocketAddr;
use std::time::Instant;

use media::codec::Kind;
use proto::{PeerId, RoomName};
use tokio::sync::{mpsc, oneshot};

use crate::announce::Announcement;
use crate::code::Code;

/// Questions under way. When full, the next session waits; its handshake has a deadline.
const ASKS_MAX: usize = 64;

/// The listener's end.
#[derive(Debug, Clone)]
pub struct Desk {
    asks: mpsc::Sender<Ask>,
}

pub enum Ask {
    /// A client that knows the key of a channel wants to publish in its room. A node that brings somebody whose reply nobody
    /// takes ends the session again.
    Bring {
        room: RoomName,
        announcement: Announcement,
        from: SocketAddr,
        reply: oneshot::Sender<Result<Brought, Refusal>>,
    },
    /// A session is over.
    End { peer: PeerId, how: How },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The client said goodbye.
    Left,
    /// The connection ended, or its client did not keep it up.
    Closed,
    /// No media came.
    Silent,
}

/// A session that the node has taken in.
pub struct Brought {
    pub peer: PeerId,
    pub deliver: Deliver,
    /// Fires when the node ends the session by itself.
    pub ended: oneshot::Receiver<()>,
}

/// The way of a session's packets to whoever forwards them. False when its queue was full, and the packet is dropped.
pub type Deliver = Box<dyn FnMut(Packet) -> bool + Send>;

/// Why a node does not take a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody is publishing in the room.
    Occupied,
    /// No place, or shutting down.
    NotNow,
}

/// One packet of a session: whose it is was found out, and its number extended.
#[derive(Debug, PartialEq, Eq)]
pub struct Packet {
    pub kind: Kind,
    pub arrival: Instant,
    pub content: Content,
    /// Packets of this session that were dropped since the last one that was delivered, because the queue was full.
    pub lost_before: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    Media {
        seq: u64,
        time: u32,
        marker: bool,
        payload: Vec<u8>,
    },
    /// What wall-clock time (NTP, 32.32) an RTP timestamp was.
    Clock {
        ntp: u64,
        time: u32,
    },
}

impl Desk {
    pub fn new() -> (Desk, mpsc::Receiver<Ask>) {
        let (asks, receiver) = mpsc::channel(ASKS_MAX);
        (Desk { asks }, receiver)
    }

    pub(crate) async fn bring(
        &self,
        room: RoomName,
        announcement: Announcement,
        from: SocketAddr,
    ) -> Result<Brought, Code> {
        let (reply, answer) = oneshot::channel();
        let asked = self.asks.send(Ask::Bring { room, announcement, from, reply }).await;
        if asked.is_err() {
            return Err(Code::ServerError);
        }
        match answer.await {
            Ok(Ok(brought)) => Ok(brought),
            Ok(Err(Refusal::Occupied)) => Err(Code::ChannelInUse),
            Ok(Err(Refusal::NotNow)) | Err(_) => Err(Code::ServerError),
        }
    }

    pub(crate) async fn end(&self, peer: PeerId, how: How) {
        // Without a node there is nothing left to end.
        let _ = self.asks.send(Ask::End { peer, how }).await;
    }
}
