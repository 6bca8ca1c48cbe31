//! The world: workers, clients, lines between them, and virtual time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use engine::{Command, Engine, Event, Flushed, Limits, Owner, Reply, Ticket};
use media::clip::Clip;
use media::codec::Kind;
use netsim::{Link, Profile, Rng};
use proto::api::SessionView;
use proto::data::Notice;
use proto::{Assignment, LayerChoice, PeerId, PublisherName, RoomName, Section, SessionId, WorkerId};
use transport::{Identity, Offer};

use crate::client::{Client, Does, Publish};
use crate::viewer::Seen;

/// Things that can happen in one instant before the world is considered stuck.
const STEPS_PER_INSTANT_MAX: u32 = 10_000;

pub struct Sim {
    start: Instant,
    pub(crate) now: Instant,
    rng: Rng,
    workers: Vec<Engine>,
    identity: Identity,
    pub(crate) clients: BTreeMap<String, Client>,
    tickets: u64,
    given: BTreeMap<SessionId, Vec<Section>>,
    pub(crate) notices: BTreeMap<SessionId, Vec<Notice>>,
    /// No message of an application fits into the way between workers.
    pub(crate) is_crammed: bool,
    /// Until then the workers get no CPU.
    starved_until: Instant,
    /// The most bytes that a worker ever had to send at once.
    pub outbox_max: usize,
    /// Every media packet that reached a client: what, when, to whom. `None` in a world too long for that.
    trace: Option<Vec<String>>,
}

impl Sim {
    pub fn seed(seed: u64) -> Sim {
        Sim::with_workers(seed, 1)
    }

    pub fn with_workers(seed: u64, workers: u8) -> Sim {
        Sim::with_limits(seed, workers, Limits::default())
    }

    pub fn with_limits(seed: u64, workers: u8, limits: Limits) -> Sim {
        let start = Instant::now();
        let mut rng = Rng::seed(seed);
        let identity = Identity::generate().expect("a certificate can be made");
        let workers = (0..workers)
            .map(|i| {
                let mut entropy = Rng::seed(rng.next_u64());
                let config = engine::Config {
                    worker: WorkerId(i),
                    workers,
                    candidates: vec![worker_address(i)],
                    epoch: start,
                    limits,
                    idle_clip: Some(clip()),
                };
                let fill = move |bytes: &mut [u8]| bytes.fill_with(|| entropy.next_u64() as u8);
                Engine::new(start, config, identity.clone(), Box::new(fill))
            })
            .collect();
        Sim {
            start,
            now: start,
            rng,
            workers,
            identity,
            clients: BTreeMap::new(),
            tickets: 0,
            given: BTreeMap::new(),
            notices: BTreeMap::new(),
            is_crammed: false,
            starved_until: start,
            outbox_max: 0,
            trace: Some(Vec::new()),
        }
    }

    /// For millions of packets.
    pub fn without_trace(self) -> Sim {
        Sim { trace: None, ..self }
    }

    /// `who` publishes a camera and a microphone in `room`, on worker 0.
    pub fn publish(&mut self, room: &str, who: &str) {
        self.publish_with(room, who, Publish::default());
    }

    pub fn publish_with(&mut self, room: &str, who: &str, publish: Publish) {
        self.publish_on(0, room, who, publish);
    }

    pub fn publish_on(&mut self, worker: u8, room: &str, who: &str, publish: Publish) {
        let name = publish.is_named.then(|| who.parse().expect("a publisher's name"));
        self.join(worker, room, who, Does::Publish(publish), name)
            .unwrap_or_else(|refusal| panic!("{who} may not publish: {refusal}"));
    }

    /// What a second publisher hears.
    pub fn try_publish(&mut self, room: &str, who: &str) -> Result<(), engine::Refusal> {
        self.join(0, room, who, Does::Publish(Publish::default()), None)
    }

    /// `who` publishes under this name.
    pub fn try_publish_as(&mut self, room: &str, name: &str, who: &str) -> Result<(), engine::Refusal> {
        let name = name.parse().expect("a publisher's name");
        self.join(0, room, who, Does::Publish(Publish::default()), Some(name))
    }

