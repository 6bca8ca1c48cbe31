//! In front of the door: who waits for a host to come, or to let them in. They are told nothing of the meeting.

use std::time::Instant;

use proto::meeting::{CloseCode, DenyCode, Said, ServerBody, WaitReason, WaitingPerson};

use super::budget::Budget;
use super::roster::{Event, Rank};
use super::seat::{SocketId, Unread, packet_budget};
use super::{Hall, Output, Verified};
use crate::id::PersonId;

#[derive(Debug)]
pub struct Waiter {
    pub socket: SocketId,
    pub unread: Unread,
    pub packets: Budget,
    who: Verified,
    secret: u128,
    because: WaitReason,
}

impl Hall {
    /// What somebody has to wait for, if they have to.
    pub(super) fn must_wait(&self, who: &Verified) -> Option<WaitReason> {
        if who.rank != Rank::Person || self.admitted.contains(&who.person) {
            None
        } else if self.rules.wait_for_host && !self.roster.is_started() {
            Some(WaitReason::NotStarted)
        } else {
            self.settings().lobby.then_some(WaitReason::Lobby)
        }
    }

    pub(super) fn wait(&mut self, now: Instant, socket: SocketId, who: Verified, secret: u128) {
        self.stop_waiting(now, &who.person, CloseCode::TakenOver);
        let Some(because) = self.must_wait(&who) else { return };
        if self.waiters.len() >= self.rules.waiting_max {
            let reason = "too many people wait to be let in; try again later".to_owned();
            let said = Said::new(ServerBody::JoinDenied { code: DenyCode::Full, reason });
            self.outputs.push_back(Output::Send { socket, seq: None, said });
            self.outputs.push_back(Output::Close { socket, code: CloseCode::Denied });
            return;
        }
        let (person, name) = (who.person.clone(), who.name.clone());
        let waiter = Waiter { socket, unread: Unread::default(), packets: packet_budget(now), who, secret, because };
        self.waiters.insert(person.clone(), waiter);
        self.sockets.insert(socket, person.clone());
        self.reply(now, socket, ServerBody::Waiting { because });
        self.write(now, Event::Waits { person, name });
    }

    /// Whoever need not wait any more comes in, as far as there is room.
    pub(super) fn open_doors(&mut self, now: Instant) {
        let people: Vec<PersonId> = self.waiters.keys().cloned().collect();
        for person in people {
            let Some(waiter) = self.waiters.get(&person) else { continue };
            let (socket, before) = (waiter.socket, waiter.because);
            match self.must_wait(&waiter.who) {
                None => self.let_in(now, &person),
                Some(because) if because != before => {
                    if let Some(waiter) = self.waiters.get_mut(&person) {
                        waiter.because = because;
                    }
                    self.reply(now, socket, ServerBody::Waiting { because });
                }
                Some(_) => {}
            }
        }
    }

    pub(super) fn admit(&mut self, now: Instant, person: &PersonId) {
        // Bounded; who is not remembered waits again when they come again.
        if self.admitted.len() < 4 * self.rules.people_max {
            self.admitted.insert(person.clone());
        }
        self.let_in(now, person);
    }

    pub(super) fn deny(&mut self, now: Instant, person: &PersonId, code: DenyCode, reason: Option<String>) {
        let Some(waiter) = self.waiters.get(person) else { return };
        let reason = reason.unwrap_or_else(|| "a host has not let you in".to_owned());
        self.reply(now, waiter.socket, ServerBody::JoinDenied { code, reason });
        self.stop_waiting(now, person, CloseCode::Denied);
    }

    pub(super) fn stop_waiting(&mut self, now: Instant, person: &PersonId, code: CloseCode) {
        let Some(waiter) = self.waiters.remove(person) else { return };
        self.sockets.remove(&waiter.socket);
        self.outputs.push_back(Output::Close { socket: waiter.socket, code });
        self.write(now, Event::WaitsNot { person: person.clone() });
    }

    /// To hosts and co-hosts: whether this person waits.
    pub(super) fn tell_lobby(&mut self, now: Instant, person: &PersonId) {
        let waiting = self.waiting_person(person);
        let gone = if waiting.is_some() { Vec::new() } else { vec![person.to_string()] };
        let said = Said::new(ServerBody::Lobby { full: false, waiting: waiting.into_iter().collect(), gone });
        let hosts: Vec<PersonId> = self.seats.keys().filter(|person| self.role_of(person).hosts()).cloned().collect();
        for host in hosts {
            self.push(now, &host, &said, super::Kind::Numbered);
        }
    }

    pub(super) fn tell_whole_lobby(&mut self, now: Instant, host: &PersonId) {
        let waiting: Vec<WaitingPerson> = self
            .roster
            .waiting()
            .into_iter()
            .map(|(person, (_, name))| WaitingPerson { account_id: person.to_string(), name: name.to_string() })
            .collect();
        self.say(now, host, ServerBody::Lobby { full: true, waiting, gone: Vec::new() });
    }

    fn waiting_person(&self, person: &PersonId) -> Option<WaitingPerson> {
        let (_, name) = self.roster.waiting().remove(person)?;
        Some(WaitingPerson { account_id: person.to_string(), name: name.to_string() })
    }

    fn let_in(&mut self, now: Instant, person: &PersonId) {
        if self.seats.len() >= self.rules.people_max {
            return;
        }
        let Some(Waiter { socket, unread, who, secret, .. }) = self.waiters.remove(person) else { return };
        self.write(now, Event::WaitsNot { person: person.clone() });
        self.enter(now, socket, unread, who, secret);
    }
}
