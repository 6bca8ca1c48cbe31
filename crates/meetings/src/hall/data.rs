//! Who may send messages of applications over the data channels of their receiving connection, and what they are told of those. What is said there
//! never comes here: it goes from worker to worker, beside the media.

use std::time::Instant;

use proto::data::{Fault, Notice};
use proto::meeting::{ErrorCode, Role, ServerBody, What};

use super::media::Order;
use super::{Hall, Output};
use crate::id::PersonId;

/// In the place of the packet that an ERROR answers.
const ABOUT: &str = "MESSAGE";

impl Hall {
    /// A message can carry text, so whoever may not write in the chat may not send any: else the chat would only have another name.
    pub(super) fn may_talk(&self, person: &PersonId) -> bool {
        match self.role_of(person) {
            Role::Host | Role::CoHost => true,
            Role::Person => self.settings().chat,
            Role::Recorder => false,
        }
    }

    /// Says to the media who somebody is to the others, and whether they may send; again when that has changed.
    pub(super) fn order_data(&mut self, person: &PersonId) {
        let sends = self.may_talk(person);
        let Some(seat) = self.seats.get_mut(person) else { return };
        if seat.sends_told.is_some_and(|told| told != sends) {
            self.introduce_to_media(person, sends);
        }
    }

    pub(super) fn order_data_of_all(&mut self) {
        let people: Vec<PersonId> = self.seats.keys().cloned().collect();
        people.iter().for_each(|person| self.order_data(person));
    }

    /// The receiving connection is there.
    pub(super) fn begin_data(&mut self, person: &PersonId) {
        let sends = self.may_talk(person);
        self.introduce_to_media(person, sends);
    }

    fn introduce_to_media(&mut self, person: &PersonId, sends: bool) {
        if let Some(seat) = self.seats.get_mut(person).filter(|seat| seat.studio.offers.contains_key(&What::Receive)) {
            seat.sends_told = Some(sends);
            self.outputs.push_back(Output::Media(Order::Data { person: person.clone(), sends }));
        }
    }

    /// Something was wrong with what somebody said or read.
    pub(super) fn tell_notice(&mut self, now: Instant, person: &PersonId, notice: Notice) {
        let Some(socket) = self.seats.get(person).and_then(|seat| seat.socket()) else { return };
        let code = match notice {
            Notice::Fault(Fault::TooLarge) => ErrorCode::TooLarge,
            Notice::Fault(_) => ErrorCode::Malformed,
            Notice::TooFast => ErrorCode::TooFast,
            Notice::NotAllowed => ErrorCode::NotAllowed,
            Notice::TooSlow | Notice::Torn => ErrorCode::MessagesLost,
        };
        self.reply(now, socket, ServerBody::Error { code, msg: notice.to_string(), about: Some(ABOUT.to_owned()) });
    }
}
