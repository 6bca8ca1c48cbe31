//! What happens because time passes: who is away is away, who does not come back has left, and a meeting without a host, or without
//! anybody, ends.

use std::time::Instant;

use proto::meeting::{CloseCode, EndReason, LeaveReason, Said, ServerBody};

use super::roster::Event;
use super::{Hall, Output};
use crate::id::PersonId;

impl Hall {
    pub fn next_timeout(&self) -> Option<Instant> {
        let lost = self.seats.iter().filter_map(|(person, seat)| {
            let since = seat.lost_since()?;
            let told = self.roster.own(person).is_some_and(|how| how.away);
            Some(
                since
                    + if told { self.rules.resume_within } else { self.rules.away_after.min(self.rules.resume_within) },
            )
        });
        lost.chain(self.hostless_until).chain(self.empty_until).min()
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        if self.over.is_some() {
            return;
        }
        let lost: Vec<(PersonId, Instant)> =
            self.seats.iter().filter_map(|(person, seat)| Some((person.clone(), seat.lost_since()?))).collect();
        for (person, since) in lost {
            if now >= since + self.rules.resume_within {
                self.leave(now, &person, LeaveReason::Lost, CloseCode::Left);
            } else if now >= since + self.rules.away_after {
                self.describe(now, &person, |how| how.away = true);
            }
        }
        self.settle(now);
        let passed = |until: Option<Instant>| until.is_some_and(|until| now >= until);
        if passed(self.hostless_until) {
            self.write(now, Event::Ended(EndReason::HostGone));
        } else if passed(self.empty_until) {
            // One that never began is no meeting that is over: its link is still good.
            match self.roster.is_started() {
                true => self.write(now, Event::Ended(EndReason::Empty)),
                false => self.finish(EndReason::NotStarted),
            }
        }
    }

    /// Starts and stops the clocks that run while there is no host, and while there is nobody.
    pub(super) fn settle(&mut self, now: Instant) {
        if self.over.is_some() {
            return;
        }
        let nobody = self.roster.is_empty();
        let hostless = self.roster.is_started() && !nobody && self.roster.host().is_none();
        match (hostless, self.hostless_until) {
            (true, None) => {
                let until = now + self.rules.host_grace;
                self.hostless_until = Some(until);
                self.say_all(now, ServerBody::Ending { ends_at_ms: Some(self.calendar_ms(until)) }, None);
            }
            (false, Some(_)) => {
                self.hostless_until = None;
                self.say_all(now, ServerBody::Ending { ends_at_ms: None }, None);
            }
            _ => {}
        }
        match (nobody && self.waiters.is_empty(), self.empty_until) {
            (true, None) => self.empty_until = Some(now + self.rules.empty_grace),
            (false, Some(_)) => self.empty_until = None,
            _ => {}
        }
    }

    /// Everybody is told, and everything is closed.
    pub(super) fn finish(&mut self, reason: EndReason) {
        if self.over.is_some() {
            return;
        }
        self.over = Some(reason);
        let said = Said::new(ServerBody::End { reason });
        for socket in std::mem::take(&mut self.sockets).into_keys() {
            self.outputs.push_back(Output::Send { socket, seq: None, said: said.clone() });
            self.outputs.push_back(Output::Close { socket, code: CloseCode::Ended });
        }
        for (person, mut seat) in std::mem::take(&mut self.seats) {
            self.close_all(&person, std::mem::take(&mut seat.studio).offers.into_keys());
        }
        self.waiters.clear();
        self.shown.clear();
        (self.hostless_until, self.empty_until) = (None, None);
        self.outputs.push_back(Output::Ended(reason));
    }
}
