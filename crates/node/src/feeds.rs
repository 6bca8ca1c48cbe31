//! The node's side of FTL ingest: sessions that are no peer connections find their worker like any publisher, and their packets
//! find the way to it.
//!
//! Media takes a bounded queue per worker instead of the worker's own socket: a publisher's few packets, not a viewer's many.
//! When the queue is full the packet is dropped, and counted by the worker when the next one comes through.

use std::collections::HashMap;
use std::sync::mpsc::SyncSender;

use engine::{Command, EndReason, Owner, PlainContent, PlainPacket, PlainTrack, Refusal as No, Reply};
use ftl::desk::{Content, Deliver, How};
use ftl::{Ask, Brought, Refusal};
use media::codec::{Codec, Kind};
use proto::{PeerId, WorkerId};
use tokio::sync::{mpsc, oneshot, watch};

use crate::desk::{Desk, Handle, Open};
use crate::metrics;
use crate::worker::Job;

/// Tracks in the order in which they are announced to a worker.
const VIDEO: u8 = 0;
const AUDIO: u8 = 1;

/// What the desk knows of FTL: its questions, its counters, and who waits to hear that a session has ended.
pub struct Feeds {
    desk: ftl::Desk,
    asks: mpsc::Receiver<Ask>,
    stats: Option<watch::Receiver<ftl::Stats>>,
    open: HashMap<PeerId, oneshot::Sender<()>>,
}

impl Feeds {
    pub fn new(listener: Option<&ftl::Listener>) -> Feeds {
        let (desk, asks) = ftl::Desk::new();
        Feeds { desk, asks, stats: listener.map(ftl::Listener::stats), open: HashMap::new() }
    }

    pub fn desk(&self) -> ftl::Desk {
        self.desk.clone()
    }

    /// Waits for ever on a node without FTL.
    pub async fn next_ask(&mut self) -> Ask {
        self.asks.recv().await.expect("we hold a sender ourselves")
    }

    /// The session is over, and if that was not the client's doing it is told.
    pub fn ended(&mut self, peer: PeerId) {
        if let Some(ended) = self.open.remove(&peer) {
            let _ = ended.send(());
        }
    }

    pub fn metrics(&self) -> String {
        self.stats.as_ref().map_or_else(String::new, |stats| metrics::render_ftl(&stats.borrow()))
    }
}

impl Desk {
    pub fn handle_feed_ask(&mut self, ask: Ask) {
        match ask {
            Ask::Bring { room, announcement, from, reply } => {
                tracing::debug!(%room, client = %from.ip(), agent = announcement.vendor, "asks to publish by FTL");
                if self.draining || self.placement.total() >= self.sessions_max {
                    return drop(reply.send(Err(Refusal::NotNow)));
                }
                let worker = self.placement.publisher(&room);
                let ticket = self.next_ticket();
                // Whoever knows the key of the channel owns the room's feed, and nobody else is told its id.
                let command = Command::Bring { ticket, room, tracks: tracks(), owner: Owner(None) };
                if !self.worker(worker).send(Job::Command(command)) {
                    return drop(reply.send(Err(Refusal::NotNow)));
                }
                self.placement.placed(worker);
                self.open.insert(ticket, Open::Bring { worker, reply });
            }
            Ask::End { peer, how } => {
                self.feeds.open.remove(&peer);
                let reason = match how {
                    How::Left => EndReason::Left,
                    How::Closed => EndReason::Closed,
                    How::Silent => EndReason::Silent,
                };
                // A worker whose queue is full ends the session when it has been silent for long enough.
                self.worker(peer.worker).send(Job::Command(Command::Lose { peer, reason }));
            }
        }
    }

    pub fn handle_brought(
        &mut self,
        worker: WorkerId,
        reply: oneshot::Sender<Result<Brought, Refusal>>,
        replied: Reply,
    ) {
        let peer = match replied {
            Reply::Brought { peer, .. } => peer,
            refused => {
                self.placement.ended(worker);
                let occupied = matches!(refused, Reply::Refused(No::Occupied(_)));
                return drop(reply.send(Err(if occupied { Refusal::Occupied } else { Refusal::NotNow })));
            }
        };
        let (ends, ended) = oneshot::channel();
        let deliver = deliver(self.worker(worker), peer);
        if reply.send(Ok(Brought { peer, deliver, ended })).is_err() {
            // The client went away while we worked.
            self.worker(worker).send(Job::Command(Command::Lose { peer, reason: EndReason::Closed }));
            return;
        }
        self.feeds.open.insert(peer, ends);
    }
}

/// The way of a session's packets to its worker.
fn deliver(worker: &Handle, peer: PeerId) -> Deliver {
    let (queue, waker): (SyncSender<_>, _) = (worker.plain.clone(), worker.waker.clone());
    Box::new(move |packet| {
        let sent = queue.try_send((peer, plain(packet))).is_ok();
        waker.wake();
        sent
    })
}

/// Always both, so that each has its place; a track that was not announced has no packets.
fn tracks() -> Vec<PlainTrack> {
    vec![
        PlainTrack { codec: Codec::H264, fmtp: None },
        PlainTrack { codec: Codec::Opus, fmtp: Some("minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1".into()) },
    ]
}

fn plain(packet: ftl::Packet) -> PlainPacket {
    PlainPacket {
        track: match packet.kind {
            Kind::Video => VIDEO,
            Kind::Audio => AUDIO,
        },
        arrival: packet.arrival,
        content: match packet.content {
            Content::Media { seq, time, marker, payload } => PlainContent::Media { seq, time, marker, payload },
            Content::Clock { ntp, time } => PlainContent::Clock { ntp, time },
        },
        lost_before: packet.lost_before,
    }
}
