//! Chaining: a room that is watched here and published elsewhere is pulled by WHEP from a parent.
//!
//! ```text
//!   a viewer asks ─ NotLive ─▶ on hold ─▶ a worker offers ─▶ the parent answers ─▶ the worker knows the codecs ─▶ answered
//!                                             ▲                    │
//!                                             └─ a pause ◀─ failed ┘        nobody watches for `linger` ─▶ the session is deleted
//! ```
//!
//! Every step follows from the event before it, and none waits for a timer: a chain of cold nodes is negotiated in as many round
//! trips as it has nodes. What a pull is made of is the engine's business, and what a parent's address may be [`target`]'s.

mod pull;
mod target;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use dial::{Call, Caller};
use engine::{Command, EndReason, Side, Summary};
use proto::api::{PullState, UpstreamOrder, UpstreamView};
use proto::{NodeId, Path, PeerId, RoomName, SessionId};
use signal::desk::{self, Owner, Refusal};
use tokio::sync::{mpsc, oneshot};
use transport::CodecChoice;

use crate::address;
use crate::desk::{Desk, Open};
use crate::udp::Socket;
use crate::worker::Job;
use pull::{GOOD_AFTER, Held, Pull, State, Why};
use target::Target;

/// For one exchange with a parent. A chain of nodes waits for its last, so this is more than any one of them needs.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);
/// A viewer waits so long for its answer; then it is let in without knowing what it will see.
const HOLD_MAX: Duration = Duration::from_secs(3);
/// Viewers on hold in one room.
const HELD_MAX: usize = 1000;
/// How often a viewer may find the room without a source although its pull is live.
const TRIES_MAX: u32 = 5;
/// Rooms that have an upstream of their own.
const ROOMS_MAX: usize = 10_000;
/// What requests to parents have brought; they wait when it is full.
const NEWS_MAX: usize = 256;

/// What the operator says.
#[derive(Debug, Clone)]
pub struct Config {
    /// The parent of every room; none: rooms are pulled only where the API says so.
    pub url: Option<String>,
    pub token: Option<String>,
    /// How long a room is pulled after its last viewer has left.
    pub linger: Duration,
    /// Nodes on the way from a viewer to the source, this one included.
    pub hops_max: usize,
    /// Hosts that a room may be pointed at, besides that of `url`; "*" for all.
    pub allow: Vec<String>,
}

impl Default for Config {
    fn default() -> Config {
        Config { url: None, token: None, linger: Duration::from_secs(5), hops_max: 8, allow: Vec::new() }
    }
}

/// Says what is wrong with an address, for whoever reads a configuration.
pub fn check(url: &str) -> Result<(), String> {
    Target::parse(url, None).map(|_| ())
}

pub struct Upstreams {
    config: Config,
    default: Option<Target>,
    rooms: HashMap<RoomName, Target>,
    pulls: HashMap<RoomName, Pull>,
    node: NodeId,
    http: dial::Client,
    /// Where sockets of pulls are bound, and what is offered instead of their addresses.
    media: IpAddr,
    advertise: Vec<IpAddr>,
    news_in: mpsc::Sender<News>,
    pub news: mpsc::Receiver<News>,
    random: u64,
    stats: Stats,
}

#[derive(Default)]
struct Stats {
    calls: u64,
    live: u64,
    unwatched: u64,
    failures: [u64; Why::ALL.len()],
}

/// What a task has found out.
pub enum News {
    Answer {
        room: RoomName,
        peer: PeerId,
        result: Result<Box<(Call, transport::Reply)>, (Why, String)>,
    },
    /// The pause is over.
    Rested {
        room: RoomName,
    },
}

/// What is left of a viewer's request to watch when there turns out to be nothing to see.
pub struct Retry {
    pub room: RoomName,
    pub offer: transport::offer::Offer,
    pub path: Path,
    pub since: Instant,
    pub tries: u32,
}

