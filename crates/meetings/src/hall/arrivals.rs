//! How somebody comes in, comes back, and goes.

use std::time::Instant;

use proto::meeting::{
    CHAT_BYTES_MAX, CloseCode, DenyCode, ErrorCode, Hello, LeaveReason, Limits, Place, Quality, Resume, Said,
    ServerBody, SubscribedFeed, VERSION,
};

use super::roster::{Attendance, Event, Rank};
use super::seat::{Line, Seat, SocketId, Unread};
use super::{Hall, Output, Verified, Way};
use crate::id::PersonId;

impl Hall {
    pub(super) fn arrive(
        &mut self,
        now: Instant,
        socket: SocketId,
        way: Way,
        hello: Hello,
        who: Verified,
        secret: u128,
    ) {
        if way == Way::Init && who.rank != Rank::Owner {
            let msg = "only the host of a meeting starts it; send JOIN".to_owned();
            return self.turn_away(
                socket,
                ServerBody::Error { code: ErrorCode::NotAllowed, msg, about: Some("INIT".to_owned()) },
            );
        }
        let inside = self.roster.place(&who.person).is_some();
        let denied = if hello.version != VERSION {
            Some((DenyCode::Version, format!("this server speaks version {VERSION} of the protocol; reload the page")))
        } else {
            self.forbids(way, &who, inside).map(|code| (code, reason(code).to_owned()))
        };
        if let Some((code, reason)) = denied {
            return self.turn_away(socket, ServerBody::JoinDenied { code, reason });
        }
        if self.seats.contains_key(&who.person) {
            return self.come_back(now, socket, hello.resume, who, secret);
        }
        if !inside && self.must_wait(&who).is_some() {
            return self.wait(now, socket, who, secret);
        }
        self.stop_waiting(now, &who.person, CloseCode::TakenOver);
        self.enter(now, socket, Unread::default(), who, secret);
    }

    fn forbids(&self, way: Way, who: &Verified, inside: bool) -> Option<DenyCode> {
        let waits = self.waiters.contains_key(&who.person);
        let outsider = !inside && who.rank == Rank::Person;
        if self.over.is_some() {
            Some(DenyCode::Ended)
        } else if self.is_banned(&who.person) {
            Some(DenyCode::Banned)
        } else if (way == Way::Record) != (who.rank == Rank::Recorder) {
            Some(DenyCode::NotAllowed)
        } else if outsider && self.settings().locked {
            Some(DenyCode::Locked)
        } else if !inside && self.is_full(who) && !waits {
            Some(DenyCode::Full)
        } else {
            None
        }
    }

    /// One place more than there are is kept for whoever the meeting belongs to.
    fn is_full(&self, who: &Verified) -> bool {
        let most = self.rules.people_max - usize::from(who.rank != Rank::Owner);
        self.seats.len() >= most || self.roster.count() >= most
    }

    pub(super) fn is_banned(&self, person: &PersonId) -> bool {
        (self.banned.contains(person) || self.roster.is_banned(person)) && !self.lifted.contains(person)
    }

    pub(super) fn enter(&mut self, now: Instant, socket: SocketId, unread: Unread, who: Verified, secret: u128) {
        let Verified { person, name, rank } = who;
        // Somebody who comes from another node keeps their role and their turn.
        let before = self.roster.place(&person).map(|(_, how)| how.clone());
        let how = Attendance {
            name,
            rank: before.as_ref().map_or(rank, |before| before.rank.min(rank)),
            claim: self.roster.next_stamp(),
            since_ms: before.as_ref().map_or_else(|| self.calendar_ms(now), |before| before.since_ms),
            microphone: false,
            camera: false,
            screen: false,
            hand: before.and_then(|before| before.hand),
            away: false,
            quality: Quality::default(),
        };
        self.write(now, Event::Here { person: person.clone(), how });
        let mut seat = Seat::new(now, socket, secret, rank);
        seat.line = Line::Open { socket, unread };
        self.seats.insert(person.clone(), seat);
        self.sockets.insert(socket, person.clone());
        self.greet(now, &person);
        let starts = rank != Rank::Recorder && (rank != Rank::Person || !self.rules.wait_for_host);
        if starts && !self.roster.is_started() {
            self.write(now, Event::Started);
        }
    }

