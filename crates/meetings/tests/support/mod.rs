//! A meeting with people in it: real halls, and clients that keep what a page would keep and complain about what a page would trip over.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use meetings::hall::{
    FeedId, Hall, Input, Keep, Message, Opening, Order, Output, Rank, Report, Rules, SocketId, Verified, Way,
};
use meetings::{MeetingId, PersonId};
use proto::NodeId;
use proto::meeting::{
    ChatLine, CloseCode, EndReason, ErrorCode, Hello, PersonView, Place, Resume, ServerBody, ServerPacket, Settings,
    VERSION,
};

pub const MEETING: &str = "qkfd-mzwhp-xbtr";

pub struct World {
    pub now: Instant,
    pub nodes: BTreeMap<NodeId, Node>,
    pub clients: BTreeMap<SocketId, Client>,
    pub sockets: u64,
    /// Lines between nodes that carry nothing.
    pub cut: bool,
    pub reading: bool,
    pub lost: BTreeSet<SocketId>,
    /// Whoever got another place than their first one.
    pub began_anew: BTreeSet<PersonId>,
}

pub struct Node {
    pub hall: Hall,
    pub orders: Vec<Order>,
    pub kept: Vec<Keep>,
    pub ended: Option<EndReason>,
}

/// One socket and what came over it.
#[derive(Debug, Clone)]
pub struct Client {
    pub person: PersonId,
    pub node: NodeId,
    pub rank: Rank,
    pub heard: Vec<ServerPacket>,
    pub closed: Option<CloseCode>,
    pub session: Option<String>,
    /// WELCOME has come over this socket.
    pub inside: bool,
    pub seq: u64,
    pub people: BTreeMap<String, PersonView>,
    pub chat: Vec<ChatLine>,
    /// Not written to the network.
    pub unread: usize,
}

pub fn who(name: &str) -> PersonId {
    let number = name.bytes().fold(0u128, |sum, b| sum * 256 + u128::from(b));
    PersonId::guest_from_random(number)
}

pub fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

impl World {
    pub fn new() -> World {
        World::with(1, Settings::default(), Rules::default())
    }

    pub fn with(nodes: u64, settings: Settings, rules: Rules) -> World {
        let now = Instant::now();
        let meeting: MeetingId = MEETING.parse().unwrap();
        let opening = |n| Opening {
            node: NodeId(n),
            meeting: meeting.clone(),
            now,
            calendar_ms: 1_000_000,
            settings,
            banned: BTreeSet::new(),
            rules: rules.clone(),
        };
        let node = |n| Node { hall: Hall::open(opening(n)), orders: vec![], kept: vec![], ended: None };
        let nodes = (1..=nodes).map(|n| (NodeId(n), node(n))).collect();
        let mut world = World {
            now,
            nodes,
            clients: BTreeMap::new(),
            sockets: 0,
            cut: false,
            reading: true,
            lost: BTreeSet::new(),
            began_anew: BTreeSet::new(),
        };
        world.join_nodes();
        world
    }

    /// Every node learns of every other, as after a cut.
    pub fn join_nodes(&mut self) {
        self.cut = false;
        let ids: Vec<NodeId> = self.nodes.keys().copied().collect();
        for (a, b) in ids.iter().flat_map(|a| ids.iter().map(move |b| (*a, *b))).filter(|(a, b)| a != b) {
            self.handle(a, Input::NodeFound(b));
        }
    }

    pub fn node(&mut self, n: u64) -> &mut Node {
        self.nodes.get_mut(&NodeId(n)).unwrap()
    }

    pub fn join(&mut self, name: &str, rank: Rank) -> SocketId {
        self.join_at(1, name, rank, None)
    }

    /// Somebody with this id.
    pub fn join_as(&mut self, person: PersonId, name: &str, rank: Rank) -> SocketId {
        self.enter_at(1, person, name, rank, None)
    }

    pub fn join_at(&mut self, node: u64, name: &str, rank: Rank, resume: Option<Resume>) -> SocketId {
        self.enter_at(node, who(name), name, rank, resume)
    }

    fn enter_at(&mut self, node: u64, person: PersonId, name: &str, rank: Rank, resume: Option<Resume>) -> SocketId {
        self.sockets += 1;
        let socket = SocketId(self.sockets);
        let client = Client {
            person: person.clone(),
            node: NodeId(node),
            rank,
            heard: vec![],
            closed: None,
            session: None,
            inside: false,
            seq: 0,
            people: BTreeMap::new(),
            chat: vec![],
            unread: 0,
        };
        self.clients.insert(socket, client);
        let way = match rank {
            Rank::Owner => Way::Init,
            Rank::CoHost | Rank::Person => Way::Join,
            Rank::Recorder => Way::Record,
        };
        let hello = Hello { ticket: "t".to_owned(), version: VERSION, resume };
        let name = name.parse().unwrap();
        let secret = u128::from(self.sockets);
        self.handle(NodeId(node), Input::Join { socket, way, hello, who: Verified { person, name, rank }, secret });
        socket
    }

