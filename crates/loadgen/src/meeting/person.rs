//! One synthetic person, from the ticket to LEAVE: a page without a screen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::meeting::{
    ClientBody, Feed, Hello, Me, Offer, PersonView, ServerBody, Source, SubscribedFeed, UnsubSub, VERSION, What,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval, interval_at, timeout};

use super::door::Door;
use super::gallery::{Gallery, Turn};
use super::listener::{Found, Noted, Place};
use super::socket::Socket;
use super::studio::{Offered, Studio};
use crate::Error;
use crate::load::crew::Exit;

/// What all of a meeting have in common.
pub struct Cast {
    pub door: Door,
    pub studio: Studio,
    pub meeting: String,
    /// Of the first person's login: they are the host.
    pub token: Option<String>,
    pub tiles: usize,
    pub turn_every: Option<Duration>,
    pub patience: Duration,
}

/// What became of somebody.
#[derive(Debug, Default)]
pub struct Outcome {
    pub ticket: Option<Duration>,
    pub welcome: Option<Duration>,
    pub connected: Option<Duration>,
    pub picture: Option<Duration>,
    /// Until all of a page was there, and each tile of it.
    pub pages: Vec<Duration>,
    pub tiles: Vec<Duration>,
    pub missed: u64,
    pub wrong_slot: u64,
    pub found: Option<Box<Found>>,
}

/// Pages send one every five seconds.
const PING_EVERY: Duration = Duration::from_secs(5);
/// News of people come in bursts, and a page asks once for all of them.
const GATHER: Duration = Duration::from_millis(50);
/// A tile of a full page has room for so many lines.
const TILE_LINES: u32 = 180;

/// What a browser shows of them.
pub fn name(number: u32) -> String {
    format!("Synthetic {number}")
}

fn number(name: &str) -> Option<u32> {
    name.strip_prefix("Synthetic ")?.parse().ok()
}

/// A whole stay. Ends when the books are closed, or with the reason why it could not go on.
pub async fn stay(cast: Arc<Cast>, number: u32) -> (Outcome, Result<(), Error>) {
    let mut outcome = Outcome::default();
    let exit = Exit::default();
    let stayed = attend(&cast, number, &exit, &mut outcome).await;
    exit.open();
    (outcome, stayed)
}

async fn attend(cast: &Cast, number: u32, exit: &Exit, outcome: &mut Outcome) -> Result<(), Error> {
    let asked = Instant::now();
    let token = cast.token.as_deref().filter(|_| number == 1);
    let ticket = cast.door.join(&cast.meeting, &name(number), token).await?;
    outcome.ticket = Some(asked.elapsed());
    let mut socket = Socket::open(&cast.door.http, &ticket.socket, &cast.meeting).await?;
    socket.send(ClientBody::Join(Hello { ticket: ticket.ticket, version: VERSION, resume: None })).await?;
    let own = timeout(cast.patience, welcome(&mut socket)).await.map_err(|_| late("WELCOME"))??;
    outcome.welcome = Some(asked.elapsed());

    let (to, noted) = unbounded_channel();
    let gallery = Gallery::new(own, cast.tiles);
    let mut person = Person {
        cast,
        number,
        asked,
        exit: exit.clone(),
        gallery,
        to,
        noted,
        camera: Some(cast.studio.offer_camera()?),
        receive: Some(cast.studio.offer_receive(cast.tiles)?),
        numbers: BTreeMap::new(),
        slots: BTreeMap::new(),
        unchecked: Vec::new(),
        turn: None,
        outcome,
    };
    person.offer(&mut socket).await?;
    person.go_on(&mut socket).await?;
    socket.send(ClientBody::Leave {}).await?;
    // The server closes; what comes before that is of no interest.
    let closed = async { while socket.next().await.is_ok_and(|said| said.is_some()) {} };
    timeout(cast.patience, closed).await.map_err(|_| late("the close after LEAVE"))
}

/// Who one is, as soon as one is in.
pub async fn welcome(socket: &mut Socket) -> Result<String, Error> {
    Ok(welcomed(socket).await?.0)
}