    pub fn watch(&mut self, room: &str, who: &str) {
        self.watch_on(0, room, who);
    }

    pub fn watch_on(&mut self, worker: u8, room: &str, who: &str) {
        self.try_watch_on(worker, room, who).unwrap_or_else(|refusal| panic!("{who} may not watch: {refusal}"));
    }

    /// `who` watches with this many audio sections.
    pub fn listen(&mut self, worker: u8, room: &str, who: &str, voices: usize) {
        let seen = Seen { more_voices: voices - 1, ..Seen::default() };
        let joined = self.join(worker, room, who, Does::Watch(Box::new(seen)), None);
        joined.unwrap_or_else(|refusal| panic!("{who} may not watch: {refusal}"));
    }

    pub fn try_watch_on(&mut self, worker: u8, room: &str, who: &str) -> Result<(), engine::Refusal> {
        self.join(worker, room, who, Does::Watch(Box::default()), None)
    }

    /// `who` takes part with so many audio and video sections, and says whose pictures it wants to see.
    pub fn meet(&mut self, worker: u8, room: &str, who: &str, voices: usize, pictures: usize) {
        let seen = Seen { more_voices: voices - 1, more_pictures: pictures - 1, ..Seen::default() };
        let joined = self.join(worker, room, who, Does::Watch(Box::new(seen)), None);
        joined.unwrap_or_else(|refusal| panic!("{who} may not watch: {refusal}"));
    }

    /// The video sections of `who` from the first on are to show these publishers.
    pub fn show(&mut self, who: &str, of: &[&str]) {
        let of = of.iter().map(|name| Some(name.parse().expect("a publisher's name")));
        let assignments = self.assignments(who, of.collect());
        self.assign(who, None, assignments).unwrap_or_else(|refusal| panic!("{who} may not see that: {refusal}"));
    }

    /// Assignments of the video sections of `who` from the first on, to be changed before they are made.
    pub fn assignments(&self, who: &str, of: Vec<Option<PublisherName>>) -> Vec<Assignment> {
        let sections = self.viewer(who).pictures.iter().zip(of);
        let assignment = |(mid, of): (&transport::Mid, _)| Assignment {
            mid: mid.as_str().to_owned(),
            of,
            ceiling_kbps: None,
            height_max: None,
            priority: 0,
        };
        sections.map(assignment).collect()
    }

    pub fn assign(
        &mut self,
        who: &str,
        own: Option<&[&str]>,
        assignments: Vec<Assignment>,
    ) -> Result<(), engine::Refusal> {
        let session = self.client(who).session;
        let own = own.map(|own| own.iter().map(|name| name.parse().expect("a publisher's name")).collect());
        match self.ask(who, |ticket| Command::Assign { ticket, session, owner: Owner(None), own, assignments }) {
            Reply::Refused(refusal) => Err(refusal),
            _ => Ok(()),
        }
    }

    /// Whether what `who` publishes of a kind is passed on to anybody.
    pub fn forward(&mut self, who: &str, kind: Kind, on: bool) -> Result<(), engine::Refusal> {
        let session = self.client(who).session;
        match self.ask(who, |ticket| Command::Forward { ticket, session, owner: Owner(None), kind, on }) {
            Reply::Refused(refusal) => Err(refusal),
            _ => Ok(()),
        }
    }

    /// What the node was last told that the video sections of `who` are given.
    pub fn given(&self, who: &str) -> &[Section] {
        self.given.get(&self.clients[who].session).map_or(&[], |sections| sections)
    }

    /// By what the packets of `who` are known: the upper bits of their streams' numbers.
    pub fn person(&self, who: &str) -> u32 {
        self.clients[who].person()
    }

    /// `who` is to see another room, in the same session.
    pub fn switch(&mut self, who: &str, room: &str) {
        let (session, room) = (self.client(who).session, room.parse().expect("a room name"));
        self.ask(who, |ticket| Command::Switch { ticket, session, owner: Owner(None), room });
    }

    pub fn choose(&mut self, who: &str, choice: LayerChoice) -> Result<(), engine::Refusal> {
        let session = self.client(who).session;
        match self.ask(who, |ticket| Command::Choose { ticket, session, owner: Owner(None), choice }) {
            Reply::Refused(refusal) => Err(refusal),
            _ => Ok(()),
        }
    }