    /// Somebody who has a place here comes over another socket: to go on, or from another tab or device.
    fn come_back(&mut self, now: Instant, socket: SocketId, resume: Option<Resume>, who: Verified, secret: u128) {
        let seat = self.seats.get_mut(&who.person).expect("`arrive` found the seat");
        let resume = resume.filter(|resume| resume.session == session_text(seat.session));
        let line = std::mem::replace(&mut seat.line, Line::Lost { since: now });
        if let Line::Open { socket: old, mut unread } = line {
            self.sockets.remove(&old);
            let code = match resume {
                Some(_) => CloseCode::Resumed,
                None => CloseCode::TakenOver,
            };
            if resume.is_none() {
                let msg = "you have joined from another tab or device".to_owned();
                let said = Said::new(ServerBody::Error { code: ErrorCode::TakenOver, msg, about: None });
                if unread.add(said.len()) {
                    self.outputs.push_back(Output::Send { socket: old, seq: None, said });
                }
            }
            self.outputs.push_back(Output::Close { socket: old, code });
        }
        match resume {
            Some(resume) => self.resume(now, socket, who.person, resume),
            None => self.take_over(now, socket, who, secret),
        }
    }

    fn resume(&mut self, now: Instant, socket: SocketId, person: PersonId, resume: Resume) {
        let seat = self.seats.get_mut(&person).expect("`arrive` found the seat");
        seat.line = Line::Open { socket, unread: Unread::default() };
        self.sockets.insert(socket, person.clone());
        match seat.log.after(resume.seq) {
            Some(missed) => {
                self.welcome(now, &person, Place::Replayed, resume.seq);
                let seat = self.seats.get_mut(&person).expect("just written to");
                let Line::Open { unread, .. } = &mut seat.line else { return };
                for (seq, said) in missed {
                    // A log is half of what may be unread: this does not fail.
                    if unread.add(said.len()) {
                        self.outputs.push_back(Output::Send { socket, seq: Some(seq), said });
                    }
                }
            }
            None => {
                seat.log.clear();
                let last = seat.log.last();
                self.welcome(now, &person, Place::Refreshed, last);
                self.tell_everything(now, &person);
                self.tell_missed(now, &person, resume.chat);
            }
        }
        self.describe(now, &person, |how| how.away = false);
    }

    fn take_over(&mut self, now: Instant, socket: SocketId, who: Verified, secret: u128) {
        let Verified { person, name, rank } = who;
        let seat = self.seats.get_mut(&person).expect("`arrive` found the seat");
        let open = seat.clear(rank);
        seat.session = secret;
        self.close_all(&person, open);
        let claim = self.roster.next_stamp();
        self.describe(now, &person, |how| {
            how.name = name;
            how.claim = claim;
            how.away = false;
            how.quality = Quality::default();
        });
        let seat = self.seats.get_mut(&person).expect("`describe` keeps it");
        seat.log.clear();
        seat.line = Line::Open { socket, unread: Unread::default() };
        self.sockets.insert(socket, person.clone());
        self.greet(now, &person);
    }

    fn greet(&mut self, now: Instant, person: &PersonId) {
        let last = self.seats.get(person).expect("who is greeted has a seat").log.last();
        self.welcome(now, person, Place::New, last);
        self.tell_everything(now, person);
        self.tell_history(now, person);
    }

    fn welcome(&mut self, now: Instant, person: &PersonId, place: Place, last_seq: u64) {
        let seat = self.seats.get(person).expect("who is welcomed has a seat");
        let Some(socket) = seat.socket() else { return };
        let limits = Limits {
            feeds: seat.feeds.limit() as u32,
            chat_bytes: CHAT_BYTES_MAX as u32,
            resume_ms: self.rules.resume_within.as_millis() as u64,
        };
        let session = session_text(seat.session);
        let account_id = person.to_string();
        self.reply(now, socket, ServerBody::Welcome { version: VERSION, account_id, session, place, last_seq, limits });
    }

