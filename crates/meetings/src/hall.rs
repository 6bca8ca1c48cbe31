//! One meeting while it happens, as far as one node has to do with it: who is in it and in front of its door, and what each of them
//! is told. Pure: packets, reports and the time come in, packets, orders and requests come out.
//!
//! ```text
//!            arrivals ─▶ lobby ─▶ seats ─┬─▶ chat, feeds, media, moderation
//!                                        ▼
//!   other nodes ◀──── notices ────▶ roster, the union ── what has changed ──▶ everybody's log ──▶ sockets
//! ```
//!
//! Whatever happens to somebody is first written into the roster; that is how other nodes hear of it, and what people are told
//! follows from the roster alone, alike for one node and for many. A person's packets are numbered and kept for as long as they may come back.
//!
//! | queue | bound | when it is full |
//! |---|---|---|
//! | a socket's unread packets | `seat::Unread` | the socket is closed, and may resume |
//! | a person's log | `log::Log` | the oldest goes; who needed it is told everything anew |
//! | chat, and a person's part of it | `chat::Memory`, `chat::Inbox` | the oldest goes |
//! | people, waiting people | [`Rules`] | refused |
//! | outputs | what one input causes | drained after each |

mod arrivals;
mod budget;
mod chat;
mod data;
mod feeds;
mod held;
mod lifecycle;
mod lobby;
mod log;
mod media;
mod moderation;
mod nodes;
mod roster;
mod seat;
mod subscriptions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::NodeId;
use proto::meeting::{
    ClientBody, ClientPacket, CloseCode, EndReason, ErrorCode, Hello, LeaveReason, PacketError, PersonView, Role, Said,
    ServerBody, Settings, SettingsChange,
};

pub use chat::Message as ChatMessage;
pub use feeds::{Assigned, FEEDS_MAX, FeedId, RECORDER_FEEDS_MAX, Wish};
pub use held::Held;
pub use media::{Order, Report, Track};
pub use nodes::{Message, Request};
pub use roster::{Attendance, Event, Notice, Rank, Snapshot, Stamp};
pub use seat::SocketId;

use crate::account::PersonName;
use crate::id::{AccountId, MeetingId, PersonId};
use lobby::Waiter;
use roster::Roster;
use seat::Seat;

/// How long and how many. One set for a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Nobody but hosts and co-hosts gets in before one of them has come.
    pub wait_for_host: bool,
    /// How long a meeting goes on without host and co-host.
    pub host_grace: Duration,
    /// How long it goes on without anybody.
    pub empty_grace: Duration,
    /// When the others see that somebody's socket is lost: longer than changing a network takes.
    pub away_after: Duration,
    /// When they see that somebody has left.
    pub resume_within: Duration,
    pub people_max: usize,
    pub waiting_max: usize,
    pub shares_max: usize,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            wait_for_host: true,
            host_grace: Duration::from_secs(120),
            empty_grace: Duration::from_secs(60),
            away_after: Duration::from_secs(3),
            resume_within: Duration::from_secs(15),
            people_max: 1000,
            waiting_max: 200,
            shares_max: 2,
        }
    }
}

/// What a meeting begins with.
#[derive(Debug, Clone)]
pub struct Opening {
    pub node: NodeId,
    pub meeting: MeetingId,
    /// The same moment on both clocks, so that times can be told to people.
    pub now: Instant,
    pub calendar_ms: u64,
    pub settings: Settings,
    pub banned: BTreeSet<PersonId>,
    pub rules: Rules,
}

#[derive(Debug)]
pub struct Hall {
    node: NodeId,
    meeting: MeetingId,
    opened: Instant,
    opened_ms: u64,
    /// What holds until somebody changes it.
    first_settings: Settings,
    banned: BTreeSet<PersonId>,
    /// Whom the API has let come back: what the roster says of bans only grows.
    lifted: BTreeSet<PersonId>,
    rules: Rules,
    roster: Roster,
    /// What people here were last told of everybody: a change is what differs from it.
    shown: BTreeMap<PersonId, PersonView>,
    shown_host: Option<PersonId>,
    shown_settings: (Settings, bool),
    seats: BTreeMap<PersonId, Seat>,
    waiters: BTreeMap<PersonId, Waiter>,
    /// Whose each open socket is: of a seat or of a waiter.
    sockets: BTreeMap<SocketId, PersonId>,
    /// Let in by a host before, and so without waiting again.
    admitted: BTreeSet<PersonId>,
    said: chat::Memory,
    speaker: ServerBody,
    /// When it is over for want of a host, or of people.
    hostless_until: Option<Instant>,
    empty_until: Option<Instant>,
    over: Option<EndReason>,
    outputs: VecDeque<Output>,
}