    /// How the node says that `who` fares.
    pub fn look(&mut self, who: &str) -> SessionView {
        let session = self.client(who).session;
        match self.ask(who, |ticket| Command::Look { ticket, session, owner: Some(Owner(None)) }) {
            Reply::Seen(view) => *view,
            other => panic!("{who} cannot be looked at: {other:?}"),
        }
    }

    /// Who is in a room, on one worker.
    pub fn roll(&mut self, worker: u8, room: &str, after: Option<u32>, limit: usize) -> engine::Roll {
        let room = room.parse().expect("a room's name");
        match self.ask_worker(worker.into(), |ticket| Command::Roll { ticket, room, after, limit }) {
            Reply::Roll(roll) => roll,
            other => panic!("{other:?}"),
        }
    }

    /// As whoever looks after the node, who knows a session by its peer.
    pub fn inspect(&mut self, peer: PeerId) -> Reply {
        self.ask_worker(peer.worker.0.into(), |ticket| Command::Inspect { ticket, peer })
    }

    pub fn remove(&mut self, peer: PeerId) -> Reply {
        self.ask_worker(peer.worker.0.into(), |ticket| Command::Remove { ticket, peer })
    }

    pub(crate) fn ask(&mut self, who: &str, command: impl FnOnce(Ticket) -> Command) -> Reply {
        let worker = self.client(who).worker as usize;
        self.ask_worker(worker, command)
    }

    fn ask_worker(&mut self, worker: usize, command: impl FnOnce(Ticket) -> Command) -> Reply {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.workers[worker].command(self.now, command(ticket));
        let mut answer = None;
        while let Some(event) = self.workers[worker].poll_event() {
            if let Event::Reply { ticket: to, reply } = event
                && to == ticket
            {
                answer = Some(reply);
            }
        }
        answer.expect("a command is answered at once")
    }

    /// `who` ends the session as a page does when it is closed.
    pub fn leave(&mut self, who: &str) {
        let client = self.clients.remove(who).unwrap_or_else(|| panic!("{who} is not here"));
        let command = Command::End { ticket: Ticket(0), session: client.session, owner: Owner(None) };
        self.workers[client.worker as usize].command(self.now, command);
    }

    /// `who` is gone without a word: a battery, a tunnel.
    pub fn vanish(&mut self, who: &str) {
        self.clients.remove(who).unwrap_or_else(|| panic!("{who} is not here"));
    }

    /// The line of `who`, both directions, from now on (or from its connection on).
    pub fn line(&mut self, who: &str, profile: Profile) {
        self.client(who).set_line(profile);
    }

    /// The way from the server to `who`, from now on.
    pub fn way_down(&mut self, who: &str, profile: Profile) {
        self.client(who).set_way_down(profile);
    }

    /// `who` asks for the whole sequence space of the video again, with the keys of the session.
    pub fn nack_everything(&mut self, who: &str) {
        let now = self.now;
        self.client(who).nack_everything(now);
    }

    /// Bytes of video that the server sent to `who`, whether they arrived or not: of the stream, and of its repairs.
    pub fn video_sent(&self, who: &str) -> (u64, u64) {
        self.clients[who].video_sent()
    }

    /// The publisher's encoder stops sending, and goes on.
    pub fn mute(&mut self, who: &str, muted: bool) {
        self.client(who).muted = muted;
    }

    /// How loud it is at the microphone of `who`, in decibels below overload; 127 is silence.
    pub fn speak(&mut self, who: &str, level: u8) {
        self.client(who).level = level;
    }

    /// The encoder of `who` gives up a simulcast layer, as browsers do when their line gets narrow.
    pub fn stop_layer(&mut self, who: &str, rid: &str) {
        let rid = transport::Rid::new(rid).expect("a short name");
        self.client(who).stopped.push(rid);
    }

    /// And sends it again.
    pub fn resume_layer(&mut self, who: &str, rid: &str) {
        self.client(who).stopped.retain(|stopped| *stopped != *rid);
    }

