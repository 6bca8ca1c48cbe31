//! What people write to each other: said once, to whom it is for, and kept for who comes later or comes back.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use proto::meeting::{Chat, ChatLine, ErrorCode, ServerBody};

use super::roster::Event;
use super::{Hall, Refusal};
use crate::account::PersonName;
use crate::id::PersonId;

/// What who comes later can read.
const KEPT_MAX: usize = 200;
const KEPT_BYTES_MAX: usize = 256 * 1024;
/// Ids by which a message that is sent again is recognised: two a second for a quarter of an hour.
const KNOWN_MAX: usize = 2000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub from: PersonId,
    /// What the sender called it.
    pub id: String,
    pub name: PersonName,
    /// Private, for this person.
    pub to: Option<PersonId>,
    pub text: String,
    pub at_ms: u64,
}

impl Message {
    fn is_for(&self, person: &PersonId) -> bool {
        self.to.as_ref().is_none_or(|to| to == person || self.from == *person)
    }

    fn line(&self, number: u64) -> ChatLine {
        ChatLine {
            number,
            id: self.id.clone(),
            from: self.from.to_string(),
            name: self.name.to_string(),
            to: self.to.as_ref().map(PersonId::to_string),
            text: self.text.clone(),
            at_ms: self.at_ms,
        }
    }
}

/// What was said in a meeting, by whomever, on whichever node. The oldest is forgotten.
#[derive(Debug, Default)]
pub struct Memory {
    kept: Queue<Arc<Message>>,
    known: BTreeSet<(PersonId, String)>,
    order: VecDeque<(PersonId, String)>,
}

/// What one person was told of it, numbered for them: numbers that all share would show that others talk in private.
#[derive(Debug, Default)]
pub struct Inbox {
    last: u64,
    kept: Queue<(u64, Arc<Message>)>,
}

#[derive(Debug)]
struct Queue<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
}

impl Hall {
    pub(super) fn chat(&mut self, now: Instant, person: &PersonId, chat: Chat) -> Result<(), Refusal> {
        let seat = self.seats.get_mut(person).expect("`packet` found the seat");
        if !seat.chats.take(now) {
            return Err(Refusal(ErrorCode::TooFast, "so many messages at a time are too many; wait a moment"));
        }
        if !self.may_talk(person) {
            return Err(Refusal(ErrorCode::NotAllowed, "a host has switched the chat off"));
        }
        if chat.text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(Refusal(ErrorCode::Malformed, "a message has no control characters but line breaks and tabs"));
        }
        let to = chat.to.as_deref().map(|to| self.named(to)).transpose()?;
        if to.as_ref() == Some(person) {
            return Err(Refusal(ErrorCode::Oneself, "a private message is for somebody else"));
        }
        let name = self.roster.own(person).expect("a seat has its entry in the roster").name.clone();
        let message =
            Message { from: person.clone(), id: chat.id, name, to, text: chat.text, at_ms: self.calendar_ms(now) };
        // Sent again because its echo was lost on the way: it was said then.
        if !self.said.knows(&message) {
            self.write(now, Event::Said(Arc::new(message)));
        }
        Ok(())
    }

    /// To everybody on this node for whom it is, unless it was said before.
    pub(super) fn deliver(&mut self, now: Instant, message: &Arc<Message>) {
        if !self.said.remember(message) {
            return;
        }
        let theirs: Vec<PersonId> = self.seats.keys().filter(|person| message.is_for(person)).cloned().collect();
        for person in theirs {
            let inbox = &mut self.seats.get_mut(&person).expect("a key of the map").inbox;
            let number = inbox.add(message);
            self.say(now, &person, ServerBody::Chat { message: message.line(number) });
        }
    }

    /// What who comes in finds in the chat.
    pub(super) fn tell_history(&mut self, now: Instant, person: &PersonId) {
        let seat = self.seats.get_mut(person).expect("who comes in has a seat");
        if seat.inbox.last == 0 {
            for message in self.said.public() {
                seat.inbox.add(&message);
            }
        }
        self.tell_missed(now, person, 0);
    }

    /// What somebody has not been told since the message of this number.
    pub(super) fn tell_missed(&mut self, now: Instant, person: &PersonId, since: u64) {
        let inbox = &self.seats.get(person).expect("who comes in has a seat").inbox;
        let messages = inbox.after(since);
        if !messages.is_empty() {
            self.say(now, person, ServerBody::History { messages });
        }
    }
}

impl Memory {
    pub fn knows(&self, message: &Message) -> bool {
        self.known.contains(&(message.from.clone(), message.id.clone()))
    }

    /// False when it is known.
    fn remember(&mut self, message: &Arc<Message>) -> bool {
        let key = (message.from.clone(), message.id.clone());
        if !self.known.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > KNOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.kept.push(message.clone(), message.text.len());
        true
    }

    pub fn all(&self) -> Vec<Arc<Message>> {
        self.kept.items.iter().map(|(message, _)| message.clone()).collect()
    }

    fn public(&self) -> Vec<Arc<Message>> {
        self.all().into_iter().filter(|message| message.to.is_none()).collect()
    }
}

impl Inbox {
    fn add(&mut self, message: &Arc<Message>) -> u64 {
        self.last += 1;
        self.kept.push((self.last, message.clone()), message.text.len());
        self.last
    }

    fn after(&self, since: u64) -> Vec<ChatLine> {
        let missed = self.kept.items.iter().filter(|((number, _), _)| *number > since);
        missed.map(|((number, message), _)| message.line(*number)).collect()
    }

    pub fn is_bounded(&self) -> bool {
        self.kept.items.len() <= KEPT_MAX && self.kept.bytes <= KEPT_BYTES_MAX
    }
}

impl<T> Queue<T> {
    fn push(&mut self, item: T, bytes: usize) {
        self.bytes += bytes;
        self.items.push_back((item, bytes));
        while self.items.len() > KEPT_MAX || self.bytes > KEPT_BYTES_MAX {
            self.bytes -= self.items.pop_front().map_or(0, |(_, bytes)| bytes);
        }
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue { items: VecDeque::new(), bytes: 0 }
    }
}