/// Somebody whom a ticket has proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub person: PersonId,
    pub name: PersonName,
    pub rank: Rank,
}

/// How somebody asks to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Init,
    Join,
    Record,
}

#[derive(Debug)]
pub enum Input {
    /// The first packet of a socket; `secret` is fresh randomness.
    Join {
        socket: SocketId,
        way: Way,
        hello: Hello,
        who: Verified,
        secret: u128,
    },
    Packet {
        socket: SocketId,
        packet: Result<ClientPacket, PacketError>,
    },
    /// So many packets of a socket have gone into the network.
    Written {
        socket: SocketId,
        packets: usize,
    },
    Closed {
        socket: SocketId,
    },
    Media(Report),
    /// Another node says something.
    Node(Message),
    /// Another node has this meeting too.
    NodeFound(NodeId),
    NodeLost(NodeId),
    /// Through the API, where it is kept already.
    Decided(Decided),
    End(EndReason),
    /// By whoever looks after the server, also a host.
    Remove {
        person: PersonId,
        reason: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    Send {
        socket: SocketId,
        seq: Option<u64>,
        said: Arc<Said>,
    },
    /// After what was sent to it. Nothing of this socket matters any more.
    Close {
        socket: SocketId,
        code: CloseCode,
    },
    Media(Order),
    /// To every other node that has this meeting.
    Announce(Notice),
    Tell {
        node: NodeId,
        message: Message,
    },
    Keep(Keep),
    /// Nothing comes after this.
    Ended(EndReason),
}

/// What outlives the meeting's time on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    Settings(Settings),
    /// Their tickets are void; with `banned` they get no others.
    Removed {
        person: PersonId,
        banned: bool,
    },
    CoHost {
        account: AccountId,
        is: bool,
    },
}

/// What was changed about a meeting through the API; what is not said stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decided {
    pub settings: SettingsChange,
    pub co_hosts: BTreeMap<AccountId, bool>,
    pub banned: Vec<PersonId>,
    pub lifted: Vec<PersonId>,
}

/// Why a packet was not followed; said to whom it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal(ErrorCode, &'static str);