    /// How everything is now.
    fn tell_everything(&mut self, now: Instant, person: &PersonId) {
        let (settings, recording) = self.shown_settings;
        self.say(now, person, ServerBody::Settings { settings, recording });
        let users = self.shown.keys().map(PersonId::to_string).collect();
        let people = self.shown.values().cloned().collect();
        self.say(now, person, ServerBody::MeetingUsers { users, people });
        if let Some(at) = self.hostless_until {
            self.say(now, person, ServerBody::Ending { ends_at_ms: Some(self.calendar_ms(at)) });
        }
        let feeds = &self.seats.get(person).expect("who is told has a seat").feeds;
        let subscribed: Vec<SubscribedFeed> = feeds.wanted().map(|feed| feeds.view(feed)).collect();
        if !subscribed.is_empty() {
            self.say(now, person, ServerBody::Subscribed { subscribed, unsubscribed: Vec::new(), refused: Vec::new() });
        }
        if self.role_of(person).hosts() {
            self.tell_whole_lobby(now, person);
        }
        let said = Said::new(self.speaker.clone());
        self.push(now, person, &said, super::Kind::Passing);
    }

    /// A socket is gone without a LEAVE.
    pub(super) fn closed(&mut self, now: Instant, socket: SocketId) {
        let Some(person) = self.sockets.remove(&socket) else { return };
        match self.seats.get_mut(&person) {
            Some(seat) => seat.line = Line::Lost { since: now },
            // In the lobby there is nothing to come back to.
            None => {
                if self.waiters.remove(&person).is_some() {
                    self.write(now, Event::WaitsNot { person });
                }
            }
        }
    }

    /// Somebody is not here any more, neither inside nor in the lobby.
    pub(super) fn leave(&mut self, now: Instant, person: &PersonId, reason: LeaveReason, code: CloseCode) {
        self.stop_waiting(now, person, code);
        let Some(mut seat) = self.seats.remove(person) else { return };
        if let Some(socket) = seat.socket() {
            self.sockets.remove(&socket);
            self.outputs.push_back(Output::Close { socket, code });
        }
        self.close_all(person, std::mem::take(&mut seat.studio).offers.into_keys());
        self.write(now, Event::Gone { person: person.clone(), reason });
    }

    /// The same person has taken a place on another node since.
    pub(super) fn yield_place(&mut self, now: Instant, person: &PersonId) {
        let elsewhere = self.roster.place(person).is_some_and(|(node, _)| node != self.node);
        if !elsewhere || !self.seats.contains_key(person) {
            return;
        }
        if let Some(socket) = self.seats.get(person).and_then(Seat::socket) {
            let msg = "you have joined from another tab or device".to_owned();
            self.reply(now, socket, ServerBody::Error { code: ErrorCode::TakenOver, msg, about: None });
        }
        self.leave(now, person, LeaveReason::Left, CloseCode::TakenOver);
    }

    fn turn_away(&mut self, socket: SocketId, body: ServerBody) {
        self.outputs.push_back(Output::Send { socket, seq: None, said: Said::new(body) });
        self.outputs.push_back(Output::Close { socket, code: CloseCode::Denied });
    }
}

fn session_text(session: u128) -> String {
    format!("{session:032x}")
}

fn reason(code: DenyCode) -> &'static str {
    match code {
        DenyCode::Ended => "this meeting is over",
        DenyCode::Banned => "a host has removed you from this meeting for good",
        DenyCode::Locked => "the meeting is locked; ask a host to unlock it",
        DenyCode::Full => "the meeting is full; try again when somebody has left",
        DenyCode::Refused => "a host has not let you in",
        DenyCode::Version => "this version of the protocol is not spoken here",
        DenyCode::NotAllowed => "this ticket is not for this; ask for one with POST /meeting/join",
    }
}