    /// The same page comes back over another socket, with what it knows.
    pub fn resume(&mut self, old: SocketId, name: &str) -> SocketId {
        let before = self.clients[&old].clone();
        let chat = before.chat.last().map_or(0, |line| line.number);
        let resume = Resume { session: before.session.clone().unwrap_or_default(), seq: before.seq, chat };
        self.sockets += 1;
        let socket = SocketId(self.sockets);
        self.clients.insert(socket, Client { heard: vec![], closed: None, unread: 0, inside: false, ..before.clone() });
        let hello = Hello { ticket: "t".to_owned(), version: VERSION, resume: Some(resume) };
        let who = Verified { person: before.person, name: name.parse().unwrap(), rank: before.rank };
        let way = if before.rank == Rank::Recorder { Way::Record } else { Way::Join };
        let secret = u128::from(self.sockets);
        self.handle(before.node, Input::Join { socket, way, hello, who, secret });
        socket
    }

    pub fn lose(&mut self, socket: SocketId) {
        self.lost.insert(socket);
        let node = self.clients[&socket].node;
        self.handle(node, Input::Closed { socket });
    }

    /// Sends the rest of a packet, as JSON.
    pub fn send(&mut self, socket: SocketId, rest: &str) {
        let text = format!(r#"{{"meeting_id":"{MEETING}",{rest}}}"#);
        let packet = proto::meeting::parse(text.as_bytes());
        let node = self.clients[&socket].node;
        self.handle(node, Input::Packet { socket, packet });
    }

    pub fn report(&mut self, report: Report) {
        self.handle(NodeId(1), Input::Media(report));
    }

    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let due = self.nodes.iter().filter_map(|(id, node)| Some((node.hall.next_timeout()?, *id))).min();
            match due {
                Some((at, id)) if at <= end => {
                    self.now = self.now.max(at);
                    let now = self.now;
                    self.nodes.get_mut(&id).unwrap().hall.handle_timeout(now);
                    self.drain(id);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    pub fn handle(&mut self, node: NodeId, input: Input) {
        let now = self.now;
        self.nodes.get_mut(&node).unwrap().hall.handle(now, input);
        self.drain(node);
    }

    /// Between nodes everything arrives, in order, unless they are cut off.
    fn drain(&mut self, first: NodeId) {
        let mut busy = vec![first];
        while let Some(id) = busy.pop() {
            while let Some(output) = self.nodes.get_mut(&id).unwrap().hall.poll_output() {
                let now = self.now;
                match output {
                    Output::Send { socket, seq, said } => {
                        let text = said.text(MEETING, seq);
                        let packet: ServerPacket = serde_json::from_str(&text).unwrap();
                        let client = self.clients.get_mut(&socket).expect("packets go to sockets that there are");
                        let before = client.session.is_some();
                        let anew = matches!(packet.body, ServerBody::Welcome { place: Place::New, .. });
                        if before && anew {
                            self.began_anew.insert(client.person.clone());
                        }
                        client.take(packet);
                        if self.reading {
                            self.nodes.get_mut(&id).unwrap().hall.handle(now, Input::Written { socket, packets: 1 });
                        } else {
                            client.unread += 1;
                        }
                    }
                    Output::Close { socket, code } => {
                        let client = self.clients.get_mut(&socket).unwrap();
                        assert_eq!(client.closed.replace(code), None, "a socket is closed once");
                    }
                    Output::Media(order) => self.nodes.get_mut(&id).unwrap().orders.push(order),
                    Output::Keep(keep) => self.nodes.get_mut(&id).unwrap().kept.push(keep),
                    Output::Ended(reason) => self.nodes.get_mut(&id).unwrap().ended = Some(reason),
                    Output::Announce(_) | Output::Tell { .. } if self.cut => {}
                    Output::Announce(notice) => {
                        let others: Vec<NodeId> = self.nodes.keys().copied().filter(|other| *other != id).collect();
                        for other in others {
                            let message = Input::Node(Message::Notice(notice.clone()));
                            self.nodes.get_mut(&other).unwrap().hall.handle(now, message);
                            busy.push(other);
                        }
                    }
                    Output::Tell { node, message } => {
                        self.nodes.get_mut(&node).unwrap().hall.handle(now, Input::Node(message));
                        busy.push(node);
                    }
                }
            }
        }
    }

    pub fn client(&self, socket: SocketId) -> &Client {
        &self.clients[&socket]
    }

    /// What has come since this was last asked.
    pub fn news(&mut self, socket: SocketId) -> Vec<ServerBody> {
        let heard = std::mem::take(&mut self.clients.get_mut(&socket).unwrap().heard);
        heard.into_iter().map(|packet| packet.body).collect()
    }

    pub fn hush(&mut self) {
        for client in self.clients.values_mut() {
            client.heard.clear();
        }
    }

    pub fn error(&mut self, socket: SocketId) -> Option<ErrorCode> {
        self.news(socket).into_iter().rev().find_map(|body| match body {
            ServerBody::Error { code, .. } => Some(code),
            _ => None,
        })
    }

    pub fn subscribe(&mut self, socket: SocketId, names: &[&str]) {
        let entries: Vec<String> = names.iter().map(|name| entry(name)).collect();
        self.send(socket, &format!(r#""content_type":"SUBSCRIBE","subscriptions":[{}]"#, entries.join(",")));
    }

    /// A connection to receive on, with so many slots.
    pub fn receive(&mut self, socket: SocketId, slots: usize) {
        self.send(socket, r#""content_type":"OFFER","what":"receive","id":1,"sdp":"v=0""#);
        let person = self.clients[&socket].person.clone();
        let slots = (0..slots).map(|n| n.to_string()).collect();
        let (what, sdp) = (proto::meeting::What::Receive, "v=0".to_owned());
        self.report(Report::Answered { person, what, id: 1, sdp, slots });
    }

    /// Camera and microphone, on and flowing.
    pub fn publish(&mut self, socket: SocketId) {
        self.send(socket, r#""content_type":"OFFER","what":"camera","id":1,"sdp":"v=0""#);
        self.send(socket, r#""content_type":"ME","microphone":true,"camera":true"#);
        let (person, node) = (self.clients[&socket].person.clone(), self.clients[&socket].node);
        let what = proto::meeting::What::Camera;
        let answered = Report::Answered { person: person.clone(), what, id: 1, sdp: "v=0".to_owned(), slots: vec![] };
        self.handle(node, Input::Media(answered));
        self.handle(node, Input::Media(Report::Tracks { person, what, audio: true, video: true }));
    }

    /// What the slots of somebody carry, by the last order.
    pub fn assigned(&mut self, name: &str) -> Vec<Option<FeedId>> {
        let person = who(name);
        let orders = self.node(1).orders.iter().rev();
        let last = orders.into_iter().find_map(|order| match order {
            Order::Assign { person: of, slots } if *of == person => {
                Some(slots.iter().map(|slot| slot.of.clone()).collect())
            }
            _ => None,
        });
        last.unwrap_or_default()
    }
}

pub fn entry(name: &str) -> String {
    format!(r#"{{"account_id":"{}"}}"#, who(name))
}

impl Client {
    /// What a page does with a packet, and what it would trip over.
    fn take(&mut self, packet: ServerPacket) {
        assert_eq!(self.closed, None, "nothing comes over a closed socket: {packet:?}");
        if let Some(seq) = packet.seq {
            assert!(self.inside, "WELCOME comes first: {packet:?}");
            assert_eq!(seq, self.seq + 1, "numbers have no gap: {packet:?}");
            self.seq = seq;
        }
        match &packet.body {
            ServerBody::Welcome { session, place, last_seq, account_id, .. } => {
                assert_eq!(*account_id, self.person.to_string());
                match place {
                    Place::New => (self.people, self.chat) = (BTreeMap::new(), vec![]),
                    Place::Replayed => assert_eq!(*last_seq, self.seq),
                    Place::Refreshed => self.people.clear(),
                }
                (self.session, self.seq, self.inside) = (Some(session.clone()), *last_seq, true);
            }
            ServerBody::Waiting { .. }
            | ServerBody::JoinDenied { .. }
            | ServerBody::Error { .. }
            | ServerBody::End { .. }
            | ServerBody::Pong { .. } => {}
            other => assert!(self.inside, "nobody outside hears of the meeting: {other:?}"),
        }
        match &packet.body {
            ServerBody::MeetingUsers { users, people } => {
                assert_eq!(users.len(), people.len());
                self.people = people.iter().map(|view| (view.account_id.clone(), view.clone())).collect();
            }
            ServerBody::Join { account_id, person } => {
                let before = self.people.insert(account_id.clone(), person.clone());
                assert_eq!(before, None, "nobody joins twice");
            }
            ServerBody::State { account_id, person } => {
                let before = self.people.insert(account_id.clone(), person.clone());
                assert!(before.is_some(), "whoever changes was there: {account_id}");
            }
            ServerBody::Leave { account_id, .. } => {
                assert!(self.people.remove(account_id).is_some(), "whoever leaves was there: {account_id}");
            }
            ServerBody::Chat { message } => self.read(message),
            ServerBody::History { messages } => messages.iter().for_each(|message| self.read(message)),
            _ => {}
        }
        self.heard.push(packet);
    }

    fn read(&mut self, message: &ChatLine) {
        if let Some(last) = self.chat.last() {
            assert_eq!(message.number, last.number + 1, "messages have no gap and come once");
        }
        let mine = |id: &str| id == self.person.to_string();
        assert!(message.to.as_deref().is_none_or(mine) || mine(&message.from), "private is private: {message:?}");
        let twice = self.chat.iter().any(|line| line.id == message.id && line.from == message.from);
        assert!(!twice, "nothing is said twice: {message:?}");
        self.chat.push(message.clone());
    }
}
