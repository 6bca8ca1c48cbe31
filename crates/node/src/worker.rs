//! One worker: a thread that owns its socket, its engine and its ends of the rings, and shares nothing.
//!
//! `tick` is the product's table of contents. Queues, and what happens when they are full:
//!
//! | queue | bound | when full |
//! |---|---|---|
//! | commands and calls from the node | 1,024 | the node refuses the request (503) |
//! | packets of plain feeds | 2,048 | the packet is dropped and counted (`feed_queue_full`) |
//! | events to the node | 4,096 | they wait in the engine until there is room: none is lost |
//! | messages to a worker | 4,096 | the message is lost; the gap in its numbers, or its repetition within a second, heals that |
//! | media records to a worker | 4 MiB | the record is dropped and counted (`link_full`) |
//! | messages of applications to a worker | 512 kB | the message is lost and counted (`link_full`); of a reliable one, whom it was for is told |
//! | datagrams of a tick | 512 kB, 4 MiB for what cannot stop half way | they are sent before more is done; beyond 4 MiB the datagram is dropped and counted (`outbox_full`) |
//! | datagrams to the kernel | its send buffer | the datagram is dropped and counted (`send_buffer_full`) |

use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError};
use std::time::{Duration, Instant};

use engine::{Command, Engine, Event, Flushed, PlainPacket, Side, Stats, Ticket, View};
use proto::room::LinkMessage;
use proto::{PeerId, RoomName, WorkerId};
use tokio::sync::{mpsc, watch};

use crate::pulls::Pulls;
use crate::ring;
use crate::udp::{RecvBatch, Socket, sys};
use crate::wake::{Poller, Waker};

pub const COMMANDS_MAX: usize = 1024;
/// A second of 20 Mbit/s in packets of 1,200 bytes.
pub const PLAIN_MAX: usize = 2048;
pub const EVENTS_MAX: usize = 4096;
pub const MESSAGES_MAX: usize = 4096;
/// A second of 30 Mbit/s.
pub const RECORD_BYTES_MAX: usize = 4 << 20;
/// A tenth of a second of 80 people who send as much as they may.
pub const POST_BYTES_MAX: usize = 512 << 10;

/// Records and messages taken in per tick, so that no neighbour can keep a worker from its own socket.
const RECORDS_PER_TICK: usize = 512;
const MESSAGES_PER_TICK: usize = 256;
const POSTS_PER_TICK: usize = 64;
const COMMANDS_PER_TICK: usize = 32;
const PLAIN_PER_TICK: usize = 256;
/// Batches of datagrams per tick: 8 × 32 messages.
const BATCHES_PER_TICK: usize = 8;

const SNAPSHOT_EVERY: Duration = Duration::from_secs(1);
/// Between two of them when there is news: who takes part in a meeting learns within 200 ms who speaks, and a node of a thousand rooms does
/// nothing but tell of them.
pub const SNAPSHOT_REST: Duration = Duration::from_millis(100);

/// Our end of the way to, and from, one other worker.
pub struct Neighbour {
    pub id: WorkerId,
    pub records_out: ring::Sender,
    pub records_in: ring::Receiver,
    pub posts_out: ring::Sender,
    pub posts_in: ring::Receiver,
    pub messages_out: SyncSender<LinkMessage>,
    pub waker: Waker,
}

/// What the node sees of a worker, once a second and when somebody comes or goes.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// When it was taken; `None` before the first.
    pub at: Option<Instant>,
    pub stats: Stats,
    pub view: View,
    pub socket: SocketStats,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct SocketStats {
    pub datagrams_in: u64,
    pub datagrams_out: u64,
    pub overflowed: u64,
    pub send_refused: u64,
    pub gso_messages: u64,
    pub send_calls: u64,
    /// CPU time of the worker's thread.
    pub cpu: Duration,
}

/// What the node wants of a worker.
pub enum Job {
    Command(Command),
    /// Call a parent, from a socket that is the pull's own, bound and known by these addresses.
    Dial {
        ticket: Ticket,
        room: RoomName,
        socket: Socket,
        candidates: Vec<SocketAddr>,
    },
}

