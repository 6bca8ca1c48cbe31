//! The node's side of the desk: takes what HTTP asks, gives it to the right worker, and carries the reply back.
//!
//! It keeps no session state beyond open questions and a count per worker: a session's id names its worker.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use engine::{Answered, Command, EndReason, Event, PlainPacket, Refusal as No, Reply, Roll, Ticket};
use media::codec::Kind;
use proto::api::{AdminSessionView, DrainState, DrainView, RoomView, RoomsView, SessionView, TrackKind};
use proto::{PeerId, RoomName, SessionId, WorkerId};
use signal::desk::{self, Ask, Owner, Patched, Readiness, Refusal};
use tokio::sync::{mpsc, oneshot, watch};

use crate::chronicle::Chronicle;
use crate::endings::Endings;
use crate::feeds::Feeds;
use crate::followed::Followed;
use crate::load::Loads;
use crate::metrics;
use crate::placement::Placement;
use crate::upstream::{Retry, Upstreams};
use crate::wake::Waker;
use crate::worker::{Job, SNAPSHOT_REST, Snapshot};

/// How soon a viewer of a room without a publisher should ask again.
const NOT_LIVE_RETRY_S: u32 = 2;
const FULL_RETRY_S: u32 = 5;

/// By then a worker that has news has published them, with time for a tick.
const SNAPSHOT_WITHIN: Duration = SNAPSHOT_REST.saturating_add(Duration::from_millis(20));

/// How the node reaches a worker.
pub struct Handle {
    pub id: WorkerId,
    pub jobs: SyncSender<Job>,
    /// For packets of publishers without a peer connection.
    pub plain: SyncSender<(PeerId, PlainPacket)>,
    pub waker: Waker,
    pub snapshots: watch::Receiver<Snapshot>,
}

impl Handle {
    /// False when the worker's queue is full.
    pub fn send(&self, job: Job) -> bool {
        let sent = self.jobs.try_send(job).is_ok();
        self.waker.wake();
        sent
    }
}

/// What `Node` asks of the desk.
pub enum Order {
    /// Take no new sessions; `done` when the last one has ended.
    Drain { done: oneshot::Sender<()> },
    /// End the sessions that are left.
    EndAll { done: oneshot::Sender<()> },
}

pub struct Desk {
    pub server: desk::Server,
    pub workers: Vec<Handle>,
    pub events: mpsc::Receiver<Event>,
    pub feeds: Feeds,
    pub orders: mpsc::Receiver<Order>,
    pub placement: Placement,
    pub upstreams: Upstreams,
    pub open: HashMap<Ticket, Open>,
    pub tickets: u64,
    /// Who wants to hear of a session.
    pub followed: Followed,
    pub endings: Endings,
    pub chronicle: Chronicle,
    /// A worker has news of its rooms, which stand in its snapshot by then.
    pub rooms_at: Option<tokio::time::Instant>,
    /// Whoever looks after the node has asked for it, and may undo it.
    pub draining: bool,
    /// The process is about to end.
    pub stopping: bool,
    pub loads: Loads,
    pub started: Instant,
    pub drained: Vec<oneshot::Sender<()>>,
    pub sessions_max: u32,
    pub version: String,
}