impl Upstreams {
    pub fn new(config: Config, node: NodeId, media: IpAddr, advertise: Vec<IpAddr>) -> Result<Upstreams, String> {
        let default = config.url.as_ref().map(|url| Target::parse(url, config.token.clone())).transpose()?;
        let (news_in, news) = mpsc::channel(NEWS_MAX);
        Ok(Upstreams {
            config,
            default,
            rooms: HashMap::new(),
            pulls: HashMap::new(),
            node,
            http: dial::Client::new().with_timeout(ANSWER_TIMEOUT),
            media,
            advertise,
            news_in,
            news,
            random: node.0,
            stats: Stats::default(),
        })
    }

    /// Whether a viewer who finds nothing here may be helped.
    pub fn covers(&self, room: &RoomName) -> bool {
        self.target(room).is_some()
    }

    /// A request that came through this very node: whoever sits above us is below us.
    pub fn is_loop(&self, path: &Path) -> bool {
        path.contains(self.node)
    }

    fn target(&self, room: &RoomName) -> Option<&Target> {
        self.rooms.get(room).or(self.default.as_ref())
    }

    fn view(&self, room: &RoomName) -> Option<UpstreamView> {
        let target = self.target(room)?;
        let state = self.pulls.get(room).map_or(PullState::Idle, Pull::view);
        Some(UpstreamView { url: target.as_str().to_owned(), own: self.rooms.contains_key(room), state })
    }

    fn set(&mut self, room: &RoomName, order: UpstreamOrder) -> Result<(), Refusal> {
        if self.rooms.len() >= ROOMS_MAX && !self.rooms.contains_key(room) {
            return Err(Refusal::BadUpstream(format!("{ROOMS_MAX} rooms have an upstream of their own already")));
        }
        let own = self.default.as_ref().map(Target::host);
        let hosts: Vec<String> = self.config.allow.iter().cloned().chain(own).collect();
        let target = Target::parse_within(&order.url, order.token, &hosts).map_err(Refusal::BadUpstream)?;
        self.rooms.insert(room.clone(), target);
        Ok(())
    }

    fn caller(&self, target: &Target, path: &Path) -> Caller {
        let caller = Caller::new(self.http.clone(), target.token.clone());
        let caller = caller.with_header("weir-path", path.through(self.node).to_string());
        match &target.hosts {
            Some(hosts) if !hosts.iter().any(|host| host == "*") => caller.within(hosts.clone()),
            _ => caller,
        }
    }

    fn next_random(&mut self) -> u64 {
        // Only spreads retries: a counter stepped by the golden ratio does that.
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random >> 32
    }

    /// Prometheus text.
    pub fn render(&self, text: &mut String) {
        let mut counter = |name: &str, help: &str, value: u64| {
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}\n");
        };
        counter("weir_upstream_calls_total", "Offers posted to parents.", self.stats.calls);
        counter("weir_upstream_live_total", "Pulls that a parent answered.", self.stats.live);
        counter("weir_upstream_unwatched_total", "Pulls ended because nobody watched.", self.stats.unwatched);
        let name = "weir_upstream_failures_total";
        let _ = write!(text, "# HELP {name} Pulls that failed or were lost, by reason.\n# TYPE {name} counter\n");
        for (why, count) in Why::ALL.iter().zip(self.stats.failures) {
            let _ = writeln!(text, "{name}{{reason=\"{}\"}} {count}", why.label());
        }
        let name = "weir_upstream_rooms";
        let _ = write!(text, "# HELP {name} Rooms with a parent, by state.\n# TYPE {name} gauge\n");
        for (label, state) in
            [("calling", PullState::Calling), ("live", PullState::Live), ("waiting", PullState::Waiting)]
        {
            let count = self.pulls.values().filter(|pull| pull.view() == state).count();
            let _ = writeln!(text, "{name}{{state=\"{label}\"}} {count}");
        }
    }
}