/// And by what one comes back.
pub async fn welcomed(socket: &mut Socket) -> Result<(String, String), Error> {
    loop {
        match socket.next().await? {
            Some(ServerBody::Welcome { account_id, session, .. }) => return Ok((account_id, session)),
            Some(ServerBody::JoinDenied { reason, .. }) => return Err(Error::Meeting(format!("not let in: {reason}"))),
            Some(ServerBody::Error { msg, .. }) => return Err(Error::Meeting(msg)),
            // Somebody has to come, or to let us in.
            Some(_) => {}
            None => return Err(Error::Meeting("the socket was closed before anybody was let in".to_owned())),
        }
    }
}

fn late(what: &str) -> Error {
    Error::Meeting(format!("{what} does not come"))
}

struct Person<'a> {
    cast: &'a Cast,
    number: u32,
    asked: Instant,
    exit: Exit,
    gallery: Gallery,
    to: UnboundedSender<Noted>,
    noted: UnboundedReceiver<Noted>,
    camera: Option<Offered>,
    receive: Option<Offered>,
    /// Of those who are ours.
    numbers: BTreeMap<String, u32>,
    /// In which slot each is, as the server says.
    slots: BTreeMap<String, String>,
    /// In which slot somebody was seen, before the server's word was held against it.
    unchecked: Vec<(String, Option<String>)>,
    turn: Option<Turning>,
    outcome: &'a mut Outcome,
}

/// A page that is not all there yet.
struct Turning {
    began: Instant,
    awaited: Vec<String>,
}