/// A question under way.
pub enum Open {
    Join {
        worker: WorkerId,
        reply: oneshot::Sender<Result<desk::Answered, Refusal>>,
        owner: Owner,
        /// What a parent may still make of it.
        retry: Option<Box<Retry>>,
    },
    /// The offer of a pull is being made.
    Dial {
        room: RoomName,
        worker: WorkerId,
    },
    /// The parent's answer is being taken.
    Accept {
        room: RoomName,
    },
    Bring {
        worker: WorkerId,
        reply: oneshot::Sender<Result<ftl::Brought, ftl::Refusal>>,
    },
    Patch {
        reply: oneshot::Sender<Result<Patched, Refusal>>,
    },
    Plain {
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    Switch {
        room: RoomName,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    Look {
        reply: oneshot::Sender<Result<Box<SessionView>, Refusal>>,
    },
    Roll {
        reply: oneshot::Sender<Result<desk::Roll, Refusal>>,
    },
    Inspect {
        reply: oneshot::Sender<Result<Box<AdminSessionView>, Refusal>>,
    },
    Remove {
        reply: oneshot::Sender<Result<desk::Removed, Refusal>>,
    },
    /// Ending a session that nobody knows of.
    Nobody,
}

impl Desk {
    /// Runs until the HTTP side and the node are gone.
    pub async fn run(mut self) {
        let mut second = tokio::time::interval(Duration::from_millis(250));
        loop {
            tokio::select! {
                ask = self.server.asks.recv() => match ask {
                    Some(ask) => self.handle_ask(ask),
                    None => break,
                },
                event = self.events.recv() => match event {
                    Some(event) => self.handle_event(event),
                    None => break,
                },
                ask = self.feeds.next_ask() => self.handle_feed_ask(ask),
                order = self.orders.recv() => match order {
                    Some(order) => self.handle_order(order),
                    None => break,
                },
                news = self.upstreams.news.recv() => match news {
                    Some(news) => self.on_news(news),
                    None => break,
                },
                () = tokio::time::sleep_until(self.rooms_at.unwrap_or_else(tokio::time::Instant::now)), if self.rooms_at.is_some() => {
                    self.rooms_at = None;
                    self.publish_rooms();
                }
                _ = second.tick() => {
                    self.publish_rooms();
                    self.loads.read(&self.workers);
                    self.review_upstreams();
                    self.followed.sweep();
                }
            }
        }
    }

    fn handle_ask(&mut self, ask: Ask) {
        match ask {
            Ask::Publish { room, name, offer, client, owner, ended, reply } => {
                let shown = name.as_ref().map_or("", |name| name.as_str());
                tracing::debug!(%room, name = shown, client = %client.ip, agent = client.agent, "asks to publish");
                let worker = self.placement.publisher(&room);
                let named = name.clone();
                let publish = |ticket, owner| Command::Publish { ticket, room, name, offer, owner };
                let ticket = self.join(worker, owner, reply, None, publish);
                self.chronicle.asked(ticket, named);
                self.endings.wait(ticket, ended);
            }
            Ask::Watch { room, offer, client, owner, path, reply } => {
                tracing::debug!(%room, client = %client.ip, agent = client.agent, "asks to watch");
                if self.upstreams.is_loop(&path) {
                    let _ = reply.send(Err(Refusal::Loop));
                    return;
                }
                let worker = self.placement.viewer(&room);
                let retry = self.upstreams.covers(&room).then(|| {
                    Box::new(Retry { room: room.clone(), offer: offer.clone(), path, since: Instant::now(), tries: 0 })
                });
                self.join(worker, owner, reply, retry, |ticket, owner| Command::Watch { ticket, room, offer, owner });
            }
            Ask::Patch { session, owner, expect, fragment, reply } => {
                let expect = match expect {
                    desk::Expect::Any => engine::Expect::Any,
                    desk::Expect::Tags(tags) => engine::Expect::Tags(tags),
                };
                let command = |ticket| Command::Patch { ticket, session, owner: owner_of(owner), expect, fragment };
                self.ask_worker(session, Open::Patch { reply }, command);
            }
            Ask::End { session, owner, reply } => {
                let command = |ticket| Command::End { ticket, session, owner: owner_of(owner) };
                self.ask_worker(session, Open::Plain { reply }, command);
            }
            Ask::Exists { session, owner, reply } => {
                let command = |ticket| Command::Exists { ticket, session, owner: owner_of(owner) };
                self.ask_worker(session, Open::Plain { reply }, command);
            }
            Ask::Upstream { room, upstream, reply } => {
                let _ = reply.send(self.order_upstream(&room, upstream));
            }
            Ask::Switch { session, owner, room, reply } => {
                tracing::debug!(%room, "a viewer asks for another room");
                let open = Open::Switch { room: room.clone(), reply };
                let command = |ticket| Command::Switch { ticket, session, owner: owner_of(owner), room };
                self.ask_worker(session, open, command);
            }
            Ask::Choose { session, owner, choice, reply } => {
                let command = |ticket| Command::Choose { ticket, session, owner: owner_of(owner), choice };
                self.ask_worker(session, Open::Plain { reply }, command);
            }
            Ask::Attend { room, offer, client, owner, ended, reply } => {
                tracing::debug!(%room, client = %client.ip, agent = client.agent, "attends");
                let worker = self.placement.viewer(&room);
                let expected = Vec::new();
                let ticket = self.join(worker, owner, reply, None, |ticket, owner| Command::Wait {
                    ticket,
                    room,
                    offer,
                    owner,
                    expected,
                });
                self.endings.wait(ticket, Some(ended));
            }
            Ask::Assign { session, owner, own, assignments, reply } => {
                let command = |ticket| Command::Assign { ticket, session, owner: owner_of(owner), own, assignments };
                self.ask_worker(session, Open::Plain { reply }, command);
            }
            Ask::Follow { session, given, notices } => self.followed.follow(session, given, notices),
            Ask::Introduce { session, owner, member, may_send, reply } => {
                let owner = owner_of(owner);
                let command = |ticket| Command::Introduce { ticket, session, owner, member, may_send };
                self.ask_worker(session, Open::Plain { reply }, command);
            }
            Ask::Forward { session, owner, kind, on, reply } => {
                let kind = match kind {
                    TrackKind::Audio => Kind::Audio,
                    TrackKind::Video => Kind::Video,
                };
                let command = |ticket| Command::Forward { ticket, session, owner: owner_of(owner), kind, on };
                self.ask_worker(session, Open::Plain { reply }, command);
            }
            Ask::Look { session, owner, reply } => {
                let command = |ticket| Command::Look { ticket, session, owner: owner.map(owner_of) };
                self.ask_worker(session, Open::Look { reply }, command);
            }
            Ask::Overview { reply } => {
                let _ = reply.send(desk::Overview {
                    up: self.started.elapsed(),
                    drain: self.drain_view(),
                    sessions_max: self.sessions_max,
                    workers: self.loads.view(),
                });
            }
            Ask::Drain { drain, reply } => {
                self.draining = drain == desk::Drain::Begin;
                tracing::info!(draining = self.draining, "an administrator has asked for it");
                self.tell_readiness();
                let _ = reply.send(self.drain_view());
            }
            Ask::Roll { worker, room, after, limit, reply } => {
                let command = |ticket| Command::Roll { ticket, room, after, limit };
                self.ask_at(worker, Open::Roll { reply }, command);
            }
            Ask::Inspect { peer, reply } => {
                self.ask_at(peer.worker, Open::Inspect { reply }, |ticket| Command::Inspect { ticket, peer });
            }
            Ask::Remove { peer, reply } => {
                self.ask_at(peer.worker, Open::Remove { reply }, |ticket| Command::Remove { ticket, peer });
            }
            Ask::Metrics { reply } => {
                let snapshots: Vec<_> = self.workers.iter().map(|w| (w.id, w.snapshots.borrow().clone())).collect();
                let mut text = metrics::render(&self.version, &snapshots, self.is_draining()) + &self.feeds.metrics();
                self.upstreams.render(&mut text);
                text += &metrics::render_held(metrics::Held {
                    questions: self.open.len(),
                    followed: self.followed.len(),
                    awaited: self.endings.len(),
                    ..metrics::Held::now()
                });
                let _ = reply.send(text);
            }
        }
    }

    pub fn join(
        &mut self,
        worker: WorkerId,
        owner: Owner,
        reply: oneshot::Sender<Result<desk::Answered, Refusal>>,
        retry: Option<Box<Retry>>,
        command: impl FnOnce(Ticket, engine::Owner) -> Command,
    ) -> Option<Ticket> {
        if self.is_draining() {
            let _ = reply.send(Err(Refusal::Draining));
            return None;
        }
        if self.placement.total() >= self.sessions_max {
            let _ = reply.send(Err(Refusal::Full { retry_after_s: FULL_RETRY_S }));
            return None;
        }
        let ticket = self.next_ticket();
        if !self.worker(worker).send(Job::Command(command(ticket, owner_of(owner)))) {
            let _ = reply.send(Err(Refusal::Full { retry_after_s: 1 }));
            return None;
        }
        // Counted now, not when the reply comes: the next join must not see an idle worker that this one is about to load.
        self.placement.placed(worker);
        self.open.insert(ticket, Open::Join { worker, reply, owner, retry });
        Some(ticket)
    }

    pub fn ask_worker(&mut self, session: SessionId, open: Open, command: impl FnOnce(Ticket) -> Command) {
        self.ask_at(session.worker, open, command);
    }

    fn ask_at(&mut self, worker: WorkerId, open: Open, command: impl FnOnce(Ticket) -> Command) {
        if !self.placement.has(worker) {
            return refuse(open, Refusal::NoSession);
        }
        let ticket = self.next_ticket();
        if self.worker(worker).send(Job::Command(command(ticket))) {
            self.open.insert(ticket, open);
        } else {
            refuse(open, Refusal::Full { retry_after_s: 1 });
        }
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Reply { ticket, reply } => self.handle_reply(ticket, reply),
            Event::Connected { peer, room, side, after } => {
                tracing::debug!(%peer, %room, ?side, after_ms = after.as_millis() as u64, "connected");
                self.chronicle.connected(peer, &room, side);
            }
            Event::Ended(summary) => {
                self.placement.ended(summary.peer.worker);
                self.feeds.ended(summary.peer);
                self.endings.ended(summary.peer, summary.reason.label());
                log_end(&summary);
                self.chronicle.ended(&summary);
                self.on_ended(&summary);
                self.finish_drain_if_empty();
            }
            Event::Given { session, sections } => {
                self.followed.give(session, sections);
            }
            Event::Message { session, notice } => {
                self.followed.notify(session, notice);
            }
            Event::RoomsChanged => {
                self.rooms_at.get_or_insert_with(|| tokio::time::Instant::now() + SNAPSHOT_WITHIN);
            }
        }
        self.tell_readiness();
    }

    fn handle_reply(&mut self, ticket: Ticket, reply: Reply) {
        let Some(open) = self.open.remove(&ticket) else { return };
        match (open, reply) {
            (Open::Join { reply, owner, .. }, Reply::Answered(answered)) => {
                let Answered { session, tag, sdp, peer } = answered;
                self.endings.began(ticket, peer);
                self.chronicle.began(ticket, peer);
                let answered = desk::Answered { session, etag: tag, sdp };
                if reply.send(Ok(answered)).is_err() {
                    // The client went away while we worked: nobody knows the session's URL, so nobody could end it.
                    let command = |ticket| Command::End { ticket, session, owner: owner_of(owner) };
                    self.ask_worker(session, Open::Nobody, command);
                }
            }
            (Open::Join { worker, reply, owner, retry: Some(retry) }, Reply::Refused(No::NotLive)) => {
                self.placement.ended(worker);
                self.hold(*retry, owner, reply);
            }
            (Open::Join { worker, reply, .. }, Reply::Refused(no)) => {
                self.placement.ended(worker);
                self.endings.refused(ticket);
                self.chronicle.refused(ticket);
                let _ = reply.send(Err(refusal(no)));
            }
            (Open::Dial { room, .. }, Reply::Dialled { session, peer, sdp }) => {
                self.on_dialled(room, session, peer, sdp);
            }
            (Open::Dial { room, worker }, Reply::Refused(no)) => {
                self.placement.ended(worker);
                self.on_not_dialled(&room, &no);
            }
            (Open::Accept { room }, Reply::Accepted { codecs }) => self.on_accepted(&room, codecs),
            (Open::Accept { room }, Reply::Refused(no)) => tracing::info!(%room, "cannot pull: {no}"),
            (Open::Bring { worker, reply }, replied) => self.handle_brought(worker, reply, replied),
            (Open::Patch { reply }, Reply::Trickled) => drop(reply.send(Ok(Patched::Trickled))),
            (Open::Patch { reply }, Reply::Restarted { tag, fragment }) => {
                drop(reply.send(Ok(Patched::Restarted { etag: tag, fragment })));
            }
            (Open::Plain { reply }, Reply::Ended | Reply::Exists | Reply::Done) => drop(reply.send(Ok(()))),
            (Open::Switch { room, reply }, Reply::Done) => {
                drop(reply.send(Ok(())));
                self.pull_for_viewers(room);
            }
            (Open::Look { reply }, Reply::Seen(view)) => drop(reply.send(Ok(view))),
            (Open::Roll { reply }, Reply::Roll(Roll { sessions, next })) => {
                drop(reply.send(Ok(desk::Roll { sessions, next })));
            }
            (Open::Inspect { reply }, Reply::Inspected(view)) => drop(reply.send(Ok(view))),
            (Open::Remove { reply }, Reply::Removed { session, room }) => {
                drop(reply.send(Ok(desk::Removed { session, room })));
            }
            (open, Reply::Refused(no)) => refuse(open, refusal(no)),
            // A reply of another kind than its question would be a bug; dropping the question answers it with 503.
            _ => {}
        }
    }

    fn handle_order(&mut self, order: Order) {
        match order {
            Order::Drain { done } => {
                self.stopping = true;
                self.drained.push(done);
                self.tell_readiness();
                self.finish_drain_if_empty();
            }
            Order::EndAll { done } => {
                self.stopping = true;
                for worker in &self.workers {
                    worker.send(Job::Command(Command::EndAll { reason: EndReason::Drained }));
                }
                self.drained.push(done);
                self.finish_drain_if_empty();
            }
        }
    }

    fn finish_drain_if_empty(&mut self) {
        if self.stopping && self.placement.total() == 0 {
            for done in self.drained.drain(..) {
                let _ = done.send(());
            }
        }
    }

    fn is_draining(&self) -> bool {
        self.draining || self.stopping
    }

    fn drain_view(&self) -> DrainView {
        let state = match (self.stopping, self.draining) {
            (true, _) => DrainState::Stopping,
            (false, true) => DrainState::Draining,
            (false, false) => DrainState::Serving,
        };
        DrainView { state, sessions: self.placement.total() }
    }

    fn tell_readiness(&mut self) {
        let readiness = if self.is_draining() {
            Readiness::Draining
        } else if self.placement.total() >= self.sessions_max {
            Readiness::Full
        } else {
            Readiness::Ready
        };
        self.server.readiness.send_if_modified(|current| std::mem::replace(current, readiness) != readiness);
    }

    /// The rooms of the node: the union of what its workers have.
    fn publish_rooms(&mut self) {
        let mut rooms: std::collections::BTreeMap<String, RoomView> = std::collections::BTreeMap::new();
        for worker in &self.workers {
            for part in &worker.snapshots.borrow().view.rooms {
                let name = part.name.to_string();
                let room = rooms.entry(name.clone()).or_insert(RoomView {
                    name,
                    live: false,
                    publishers: Vec::new(),
                    viewers: 0,
                });
                room.viewers += part.viewers;
                room.publishers.extend(part.publishers.iter().cloned());
                room.live = room.publishers.iter().any(|p| p.tracks.iter().any(|t| t.layers.iter().any(|l| !l.silent)));
            }
        }
        let view = RoomsView { rooms: rooms.into_values().collect() };
        self.server.rooms.send_if_modified(|current| {
            let changed = **current != view;
            if changed {
                *current = Arc::new(view);
            }
            changed
        });
    }

    pub fn worker(&self, id: WorkerId) -> &Handle {
        &self.workers[id.0 as usize]
    }

    pub fn next_ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }
}