pub struct Worker {
    pub id: WorkerId,
    pub engine: Engine,
    pub socket: Socket,
    pub pulls: Pulls,
    pub poller: Poller,
    pub jobs: Receiver<Job>,
    /// Packets of publishers without a peer connection, and whose they are.
    pub plain: Receiver<(PeerId, PlainPacket)>,
    pub messages_in: Receiver<LinkMessage>,
    pub neighbours: Vec<Neighbour>,
    pub events: mpsc::Sender<Event>,
    pub snapshots: watch::Sender<Snapshot>,
    pub batch: RecvBatch,
    pub socket_stats: SocketStats,
    pub snapshot_at: Instant,
    /// An event the node had no room for yet.
    pub held: Option<Event>,
    /// Another worker could not be told that its people miss messages.
    pub is_torn: bool,
}

impl Worker {
    /// Runs until the node drops the command queue.
    pub fn run(mut self) {
        tracing::debug!(worker = self.id.0, address = %self.socket.local_addr(), "worker started");
        loop {
            match self.tick() {
                Next::Stop => break,
                // What is left in a queue wakes nobody again.
                Next::Again => continue,
                Next::Sleep => {}
            }
            let now = Instant::now();
            let mut until = self.engine.next_timeout().min(self.snapshot_at);
            if self.held.is_some() || self.is_torn {
                // Nobody will wake us when the queue has room again.
                until = until.min(now + Duration::from_millis(2));
            }
            let timeout = until.saturating_duration_since(now);
            if timeout.is_zero() {
                continue;
            }
            if let Err(error) = self.poller.wait(Some(timeout), &[self.socket.as_fd(), self.pulls.as_fd()]) {
                tracing::error!(worker = self.id.0, %error, "cannot wait for the socket");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        // Farewells that the last commands put into the outbox.
        self.send();
        self.hand_out_events();
    }

    fn tick(&mut self) -> Next {
        let now = Instant::now();
        // What other workers have announced is known before a command asks for it.
        let next = self.take_from_links(now).max(self.take_jobs(now)).max(self.take_plain(now));
        self.take_datagrams(now);
        self.take_pulled(now);
        self.send_if_full();
        self.engine.handle_timeout(now);
        self.fan_out(now);
        self.hand_to_links();
        self.hand_out_events();
        self.publish_snapshot(now);
        next
    }

    fn take_jobs(&mut self, now: Instant) -> Next {
        for _ in 0..COMMANDS_PER_TICK {
            match self.jobs.try_recv() {
                Ok(Job::Command(command)) => {
                    self.engine.command(now, command);
                    self.send_if_full();
                }
                Ok(Job::Dial { ticket, room, socket, candidates }) => {
                    if let Some(peer) = self.engine.dial(now, ticket, room, &candidates)
                        && let Err(error) = self.pulls.add(peer, socket)
                    {
                        // The pull hears nothing, and ends as one that cannot be reached.
                        tracing::warn!(worker = self.id.0, %error, "cannot wait for the socket of a pull");
                    }
                }
                Err(TryRecvError::Empty) => return Next::Sleep,
                Err(TryRecvError::Disconnected) => return Next::Stop,
            }
        }
        Next::Again
    }

    fn take_plain(&mut self, now: Instant) -> Next {
        let mut packets = 0;
        for (peer, packet) in self.plain.try_iter().take(PLAIN_PER_TICK) {
            self.engine.handle_plain(now, peer, packet);
            packets += 1;
        }
        if packets == PLAIN_PER_TICK { Next::Again } else { Next::Sleep }
    }

    fn take_from_links(&mut self, now: Instant) -> Next {
        let mut next = Next::Sleep;
        let mut messages = 0;
        for message in self.messages_in.try_iter().take(MESSAGES_PER_TICK) {
            self.engine.handle_message(now, message);
            messages += 1;
        }
        if messages == MESSAGES_PER_TICK {
            next = Next::Again;
        }
        for neighbour in &mut self.neighbours {
            let records =
                neighbour.records_in.pop_batch(RECORDS_PER_TICK, |record| self.engine.handle_record(now, record));
            let posts = neighbour.posts_in.pop_batch(POSTS_PER_TICK, |record| self.engine.handle_data(now, record));
            if records == RECORDS_PER_TICK || posts == POSTS_PER_TICK {
                next = Next::Again;
            }
        }
        next
    }

    fn take_datagrams(&mut self, now: Instant) {
        for _ in 0..BATCHES_PER_TICK {
            if self.socket.recv_batch(&mut self.batch) == 0 {
                return;
            }
            for datagram in self.batch.iter() {
                self.engine.handle_datagram(now, datagram.from, datagram.to, datagram.bytes);
            }
            self.send_if_full();
        }
    }

    fn take_pulled(&mut self, now: Instant) {
        let engine = &mut self.engine;
        self.pulls.receive(&mut self.batch, |peer, datagram| {
            engine.handle_pulled(now, peer, datagram.from, datagram.to, datagram.bytes);
        });
    }

    fn fan_out(&mut self, now: Instant) {
        while self.engine.flush(now) == Flushed::More {
            self.send();
        }
        self.send();
    }

    /// What answers asked for much, or many.
    fn send_if_full(&mut self) {
        if self.engine.outbox().is_full() {
            self.send();
        }
    }

    fn send(&mut self) {
        self.socket_stats.datagrams_out += self.pulls.send(self.engine.parcels());
        let outbox = self.engine.outbox();
        if outbox.is_empty() {
            return;
        }
        let report = self.socket.send(outbox);
        outbox.clear();
        self.engine.sent(Instant::now(), report.dropped_full);
        let stats = &mut self.socket_stats;
        stats.datagrams_out += report.sent;
        stats.send_refused += report.dropped_refused;
        stats.gso_messages += report.gso_messages;
        stats.send_calls += report.calls;
        if let Some(notice) = report.notice {
            tracing::warn!(
                worker = self.id.0,
                ?notice,
                "the kernel refuses a faster way to send; sending goes on, at more CPU"
            );
        }
    }

    fn hand_to_links(&mut self) {
        let mut dropped = 0;
        self.is_torn = false;
        for link in self.engine.links() {
            let Some(neighbour) = self.neighbours.iter_mut().find(|n| n.id == link.to) else { continue };
            let mut wake = link.has_frames() || link.has_posts();
            dropped += link.drain_posts(|record| neighbour.posts_out.push(record).is_ok());
            self.is_torn |= link.is_torn();
            link.drain_records(|record| dropped += u64::from(neighbour.records_out.push(record).is_err()));
            while let Some(message) = link.messages.pop_front() {
                wake = true;
                if let Err(TrySendError::Full(_)) = neighbour.messages_out.try_send(message) {
                    tracing::warn!(
                        from = self.id.0,
                        to = neighbour.id.0,
                        "a message between workers did not fit; it will be repeated"
                    );
                }
            }
            if wake {
                neighbour.waker.wake();
            }
        }
        if dropped > 0 {
            self.engine.link_full(dropped);
        }
    }

    fn hand_out_events(&mut self) {
        while let Some(event) = self.held.take().or_else(|| self.engine.poll_event()) {
            // A publisher that came or went changes what the rooms list shows, as does who speaks.
            if matches!(
                &event,
                Event::Connected { side: Side::Publisher | Side::Pull, .. } | Event::Ended(_) | Event::RoomsChanged
            ) {
                self.snapshot_at = self.snapshot_at.min(Instant::now() + SNAPSHOT_REST);
            }
            if let Event::Ended(summary) = &event
                && summary.side == Side::Pull
            {
                self.pulls.remove(summary.peer);
            }
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.held = Some(event);
                    return;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return,
            }
        }
    }

    fn publish_snapshot(&mut self, now: Instant) {
        if now < self.snapshot_at {
            return;
        }
        self.snapshot_at = now + SNAPSHOT_EVERY;
        let received = self.socket.recv_stats();
        self.socket_stats.datagrams_in = received.datagrams;
        self.socket_stats.overflowed = received.overflowed;
        self.socket_stats.cpu = sys::thread_cpu();
        let (stats, view) = (self.engine.stats(), self.engine.view(now));
        let snapshot = Snapshot { at: Some(now), stats, view, socket: self.socket_stats };
        self.snapshots.send_replace(snapshot);
    }
}

/// What follows a tick; of two opinions the greater one holds.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Sleep,
    Again,
    Stop,
}