    /// The layers that the encoder of `who` sends at the moment.
    pub fn sent_layers(&self, who: &str) -> Vec<String> {
        self.clients[who].sent_layers()
    }

    pub fn run(&mut self, duration: Duration) {
        let until = self.now + duration;
        loop {
            self.settle();
            let next = self.next_event();
            if next > until {
                break;
            }
            self.now = self.now.max(next);
        }
        self.now = until;
        for client in self.clients.values_mut() {
            client.seen_mut(|seen| seen.play(until));
        }
    }

    /// The workers get no CPU for so long: what arrives waits in their sockets.
    pub fn starve(&mut self, duration: Duration) {
        self.starved_until = self.now + duration;
        self.run(duration);
    }

    pub fn viewer(&self, who: &str) -> &Seen {
        self.clients.get(who).and_then(Client::seen).unwrap_or_else(|| panic!("{who} is not watching"))
    }

    /// Everything published while `who` watched came, in order, once, and a decoder could use it.
    pub fn sees_everything(&self, who: &str) {
        for kind in [Kind::Video, Kind::Audio] {
            let track = self.viewer(who).track(kind);
            let report = track.report();
            assert!(report.is_clean(), "{who} {kind:?}: {report:?}");
            assert_eq!((track.missing(), track.duplicates, track.corrupt), (0, 0, 0), "{who} {kind:?}");
        }
    }

    pub fn stats(&self, worker: u8) -> engine::Stats {
        self.workers[worker as usize].stats()
    }

    pub fn now(&self) -> Instant {
        self.now
    }

    /// Each media packet that reached a client, in the order of virtual time.
    pub fn trace(&self) -> &[String] {
        self.trace.as_deref().expect("this world keeps a trace")
    }

    /// Lets `who` meet a bug of ours with its next datagram.
    pub fn sabotage(&mut self, who: &str) {
        let client = &self.clients[who];
        self.workers[client.worker as usize].sabotage(client.peer_id);
    }

    /// The address that `who` sends from.
    pub fn address(&self, who: &str) -> SocketAddr {
        self.clients[who].address
    }

    /// A worker, to hand it what no client would send.
    pub fn worker(&mut self, worker: u8) -> &mut Engine {
        &mut self.workers[worker as usize]
    }

    /// Packets that the encoder of `who` has made so far, video and audio.
    pub fn published(&self, who: &str) -> (u64, u64) {
        self.clients[who].published()
    }

    pub(crate) fn client(&mut self, who: &str) -> &mut Client {
        self.clients.get_mut(who).unwrap_or_else(|| panic!("{who} is not here"))
    }

    pub(crate) fn join(
        &mut self,
        worker: u8,
        room: &str,
        who: &str,
        does: Does,
        name: Option<PublisherName>,
    ) -> Result<(), engine::Refusal> {
        let room: RoomName = room.parse().expect("a room name");
        let n = self.rng.next_u64();
        let address: SocketAddr = format!("10.1.{}.{}:5004", n >> 8 & 0xff, n & 0xff).parse().expect("an address");
        let (mut client, offer) = Client::new(self.now, &self.identity, address, worker, does, n);
        let offer = Offer::parse(&offer).expect("our own offer");
        self.tickets += 1;
        let (ticket, owner) = (Ticket(self.tickets), Owner(None));
        let command = match &client.does {
            Does::Publish(_) => Command::Publish { ticket, room, name, offer, owner },
            Does::Watch(seen) if seen.talks => Command::Wait { ticket, room, offer, owner, expected: Vec::new() },
            Does::Watch(_) => Command::Watch { ticket, room, offer, owner },
        };
        let engine = &mut self.workers[worker as usize];
        engine.command(self.now, command);
        while let Some(event) = engine.poll_event() {
            match event {
                Event::Reply { ticket: t, reply: Reply::Answered(answered) } if t == ticket => {
                    client.start(self.now, &answered);
                    self.clients.insert(who.to_owned(), client);
                    return Ok(());
                }
                Event::Reply { ticket: t, reply: Reply::Refused(refusal) } if t == ticket => return Err(refusal),
                _ => {}
            }
        }
        panic!("worker {worker} gave no reply");
    }