impl Desk {
    /// A viewer asked for a room that has no source here, and its parent may have one.
    pub fn hold(&mut self, retry: Retry, owner: Owner, reply: oneshot::Sender<Result<desk::Answered, Refusal>>) {
        let Retry { room, offer, path, since, tries } = retry;
        let now = Instant::now();
        if path.len() >= self.upstreams.config.hops_max {
            let _ = reply.send(Err(Refusal::TooFar(self.upstreams.config.hops_max)));
            return;
        }
        let pull = self.upstreams.pulls.entry(room.clone()).or_insert_with(|| Pull::new(now, path.clone()));
        let held = Held { offer, owner, reply, path, since, tries: tries + 1 };
        pull.wanted_at = now;
        match &pull.state {
            State::Live { .. } if held.tries <= TRIES_MAX => self.watch_again(room, held),
            State::Live { .. } => self.settle(&room, held, Why::NotLive),
            State::Resting { until, why } if *until > now => {
                let why = *why;
                self.settle(&room, held, why);
            }
            _ if pull.waiting.len() >= HELD_MAX => {
                let _ = held.reply.send(Err(Refusal::Full { retry_after_s: 1 }));
            }
            State::Resting { .. } => {
                pull.waiting.push(held);
                self.call(&room);
            }
            State::Offering | State::Asking { .. } | State::Answering { .. } => pull.waiting.push(held),
        }
    }

    /// What the API wants with a room's upstream.
    pub fn order_upstream(&mut self, room: &RoomName, order: desk::Upstream) -> Result<Option<UpstreamView>, Refusal> {
        match order {
            desk::Upstream::Show => {}
            desk::Upstream::Set(order) => {
                self.upstreams.set(room, order)?;
                tracing::info!(%room, url = self.upstreams.target(room).map(Target::as_str), "upstream set");
                self.hang_up(room, "another upstream");
            }
            desk::Upstream::Clear => {
                if self.upstreams.rooms.remove(room).is_some() {
                    self.hang_up(room, "upstream cleared");
                }
            }
        }
        Ok(self.upstreams.view(room))
    }

    /// A worker has made the offer of a pull.
    pub fn on_dialled(&mut self, room: RoomName, session: SessionId, peer: PeerId, sdp: String) {
        let upstreams = &mut self.upstreams;
        let target = upstreams.target(&room).cloned();
        let pull = upstreams.pulls.get_mut(&room).filter(|pull| matches!(pull.state, State::Offering));
        let (Some(pull), Some(target)) = (pull, target) else {
            return self.end_pull(session);
        };
        pull.state = State::Asking { session, peer };
        let path = pull.path.clone();
        upstreams.stats.calls += 1;
        let caller = upstreams.caller(&target, &path);
        let news = upstreams.news_in.clone();
        tokio::spawn(async move {
            let result = ask(&caller, &target, &room, &sdp).await.map(Box::new);
            let _ = news.send(News::Answer { room, peer, result }).await;
        });
    }

    /// The worker could not offer: mostly because somebody has begun to publish.
    pub fn on_not_dialled(&mut self, room: &RoomName, refusal: &engine::Refusal) {
        if matches!(refusal, engine::Refusal::Occupied(_)) {
            return self.published_here(room);
        }
        self.rest(room, Why::Full, &refusal.to_string());
    }

    pub fn on_accepted(&mut self, room: &RoomName, codecs: Vec<CodecChoice>) {
        let Some(pull) = self.upstreams.pulls.get_mut(room) else { return };
        let State::Answering { session, peer, location } = &mut pull.state else { return };
        let (session, peer, location) = (*session, *peer, location.take());
        pull.state = State::Live { session, peer, location, since: Instant::now() };
        pull.codecs = codecs;
        self.upstreams.stats.live += 1;
        for held in std::mem::take(&mut pull.waiting) {
            self.watch_again(room.clone(), held);
        }
    }