impl Hall {
    pub fn open(opening: Opening) -> Hall {
        let Opening { node, meeting, now, calendar_ms, settings, banned, rules } = opening;
        Hall {
            node,
            meeting,
            opened: now,
            opened_ms: calendar_ms,
            first_settings: settings,
            banned,
            lifted: BTreeSet::new(),
            roster: Roster::new(node),
            shown: BTreeMap::new(),
            shown_host: None,
            shown_settings: (settings, false),
            seats: BTreeMap::new(),
            waiters: BTreeMap::new(),
            sockets: BTreeMap::new(),
            admitted: BTreeSet::new(),
            said: chat::Memory::default(),
            speaker: ServerBody::Speaker { account_id: None, heard: Vec::new() },
            hostless_until: None,
            // Whoever has it opened comes in next; if they do not, it is closed again.
            empty_until: Some(now + rules.empty_grace),
            over: None,
            outputs: VecDeque::new(),
            rules,
        }
    }

    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Join { socket, way, hello, who, secret } => self.arrive(now, socket, way, hello, who, secret),
            _ if self.over.is_some() => {}
            Input::Packet { socket, packet } => self.packet(now, socket, packet),
            Input::Written { socket, packets } => self.written(socket, packets),
            Input::Closed { socket } => self.closed(now, socket),
            Input::Media(report) => self.report(now, report),
            Input::Node(message) => self.hear(now, message),
            Input::NodeFound(node) => self.introduce(node),
            Input::NodeLost(node) => self.lose_node(now, node),
            Input::Decided(decided) => self.follow_decision(now, decided),
            Input::End(reason) => self.write(now, Event::Ended(reason)),
            Input::Remove { person, reason } => self.remove(now, &person, reason),
        }
        self.settle(now);
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Everybody as people on this node see them.
    pub fn people(&self) -> impl Iterator<Item = &PersonView> {
        self.shown.values()
    }

    pub fn settings(&self) -> Settings {
        self.roster.settings().unwrap_or(self.first_settings)
    }

    /// Whether every queue keeps its bound; tests ask after every step.
    pub fn is_bounded(&self) -> bool {
        let people = self.seats.len() <= self.rules.people_max && self.waiters.len() <= self.rules.waiting_max;
        people && self.seats.values().all(Seat::is_bounded)
    }

    fn packet(&mut self, now: Instant, socket: SocketId, packet: Result<ClientPacket, PacketError>) {
        let Some(person) = self.sockets.get(&socket).cloned() else { return };
        let budget = match (self.seats.get_mut(&person), self.waiters.get_mut(&person)) {
            (Some(seat), _) => &mut seat.packets,
            (None, Some(waiter)) => &mut waiter.packets,
            (None, None) => return,
        };
        if !budget.take(now) {
            let msg = "more packets than anybody needs; slow down".to_owned();
            return self.reply(now, socket, ServerBody::Error { code: ErrorCode::TooFast, msg, about: None });
        }
        let packet = match packet {
            Ok(packet) => packet,
            Err(e) => {
                let error =
                    ServerBody::Error { code: e.code(), msg: e.to_string(), about: e.about().map(str::to_owned) };
                return self.reply(now, socket, error);
            }
        };
        let about = packet.body.name();
        let followed = match packet.meeting_id.parse() {
            Ok(meeting) if self.meeting == meeting => self.follow(now, socket, &person, packet.body),
            _ => Err(Refusal(ErrorCode::NotIn, "this socket is in another meeting; meeting_id is not its own")),
        };
        if let Err(Refusal(code, msg)) = followed {
            let error = ServerBody::Error { code, msg: msg.to_owned(), about: Some(about.to_owned()) };
            self.reply(now, socket, error);
        }
    }

    fn follow(&mut self, now: Instant, socket: SocketId, person: &PersonId, body: ClientBody) -> Result<(), Refusal> {
        match body {
            ClientBody::Ping { seq } => {
                if let Some(seat) = self.seats.get_mut(person) {
                    seat.log.acknowledge(seq);
                }
                self.reply(now, socket, ServerBody::Pong { acknowledged: seq });
                return Ok(());
            }
            ClientBody::Leave {} => {
                self.leave(now, person, LeaveReason::Left, CloseCode::Left);
                return Ok(());
            }
            _ if !self.seats.contains_key(person) => {
                return Err(Refusal(ErrorCode::NotIn, "a host has to let you in first"));
            }
            _ => {}
        }
        let records = self.role_of(person) == Role::Recorder;
        match body {
            ClientBody::Init(_) | ClientBody::Join(_) | ClientBody::RecordJoin(_) => {
                Err(Refusal(ErrorCode::AlreadyIn, "this socket is in already"))
            }
            ClientBody::Subscribe(subscribe) => self.subscribe(now, person, &[], &subscribe.subscriptions),
            ClientBody::Unsubscribe(unsubscribe) => {
                let entries: Vec<_> = unsubscribe.entries().cloned().collect();
                self.subscribe(now, person, &entries, &[])
            }
            ClientBody::UnsubSub(both) => self.subscribe(now, person, &both.unsubscribe, &both.subscribe),
            ClientBody::Offer(offer) if !records || offer.what == proto::meeting::What::Receive => {
                self.offer(person, offer)
            }
            ClientBody::Ice { what, fragment } => self.ice(person, what, fragment),
            ClientBody::Stop { what } => {
                self.stop(now, person, what);
                Ok(())
            }
            _ if records => Err(Refusal(ErrorCode::NotAllowed, "a recorder only listens")),
            ClientBody::Me(me) => self.me(now, person, me),
            ClientBody::Chat(chat) => self.chat(now, person, chat),
            ClientBody::Reaction { reaction } => self.react(now, person, reaction),
            ClientBody::Moderate(moderate) => self.moderate(now, person, moderate),
            ClientBody::ModerateAll(all) => self.moderate_all(now, person, all.action),
            ClientBody::Settings(change) => self.change_settings(now, person, change),
            ClientBody::End {} => self.end(now, person),
            ClientBody::Offer(_) => Err(Refusal(ErrorCode::NotAllowed, "a recorder sends nothing")),
            ClientBody::Leave {} | ClientBody::Ping { .. } => Ok(()),
        }
    }

    fn react(&mut self, now: Instant, person: &PersonId, reaction: String) -> Result<(), Refusal> {
        let seat = self.seats.get_mut(person).expect("`follow` looked for the seat");
        if !seat.reactions.take(now) {
            return Err(Refusal(ErrorCode::TooFast, "so many reactions at a time are too many"));
        }
        if !self.settings().reactions && !self.role_of(person).hosts() {
            return Err(Refusal(ErrorCode::NotAllowed, "a host has switched reactions off"));
        }
        if reaction.is_empty() || reaction.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Refusal(ErrorCode::Malformed, "a reaction is one emoji"));
        }
        self.write(now, Event::Reacted { person: person.clone(), reaction });
        Ok(())
    }

    /// Says something of this node's own, to the others and to everybody here.
    fn write(&mut self, now: Instant, event: Event) {
        let notice = self.roster.write(event);
        self.outputs.push_back(Output::Announce(notice.clone()));
        self.take_in(now, &notice.event);
    }

    /// What follows here from what has just been noted in the roster.
    fn take_in(&mut self, now: Instant, event: &Event) {
        match event {
            Event::Started => self.open_doors(now),
            Event::Here { person, .. } => {
                self.yield_place(now, person);
                self.refresh(now, [person.clone()], LeaveReason::Left);
            }
            Event::Gone { person, reason } => self.refresh(now, [person.clone()], *reason),
            Event::Waits { person, .. } => self.tell_lobby(now, person),
            Event::WaitsNot { person } => self.tell_lobby(now, person),
            Event::Settings { .. } => {
                self.tell_settings(now);
                self.open_doors(now);
            }
            Event::Banned { person } => {
                self.lifted.remove(person);
                self.expel(now, person);
            }
            Event::Said(message) => self.deliver(now, message),
            Event::Reacted { person, reaction } => {
                let (account_id, reaction) = (person.to_string(), reaction.clone());
                self.pass_all(now, ServerBody::Reaction { account_id, reaction });
            }
            Event::Ended(reason) => self.finish(*reason),
        }
    }

    /// Tells what has become of these people, and of the host if that is another one now.
    fn refresh(&mut self, now: Instant, touched: impl IntoIterator<Item = PersonId>, why: LeaveReason) {
        let mut people: BTreeSet<PersonId> = touched.into_iter().collect();
        let host = self.roster.host();
        if host != self.shown_host {
            people.extend(host.clone());
            people.extend(std::mem::replace(&mut self.shown_host, host.clone()));
        }
        for person in people {
            let before = self.shown.get(&person).cloned();
            let after = self.roster.view(&person, host.as_ref());
            match (before, after) {
                (None, Some(view)) => {
                    self.shown.insert(person.clone(), view.clone());
                    let join = ServerBody::Join { account_id: person.to_string(), person: view };
                    self.say_all(now, join, Some(&person));
                }
                (Some(_), None) => {
                    self.shown.remove(&person);
                    let leave = ServerBody::Leave { account_id: person.to_string(), reason: why };
                    self.say_all(now, leave, Some(&person));
                    self.forget_feeds(now, &person);
                }
                (Some(before), Some(after)) if before != after => {
                    self.shown.insert(person.clone(), after.clone());
                    let promoted = after.role.hosts() && !before.role.hosts();
                    self.order_data(&person);
                    self.say_all(now, ServerBody::State { account_id: person.to_string(), person: after }, None);
                    if promoted {
                        self.tell_whole_lobby(now, &person);
                    }
                }
                _ => {}
            }
        }
        self.tell_settings(now);
    }

    /// Changes what this node says of one of its own people.
    fn describe(&mut self, now: Instant, person: &PersonId, change: impl FnOnce(&mut Attendance)) {
        let (Some(seat), Some(before)) = (self.seats.get(person), self.roster.own(person)) else { return };
        let mut how = before.clone();
        change(&mut how);
        how.microphone = seat.studio.microphone && seat.studio.microphone_on;
        how.camera = seat.studio.camera && seat.studio.camera_on;
        how.screen = seat.studio.screen;
        if how != *before {
            self.write(now, Event::Here { person: person.clone(), how });
        }
    }

    fn tell_settings(&mut self, now: Instant) {
        let settings = (self.settings(), self.roster.is_recorded());
        if settings != self.shown_settings {
            self.shown_settings = settings;
            self.order_data_of_all();
            self.say_all(now, ServerBody::Settings { settings: settings.0, recording: settings.1 }, None);
        }
    }

    fn role_of(&self, person: &PersonId) -> Role {
        self.roster.role(person).unwrap_or(Role::Person)
    }

    /// Somebody who takes part, by what a packet calls them.
    fn named(&self, account_id: &str) -> Result<PersonId, Refusal> {
        let person = account_id.parse().ok().filter(|person| self.shown.contains_key(person));
        person.ok_or(Refusal(ErrorCode::UnknownPerson, "nobody of that account_id is in this meeting"))
    }

    fn calendar_ms(&self, at: Instant) -> u64 {
        self.opened_ms.saturating_add(at.saturating_duration_since(self.opened).as_millis() as u64)
    }

    /// To one person: numbered, and kept for when they come back.
    fn say(&mut self, now: Instant, person: &PersonId, body: ServerBody) {
        self.push(now, person, &Said::new(body), Kind::Numbered);
    }

    fn say_all(&mut self, now: Instant, body: ServerBody, except: Option<&PersonId>) {
        let said = Said::new(body);
        let people: Vec<PersonId> = self.seats.keys().filter(|person| Some(*person) != except).cloned().collect();
        for person in people {
            self.push(now, &person, &said, Kind::Numbered);
        }
    }

    /// To whoever is there to see it; of no interest later.
    fn pass_all(&mut self, now: Instant, body: ServerBody) {
        let said = Said::new(body);
        let people: Vec<PersonId> = self.seats.keys().cloned().collect();
        for person in people {
            self.push(now, &person, &said, Kind::Passing);
        }
    }

    /// To one socket, about itself.
    fn reply(&mut self, now: Instant, socket: SocketId, body: ServerBody) {
        let Some(person) = self.sockets.get(&socket).cloned() else { return };
        let said = Said::new(body);
        if self.seats.contains_key(&person) {
            self.push(now, &person, &said, Kind::Passing);
        } else if let Some(waiter) = self.waiters.get_mut(&person) {
            if waiter.unread.add(said.len()) {
                self.outputs.push_back(Output::Send { socket, seq: None, said });
            } else {
                self.outputs.push_back(Output::Close { socket, code: CloseCode::Slow });
                self.closed(now, socket);
            }
        }
    }

    fn push(&mut self, now: Instant, person: &PersonId, said: &Arc<Said>, kind: Kind) {
        let Some(seat) = self.seats.get_mut(person) else { return };
        let seq = match kind {
            Kind::Numbered => Some(seat.log.append(said.clone())),
            Kind::Passing => None,
        };
        let seat::Line::Open { socket, unread } = &mut seat.line else { return };
        let socket = *socket;
        if unread.add(said.len()) {
            self.outputs.push_back(Output::Send { socket, seq, said: said.clone() });
        } else {
            // Whoever does not read holds up nobody else: what they miss is in their log.
            seat.line = seat::Line::Lost { since: now };
            self.sockets.remove(&socket);
            self.outputs.push_back(Output::Close { socket, code: CloseCode::Slow });
        }
    }

    fn written(&mut self, socket: SocketId, packets: usize) {
        let Some(person) = self.sockets.get(&socket) else { return };
        if let Some(seat::Line::Open { unread, .. }) = self.seats.get_mut(person).map(|seat| &mut seat.line) {
            unread.written(packets);
        } else if let Some(waiter) = self.waiters.get_mut(person) {
            waiter.unread.written(packets);
        }
    }
}

/// Whether a packet is kept for who resumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Numbered,
    Passing,
}