fn log_end(summary: &engine::Summary) {
    // A parent that stays away must not fill the log; what was wrong with it stands there once.
    if summary.side == engine::Side::Pull && !summary.connected {
        tracing::debug!(room = %summary.room, reason = summary.reason.label(), "a pull did not connect");
        return;
    }
    tracing::info!(
        peer = %summary.peer,
        room = %summary.room,
        side = ?summary.side,
        reason = summary.reason.label(),
        seconds = summary.lasted.as_secs_f32(),
        connected = summary.connected,
        packets = summary.packets,
        bytes = summary.bytes,
        nacks = summary.nacks,
        keyframe_requests = summary.keyframe_requests,
        "session ended"
    );
}

fn refuse(open: Open, refusal: Refusal) {
    match open {
        Open::Join { reply, .. } => drop(reply.send(Err(refusal))),
        // Answered where feeds are.
        Open::Bring { .. } => {}
        Open::Patch { reply } => drop(reply.send(Err(refusal))),
        Open::Plain { reply } | Open::Switch { reply, .. } => drop(reply.send(Err(refusal))),
        // The engine has ended the session, or will when nobody answers it.
        Open::Dial { .. } | Open::Accept { .. } | Open::Nobody => {}
        Open::Look { reply } => drop(reply.send(Err(refusal))),
        Open::Roll { reply } => drop(reply.send(Err(refusal))),
        Open::Inspect { reply } => drop(reply.send(Err(refusal))),
        Open::Remove { reply } => drop(reply.send(Err(refusal))),
    }
}