impl Person<'_> {
    async fn offer(&mut self, socket: &mut Socket) -> Result<(), Error> {
        for (what, offered) in [(What::Camera, &self.camera), (What::Receive, &self.receive)] {
            if let Some(offered) = offered {
                socket.send(ClientBody::Offer(Offer { what, id: 1, sdp: offered.sdp() })).await?;
            }
        }
        Ok(())
    }

    async fn go_on(&mut self, socket: &mut Socket) -> Result<(), Error> {
        let mut ping = interval(PING_EVERY);
        let every = self.cast.turn_every.unwrap_or(Duration::from_secs(3600));
        // Not everybody at the same moment.
        let first = tokio::time::Instant::now() + every * (self.number % 10) / 10;
        let mut turns = interval_at(first, every);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut news = None;
        loop {
            tokio::select! {
                said = socket.next() => {
                    let Some(said) = said? else {
                        return Err(Error::Meeting("the server has closed the socket".to_owned()));
                    };
                    if self.hear(socket, said).await? {
                        news.get_or_insert_with(|| tokio::time::Instant::now() + GATHER);
                    }
                }
                noted = self.noted.recv() => {
                    if self.note(noted.expect("this person holds a sender"))? {
                        return Ok(());
                    }
                }
                _ = ping.tick() => socket.send(ClientBody::Ping { seq: socket.last_seq() }).await?,
                _ = turns.tick() => {
                    if self.cast.turn_every.is_some() && self.cast.studio.board.is_steady() {
                        self.gallery.next_page();
                        self.show(socket, true).await?;
                    }
                }
                () = async { tokio::time::sleep_until(news.expect("asked for only if there is some")).await }, if news.is_some() => {
                    news = None;
                    self.show(socket, false).await?;
                }
            }
        }
    }

    /// Whether it may change the page.
    async fn hear(&mut self, socket: &mut Socket, said: ServerBody) -> Result<bool, Error> {
        match said {
            ServerBody::MeetingUsers { people, .. } => people.iter().for_each(|person| self.see(person)),
            ServerBody::Join { person, .. } | ServerBody::State { person, .. } => self.see(&person),
            ServerBody::Leave { account_id, .. } => {
                self.gallery.forget(&account_id);
                self.slots.remove(&account_id);
            }
            ServerBody::Answer { what, sdp, .. } => {
                self.answered(what, &sdp)?;
                if what == What::Camera {
                    let on = Me { microphone: Some(true), camera: Some(true), ..Me::default() };
                    socket.send(ClientBody::Me(on)).await?;
                }
                return Ok(false);
            }
            ServerBody::Subscribed { subscribed, refused, .. } => {
                for SubscribedFeed { account_id, mid, .. } in subscribed {
                    if let Some(mid) = mid {
                        self.slots.insert(account_id, mid);
                    }
                }
                self.check_slots();
                if let Some(refused) = refused.first() {
                    let text = format!("not subscribed to {}: {:?}", refused.account_id, refused.code);
                    return Err(Error::Meeting(text));
                }
                return Ok(false);
            }
            ServerBody::Slots { slots } => {
                for slot in slots {
                    if let Some(account_id) = slot.account_id {
                        self.slots.insert(account_id, slot.mid);
                    }
                }
                self.check_slots();
                return Ok(false);
            }
            ServerBody::MediaEnded { what, reason } => {
                return Err(Error::Meeting(format!("the connection ({what:?}) has ended: {reason}")));
            }
            ServerBody::Error { msg, about, .. } => {
                return Err(Error::Meeting(format!("{}: {msg}", about.unwrap_or_default())));
            }
            ServerBody::End { reason } => return Err(Error::Meeting(format!("the meeting was ended: {reason:?}"))),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn see(&mut self, person: &PersonView) {
        if let Some(number) = number(&person.name) {
            self.numbers.insert(person.account_id.clone(), number);
        }
        self.gallery.see(person);
    }

    fn answered(&mut self, what: What, sdp: &str) -> Result<(), Error> {
        let studio = &self.cast.studio;
        match what {
            What::Camera => {
                let Some(offered) = self.camera.take() else { return Ok(()) };
                studio.send(self.number, offered, sdp, self.exit.clone())
            }
            What::Receive => {
                let Some(offered) = self.receive.take() else { return Ok(()) };
                let (person, answer) = (self.number, sdp.to_owned());
                let (to, exit) = (self.to.clone(), self.exit.clone());
                studio.receive(offered, Place { person, answer, to, exit })
            }
            What::Screen => Ok(()),
        }
    }

    /// Asks for whom the page is to show now.
    async fn show(&mut self, socket: &mut Socket, timed: bool) -> Result<(), Error> {
        let Turn { leave, enter } = self.gallery.turn();
        if leave.is_empty() && enter.is_empty() {
            return Ok(());
        }
        leave.iter().for_each(|account_id| drop(self.slots.remove(account_id)));
        let ours = enter.iter().filter(|account_id| self.numbers.contains_key(*account_id));
        if timed {
            let turning = Turning { began: Instant::now(), awaited: ours.cloned().collect() };
            self.outcome.missed += self.turn.replace(turning).map_or(0, |turn| turn.awaited.len() as u64);
        }
        let feed = |account_id: String, height| Feed { account_id, bitrate: None, source: Source::Camera, height };
        let both = UnsubSub {
            num_actions: Some((leave.len() + enter.len()) as u64),
            unsubscribe: leave.into_iter().map(|account_id| feed(account_id, None)).collect(),
            subscribe: enter.into_iter().map(|account_id| feed(account_id, Some(TILE_LINES))).collect(),
        };
        socket.send(ClientBody::UnsubSub(both)).await
    }

    /// Whether that was the last of it.
    fn note(&mut self, noted: Noted) -> Result<bool, Error> {
        match noted {
            Noted::Connected => self.outcome.connected = Some(self.asked.elapsed()),
            Noted::Shown { mid, person, at } => {
                self.outcome.picture.get_or_insert(at.saturating_duration_since(self.asked));
                self.shown(mid, person, at);
            }
            Noted::Closed(reason) => {
                return Err(Error::Meeting(format!("the receiving connection has ended: {reason}")));
            }
            Noted::Found(found) => {
                self.outcome.found = Some(found);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn shown(&mut self, mid: Option<String>, person: Option<u32>, at: Instant) {
        let Some(turn) = &mut self.turn else { return };
        let is_it = |account_id: &String| person.is_some() && self.numbers.get(account_id).copied() == person;
        let Some(place) = turn.awaited.iter().position(is_it) else { return };
        let account_id = turn.awaited.swap_remove(place);
        let took = at.saturating_duration_since(turn.began);
        self.outcome.tiles.push(took);
        if turn.awaited.is_empty() {
            self.outcome.pages.push(took);
            self.turn = None;
        }
        self.unchecked.push((account_id, mid));
        self.check_slots();
    }

    fn check_slots(&mut self) {
        let slots = &self.slots;
        let mut wrong = 0;
        self.unchecked.retain(|(account_id, seen)| match slots.get(account_id) {
            Some(said) => {
                wrong += u64::from(seen.as_ref() != Some(said));
                false
            }
            None => true,
        });
        self.outcome.wrong_slot += wrong;
    }
}