    pub fn on_news(&mut self, news: News) {
        match news {
            News::Rested { room } => {
                let now = Instant::now();
                let linger = self.upstreams.config.linger;
                let due = self.upstreams.pulls.get(&room).is_some_and(|pull| {
                    let wanted = !pull.waiting.is_empty() || now.saturating_duration_since(pull.wanted_at) <= linger;
                    wanted && matches!(pull.state, State::Resting { until, .. } if until <= now)
                });
                if due {
                    self.call(&room);
                }
            }
            News::Answer { room, peer, result } => self.on_answer(&room, peer, result.map(|answer| *answer)),
        }
    }

    fn on_answer(&mut self, room: &RoomName, peer: PeerId, result: Result<(Call, transport::Reply), (Why, String)>) {
        let asking = self.upstreams.pulls.get_mut(room).and_then(|pull| match pull.state {
            State::Asking { session, peer: asked } if asked == peer => Some((pull, session)),
            _ => None,
        });
        match (asking, result) {
            (Some((pull, session)), Ok((call, answer))) => {
                tracing::debug!(%room, took_ms = call.took.as_millis() as u64, "the parent answered");
                pull.state = State::Answering { session, peer, location: call.location };
                let open = Open::Accept { room: room.clone() };
                self.ask_worker(session, open, |ticket| Command::Accept { ticket, session, reply: answer });
            }
            (Some((_, session)), Err((why, text))) => {
                self.rest(room, why, &text);
                self.end_pull(session);
            }
            // It is not wanted any more; the parent should not wait for it either.
            (None, Ok((call, _))) => self.leave(room, call.location),
            (None, Err(_)) => {}
        }
    }

    /// A session of ours has ended: was it a pull, or the publisher that stood before one?
    pub fn on_ended(&mut self, summary: &Summary) {
        let room = &summary.room;
        let Some(pull) = self.upstreams.pulls.get_mut(room) else { return };
        if summary.side != Side::Pull || pull.session().map(|(_, peer)| peer) != Some(summary.peer) {
            return;
        }
        let location = pull.location().cloned();
        let lived = match pull.state {
            State::Live { since, .. } => since.elapsed() >= GOOD_AFTER && summary.connected,
            _ => false,
        };
        let why = match summary.reason {
            EndReason::Failed if !summary.connected => Why::BadAnswer,
            EndReason::NeverConnected => Why::Unreachable,
            _ => Why::Lost,
        };
        let wanted = !pull.waiting.is_empty() || pull.wanted_at.elapsed() <= self.upstreams.config.linger;
        if lived {
            pull.failures = 0;
        }
        self.leave(room, location);
        match summary.reason {
            EndReason::TakenOver => self.published_here(room),
            EndReason::Drained => self.forget(room),
            reason if !wanted => {
                tracing::debug!(%room, reason = reason.label(), "a pull that nobody watches has ended");
                self.forget(room);
            }
            reason if lived => {
                self.upstreams.stats.failures[Why::Lost as usize] += 1;
                tracing::info!(%room, reason = reason.label(), "the parent is lost; calling again");
                self.call(room);
            }
            reason => self.rest(room, why, reason.label()),
        }
    }