    /// Lets everything happen that is due now, until nothing is left to do in this instant.
    fn settle(&mut self) {
        for _ in 0..STEPS_PER_INSTANT_MAX {
            let mut moved = false;
            for client in self.clients.values_mut() {
                moved |= client.tick(self.start, self.now, &mut self.trace);
            }
            if self.now < self.starved_until {
                if !moved && self.next_event() > self.now {
                    return;
                }
                continue;
            }
            moved |= self.deliver_to_workers();
            for worker in &mut self.workers {
                if worker.next_timeout() <= self.now {
                    worker.handle_timeout(self.now);
                    moved = true;
                }
            }
            moved |= self.collect_from_workers();
            if !moved && self.next_event() > self.now {
                return;
            }
        }
        panic!("the world is stuck at {:?}", self.now - self.start);
    }

    fn deliver_to_workers(&mut self) -> bool {
        let mut moved = false;
        for client in self.clients.values_mut() {
            let (from, to) = (client.address, worker_address(client.worker));
            while let Some(bytes) = client.up.poll(self.now) {
                self.workers[client.worker as usize].handle_datagram(self.now, from, to, &bytes);
                moved = true;
            }
        }
        moved
    }

    fn collect_from_workers(&mut self) -> bool {
        let mut moved = false;
        for i in 0..self.workers.len() {
            loop {
                let flushed = self.workers[i].flush(self.now);
                let outbox = self.workers[i].outbox();
                self.outbox_max = self.outbox_max.max(outbox.len());
                for (to, bytes) in outbox.datagrams() {
                    moved = true;
                    if let Some(client) = self.clients.values_mut().find(|c| c.address == to) {
                        client.count_sent(bytes);
                        client.down.send(self.now, bytes);
                    }
                }
                outbox.clear();
                self.workers[i].sent(self.now, 0);
                if flushed == Flushed::All {
                    break;
                }
            }
            while let Some(event) = self.workers[i].poll_event() {
                match event {
                    Event::Given { session, sections } => drop(self.given.insert(session, sections)),
                    Event::Message { session, notice } => self.notices.entry(session).or_default().push(notice),
                    _ => {}
                }
            }
            let mut post = Vec::new();
            for link in self.workers[i].links() {
                let (mut records, mut posts, to) = (Vec::new(), Vec::new(), link.to);
                link.drain_records(|record| records.push(record.to_vec()));
                let has_room = !self.is_crammed;
                link.drain_posts(|record| {
                    posts.extend(has_room.then(|| record.to_vec()));
                    has_room
                });
                post.push((to, records, posts, link.messages.drain(..).collect::<Vec<_>>()));
            }
            for (to, records, posts, messages) in post {
                moved |= !records.is_empty() || !posts.is_empty() || !messages.is_empty();
                posts.iter().for_each(|p| self.workers[to.0 as usize].handle_data(self.now, p));
                let neighbour = &mut self.workers[to.0 as usize];
                messages.into_iter().for_each(|m| neighbour.handle_message(self.now, m));
                records.iter().for_each(|r| neighbour.handle_record(self.now, r));
            }
        }
        moved
    }

    fn next_event(&self) -> Instant {
        let workers = self.workers.iter().map(|worker| worker.next_timeout().max(self.starved_until));
        let clients = self.clients.values().map(|c| c.next_event(self.now, self.starved_until));
        workers.chain(clients).min().expect("there is a worker")
    }
}

/// The built-in one, drawn once.
fn clip() -> Arc<Clip> {
    static CLIP: OnceLock<Arc<Clip>> = OnceLock::new();
    CLIP.get_or_init(|| Arc::new(Clip::builtin())).clone()
}

fn worker_address(worker: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 7000 + u16::from(worker)))
}

/// A line as the network model has it by name.
pub fn profile(name: &str) -> Profile {
    Profile::preset(name).unwrap_or_else(|| panic!("no network profile {name}"))
}

/// A direction of a line without any fault.
pub(crate) fn clean_link(seed: u64) -> Link {
    let mut profile = Profile::clean();
    // Something above zero, so that time passes between a question and its answer.
    profile.delay = Duration::from_millis(1);
    Link::new(profile, seed)
}
