//! The task of one meeting: carries what comes in to `meetings::Hall`, and what comes out to where it belongs.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use meetings::hall::{Hall, Held, Input, Opening, Order, Output, Report, Rules, SocketId, Verified, Way};
use meetings::{Meeting, PersonId};
use proto::NodeId;
use proto::api::RoomsView;
use proto::meeting::{ClientBody, ClientPacket, CloseCode, EndReason, Hello, PersonView};
use tokio::sync::{mpsc, oneshot, watch};

use super::keep::Keeper;
use super::media::{Media, Stage};
use super::tale::Tale;
use super::{closed, now};
use crate::app::App;
use crate::chronicle::Recorder;

/// More than a hall lets be unread (1000 packets), and the close that comes then.
pub const LINES_MAX: usize = 1024;

/// Orders to the media that may be on their way; the rest waits in the hall.
const ORDERS_MAX: usize = 64;

/// What comes in.
#[derive(Debug)]
pub enum In {
    Enter {
        socket: SocketId,
        out: mpsc::Sender<Line>,
        way: Way,
        hello: Hello,
        who: Verified,
    },
    Said(Input),
    Media(Report),
    Inside(oneshot::Sender<Vec<String>>),
    People(oneshot::Sender<Vec<PersonView>>),
    /// How much it holds.
    Weigh(oneshot::Sender<Held>),
    /// By whoever looks after the server; the reply says whether they were here.
    Remove {
        person: PersonId,
        reason: Option<String>,
        reply: oneshot::Sender<bool>,
    },
    Leave(PersonId),
    End(EndReason),
}

/// To a socket.
#[derive(Debug)]
pub enum Line {
    Text(String),
    Close(CloseCode),
}

/// What a socket needs of a meeting.
#[derive(Debug)]
pub struct Entrance {
    pub id: SocketId,
    pub hall: Door,
    pub lines: mpsc::Receiver<Line>,
}

/// The way in for a socket's packets.
#[derive(Debug)]
pub struct Door(pub mpsc::Sender<In>);

/// The meeting is over.
#[derive(Debug)]
pub struct Over;

impl Door {
    pub async fn send(&self, input: Input) -> Result<(), Over> {
        self.0.send(In::Said(input)).await.map_err(|_| Over)
    }
}

struct Task {
    hall: Hall,
    meeting: String,
    sockets: HashMap<SocketId, Socket>,
    orders: VecDeque<Order>,
    keeper: Keeper,
    stage: Stage,
    tale: Tale,
    recorder: Recorder,
    over: Option<EndReason>,
}

struct Socket {
    person: PersonId,
    out: mpsc::Sender<Line>,
}

/// Until the meeting is over, or nobody is left of it.
pub async fn run(app: App, kept: Meeting, inputs: mpsc::Sender<In>, mut received: mpsc::Receiver<In>) {
    let (orders, ordered) = mpsc::channel(ORDERS_MAX);
    let media = Media::new(&app, &kept.id, inputs.clone());
    let stage = Stage::new(&kept.id);
    let media = tokio::spawn(media.run(ordered));
    let mut rooms = app.desk.watch_rooms();
    let mut closing = app.closing.clone();
    let meeting = kept.id.clone();
    let mut task = Task {
        meeting: meeting.to_string(),
        hall: Hall::open(opening(kept, app.settings.meetings.clone())),
        sockets: HashMap::new(),
        orders: VecDeque::new(),
        keeper: Keeper::new(app.people.store().clone(), meeting.clone()),
        stage,
        tale: Tale::new(&meeting),
        recorder: app.recorder.clone(),
        over: None,
    };
    while task.over.is_none() {
        let until = task.hall.next_timeout().map(tokio::time::Instant::from_std);
        tokio::select! {
            input = received.recv() => match input {
                Some(input) => task.take(input),
                None => break,
            },
            permit = orders.reserve(), if !task.orders.is_empty() => match (permit, task.orders.pop_front()) {
                (Ok(permit), Some(order)) => permit.send(order),
                _ => break,
            },
            () = async { tokio::time::sleep_until(until.expect("asked for only if there is one")).await }, if until.is_some() => {
                task.hall.handle_timeout(Instant::now());
            }
            changed = rooms.changed() => match changed {
                Ok(()) => task.look(&mut rooms),
                Err(_) => break,
            },
            () = closed(&mut closing) => break,
        }
        task.hand_out();
    }
    task.tale.close().into_iter().for_each(|what| task.recorder.note(what));
    // What was ordered last closes connections.
    for order in task.orders.drain(..) {
        if orders.send(order).await.is_err() {
            break;
        }
    }
    drop(orders);
    drop(task.sockets);
    task.keeper.finish(app.people.store(), &meeting, task.over).await;
    let _ = media.await;
}