    /// Four times a second: what is watched without a source, what is pulled without viewers, who has waited long enough.
    pub fn review_upstreams(&mut self) {
        let upstreams = &self.upstreams;
        if upstreams.default.is_none() && upstreams.rooms.is_empty() && upstreams.pulls.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut watched: HashMap<RoomName, bool> = HashMap::new();
        for worker in &self.workers {
            for part in &worker.snapshots.borrow().view.rooms {
                let has_viewers = self.upstreams.covers(&part.name) && part.viewers > 0;
                if has_viewers || watched.contains_key(&part.name) {
                    let published = watched.entry(part.name.clone()).or_default();
                    *published |= !part.publishers.is_empty();
                }
            }
        }
        let linger = if self.draining { Duration::ZERO } else { self.upstreams.config.linger };
        let mut unwatched = Vec::new();
        let mut overdue = Vec::new();
        for (room, pull) in &mut self.upstreams.pulls {
            if watched.contains_key(room) || !pull.waiting.is_empty() {
                pull.wanted_at = now;
            }
            if now.saturating_duration_since(pull.wanted_at) > linger {
                unwatched.push(room.clone());
            }
            if pull.waiting.iter().any(|held| held.since.elapsed() >= HOLD_MAX) {
                for held in std::mem::take(&mut pull.waiting) {
                    match held.since.elapsed() >= HOLD_MAX {
                        true => overdue.push((room.clone(), held)),
                        false => pull.waiting.push(held),
                    }
                }
            }
        }
        for (room, held) in overdue {
            self.settle(&room, held, Why::Unreachable);
        }
        for room in unwatched {
            self.upstreams.stats.unwatched += 1;
            self.hang_up(&room, "nobody watches");
        }
        if self.draining {
            return;
        }
        for (room, published) in watched {
            if !published {
                self.pull_for_viewers(room);
            }
        }
    }

    /// Somebody watches a room here. If it has to come from the parent, that begins now; if somebody publishes it, the worker knows
    /// and does not call.
    pub fn pull_for_viewers(&mut self, room: RoomName) {
        if self.draining || !self.upstreams.covers(&room) {
            return;
        }
        let now = Instant::now();
        if let Some(pull) = self.upstreams.pulls.get_mut(&room) {
            pull.wanted_at = now;
            return;
        }
        self.upstreams.pulls.insert(room.clone(), Pull::new(now, Path::default()));
        self.call(&room);
    }

    /// Has a worker make an offer, from a socket of its own.
    fn call(&mut self, room: &RoomName) {
        if self.draining || self.placement.total() >= self.sessions_max {
            return self.rest(room, Why::Full, "the node takes no more sessions");
        }
        let socket = match Socket::bind((self.upstreams.media, 0).into()) {
            Ok(socket) => socket,
            Err(error) => return self.rest(room, Why::Full, &format!("no socket: {error}")),
        };
        let candidates = address::candidates(socket.local_addr(), &self.upstreams.advertise);
        let worker = self.placement.publisher(room);
        let ticket = self.next_ticket();
        if !self.worker(worker).send(Job::Dial { ticket, room: room.clone(), socket, candidates }) {
            return self.rest(room, Why::Full, "the worker is busy");
        }
        if let Some(pull) = self.upstreams.pulls.get_mut(room) {
            pull.state = State::Offering;
        }
        self.placement.placed(worker);
        self.open.insert(ticket, Open::Dial { room: room.clone(), worker });
    }

    /// It did not work: those who wait are told, and after a pause it is tried again.
    fn rest(&mut self, room: &RoomName, why: Why, text: &str) {
        let random = self.upstreams.next_random();
        let Some(pull) = self.upstreams.pulls.get_mut(room) else { return };
        let pause = pull.back_off(random);
        let first = pull.failures == 1;
        pull.state = State::Resting { until: Instant::now() + pause, why };
        let waiting = std::mem::take(&mut pull.waiting);
        self.upstreams.stats.failures[why as usize] += 1;
        let pause_ms = pause.as_millis() as u64;
        // The first of a row says it to the operator; a parent that stays away must not fill the log.
        if first {
            tracing::info!(%room, reason = why.label(), pause_ms, "cannot pull: {text}");
        } else {
            tracing::debug!(%room, reason = why.label(), pause_ms, "still cannot pull: {text}");
        }
        for held in waiting {
            self.settle(room, held, why);
        }
        let (news, room) = (self.upstreams.news_in.clone(), room.clone());
        tokio::spawn(async move {
            // A millisecond more, so that the pause is over by every clock.
            tokio::time::sleep(pause + Duration::from_millis(1)).await;
            let _ = news.send(News::Rested { room }).await;
        });
    }