fn owner_of(owner: Owner) -> engine::Owner {
    match owner {
        Owner::Anonymous => engine::Owner(None),
        Owner::Token(hash) => engine::Owner(Some(hash)),
    }
}

fn refusal(no: No) -> Refusal {
    match no {
        No::NotLive => Refusal::NotLive { retry_after_s: NOT_LIVE_RETRY_S },
        No::Occupied(_) => Refusal::Occupied,
        No::Crowded(publishers) => Refusal::Crowded(publishers),
        No::Full => Refusal::Full { retry_after_s: FULL_RETRY_S },
        No::Draining => Refusal::Draining,
        No::BadOffer(why) => Refusal::BadOffer(why),
        No::CodecMismatch(why) => Refusal::CodecMismatch(why),
        No::NoSession => Refusal::NoSession,
        No::NotYours => Refusal::NotYours,
        No::StaleTag => Refusal::StaleTag,
        No::RestartRefused(why) => Refusal::RestartRefused(why),
        No::BadAnswer(why) => Refusal::BadOffer(why),
        No::NotAViewer => Refusal::NotAViewer,
        No::NotAPublisher => Refusal::NotAPublisher,
        No::BadChoice(why) => Refusal::BadChoice(why),
        No::IsAPull => Refusal::IsAPull,
    }
}