fn opening(kept: Meeting, rules: Rules) -> Opening {
    Opening {
        // One node so far: its number tells nobody apart.
        node: NodeId(0),
        meeting: kept.id,
        now: Instant::now(),
        calendar_ms: now().0 * 1000,
        settings: kept.settings.live(),
        banned: kept.settings.banned,
        rules,
    }
}

impl Task {
    fn take(&mut self, input: In) {
        let now = Instant::now();
        match input {
            In::Enter { socket, out, way, hello, who } => {
                self.sockets.insert(socket, Socket { person: who.person.clone(), out });
                self.hall.handle(now, Input::Join { socket, way, hello, who, secret: secret() });
            }
            In::Said(input) => {
                if let Input::Closed { socket } = &input {
                    self.sockets.remove(socket);
                }
                self.hall.handle(now, input);
            }
            In::Media(report) => self.hall.handle(now, Input::Media(report)),
            In::Inside(reply) => {
                let _ = reply.send(self.people().into_iter().map(|person| person.name).collect());
            }
            In::People(reply) => {
                let _ = reply.send(self.people());
            }
            In::Weigh(reply) => drop(reply.send(self.hall.held())),
            In::Remove { person, reason, reply } => {
                let _ = reply.send(self.sockets.values().any(|socket| socket.person == person));
                self.hall.handle(now, Input::Remove { person, reason });
            }
            In::Leave(person) => {
                let theirs = self.sockets.iter().filter(|(_, socket)| socket.person == person);
                let sockets: Vec<SocketId> = theirs.map(|(id, _)| *id).collect();
                for socket in sockets {
                    let packet = ClientPacket { meeting_id: self.meeting.clone(), body: ClientBody::Leave {} };
                    self.hall.handle(now, Input::Packet { socket, packet: Ok(packet) });
                }
            }
            In::End(reason) => self.hall.handle(now, Input::End(reason)),
        }
    }

    /// In the order in which they came.
    fn people(&self) -> Vec<PersonView> {
        let mut people: Vec<PersonView> = self.hall.people().cloned().collect();
        people.sort_by_key(|person| person.since_ms);
        people
    }

    /// The media has news of its rooms.
    fn look(&mut self, rooms: &mut watch::Receiver<Arc<RoomsView>>) {
        let view = rooms.borrow_and_update().clone();
        for report in self.stage.read(&view) {
            self.hall.handle(Instant::now(), Input::Media(report));
        }
    }

    fn hand_out(&mut self) {
        while let Some(output) = self.hall.poll_output() {
            match output {
                Output::Send { socket, seq, said } => {
                    let Some(to) = self.sockets.get(&socket) else { continue };
                    // Room is certain: the hall counts what is unread.
                    let _ = to.out.try_send(Line::Text(said.text(&self.meeting, seq)));
                }
                Output::Close { socket, code } => {
                    if let Some(to) = self.sockets.remove(&socket) {
                        let _ = to.out.try_send(Line::Close(code));
                    }
                }
                Output::Media(order) => self.orders.push_back(order),
                Output::Keep(keep) => self.keeper.keep(keep),
                // There is one node, so nobody else has to hear of it; but what happened here is told.
                Output::Announce(notice) => {
                    self.tale.read(&notice.event).into_iter().for_each(|what| self.recorder.note(what));
                }
                Output::Tell { .. } => {}
                Output::Ended(reason) => self.over = Some(reason),
            }
        }
    }
}

fn secret() -> u128 {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    u128::from_ne_bytes(bytes)
}