    /// Answers a viewer for whom there is no source: with a no, or with a session that waits.
    fn settle(&mut self, room: &RoomName, held: Held, why: Why) {
        let Held { offer, owner, reply, path, .. } = held;
        let expected = self.upstreams.pulls.get(room).map(|pull| pull.codecs.clone()).unwrap_or_default();
        let refusal = why.refusal(self.upstreams.config.hops_max);
        // A node would take what is guessed here for what the room carries.
        let blind = (!path.is_empty() && expected.is_empty()).then_some(Refusal::ParentAway);
        if let Some(refusal) = refusal.or(blind) {
            let _ = reply.send(Err(refusal));
            return;
        }
        let worker = self.placement.viewer(room);
        let room = room.clone();
        let command = |ticket, owner| Command::Wait { ticket, room, offer, owner, expected };
        self.join(worker, owner, reply, None, command);
    }

    /// The room has a source now.
    fn watch_again(&mut self, room: RoomName, held: Held) {
        let Held { offer, owner, reply, path, since, tries } = held;
        let retry = Retry { room: room.clone(), offer: offer.clone(), path, since, tries };
        let worker = self.placement.viewer(&room);
        let command = |ticket, owner| Command::Watch { ticket, room, offer, owner };
        self.join(worker, owner, reply, Some(Box::new(retry)), command);
    }

    /// Whoever publishes here comes before any parent.
    fn published_here(&mut self, room: &RoomName) {
        let Some(pull) = self.upstreams.pulls.remove(room) else { return };
        for held in pull.waiting {
            let Held { offer, owner, reply, .. } = held;
            let (worker, room) = (self.placement.viewer(room), room.clone());
            self.join(worker, owner, reply, None, |ticket, owner| Command::Watch { ticket, room, offer, owner });
        }
    }

    /// Ends a pull on both sides.
    fn hang_up(&mut self, room: &RoomName, why: &str) {
        let Some(pull) = self.upstreams.pulls.get(room) else { return };
        tracing::info!(%room, "pull ended: {why}");
        let (session, location) = (pull.session(), pull.location().cloned());
        self.leave(room, location);
        self.forget(room);
        if let Some((session, _)) = session {
            self.end_pull(session);
        }
    }

    fn forget(&mut self, room: &RoomName) {
        let Some(pull) = self.upstreams.pulls.remove(room) else { return };
        for held in pull.waiting {
            let _ = held.reply.send(Err(Why::NotLive.refusal(0).expect("not live is a refusal")));
        }
    }

    fn end_pull(&mut self, session: SessionId) {
        let owner = engine::Owner(None);
        self.ask_worker(session, Open::Nobody, |ticket| Command::End { ticket, session, owner });
    }

    /// Deletes the session at the parent. One that does not hear it notices by the missing checks.
    fn leave(&self, room: &RoomName, location: Option<dial::Url>) {
        let (Some(location), Some(target)) = (location, self.upstreams.target(room)) else { return };
        let caller = self.upstreams.caller(target, &Path::default());
        let room = room.clone();
        tokio::spawn(async move {
            if let Err(error) = caller.leave(&location).await {
                tracing::debug!(%room, %error, "the session at the parent could not be deleted");
            }
        });
    }
}

async fn ask(
    caller: &Caller,
    target: &Target,
    room: &RoomName,
    offer: &str,
) -> Result<(Call, transport::Reply), (Why, String)> {
    let url = target.url(room).map_err(|problem| (Why::Refused, problem))?;
    let call = caller.post(&url, offer).await.map_err(|error| ((&error).into(), chain(&error)))?;
    match transport::Reply::parse(&call.answer) {
        Ok(reply) => Ok((call, reply)),
        Err(error) => {
            if let Some(location) = &call.location {
                let _ = caller.leave(location).await;
            }
            Err((Why::BadAnswer, error.to_string()))
        }
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
