//! Who may do what to whom, decided in one place, and done where that person is.

use std::time::Instant;

use proto::meeting::{
    Action, ActionForAll, CloseCode, DenyCode, EndReason, ErrorCode, LeaveReason, Moderate, Role, ServerBody,
    SettingsChange, What,
};

use super::nodes::{Message, Request};
use super::roster::{Event, Rank};
use super::{Decided, Hall, Keep, Output, Refusal};
use crate::id::PersonId;
use crate::meeting;

const HOSTS_ONLY: Refusal = Refusal(ErrorCode::NotAllowed, "only hosts and co-hosts do this");

/// `target` is the role of whom it is done to; who waits is nobody yet, a [`Role::Person`].
pub fn may(actor: Role, action: Action, target: Role) -> bool {
    match action {
        Action::Admit | Action::Deny => actor.hosts() && target == Role::Person,
        Action::Promote => actor == Role::Host && target == Role::Person,
        Action::Demote => actor == Role::Host && target == Role::CoHost,
        Action::Mute
        | Action::AskUnmute
        | Action::StopVideo
        | Action::StopShare
        | Action::LowerHand
        | Action::Remove
        | Action::Ban => match target {
            Role::Person => actor.hosts(),
            Role::CoHost => actor == Role::Host,
            Role::Host | Role::Recorder => false,
        },
    }
}

impl Hall {
    pub(super) fn moderate(&mut self, now: Instant, by: &PersonId, moderate: Moderate) -> Result<(), Refusal> {
        let Moderate { action, account_id, reason } = moderate;
        let actor = self.role_of(by);
        let waiting = self.roster.waiting();
        let for_waiting = matches!(action, Action::Admit | Action::Deny | Action::Ban);
        let waits = account_id.parse().ok().and_then(|person| Some((waiting.get(&person)?.0, person)));
        let (node, target, role) = match waits.filter(|_| for_waiting) {
            Some((node, target)) => (node, target, Role::Person),
            // A place that somebody has inside is not to be let into.
            None if !actor.hosts() || matches!(action, Action::Admit | Action::Deny) => {
                let nobody = Refusal(ErrorCode::UnknownPerson, "nobody of that account_id waits");
                return Err(if actor.hosts() { nobody } else { HOSTS_ONLY });
            }
            None => {
                let target = self.named(&account_id)?;
                let node = self.roster.place(&target).map_or(self.node, |(node, _)| node);
                (node, target.clone(), self.role_of(&target))
            }
        };
        if target == *by {
            return Err(Refusal(ErrorCode::Oneself, "that is you; ME and LEAVE do it"));
        }
        if !may(actor, action, role) {
            return Err(if actor.hosts() {
                Refusal(ErrorCode::NotAllowed, "a host's or co-host's own are not for others to change")
            } else {
                HOSTS_ONLY
            });
        }
        if action == Action::Ban {
            return self.ban(now, &target);
        }
        if action == Action::Admit && node == self.node && self.seats.len() >= self.rules.people_max {
            return Err(Refusal(ErrorCode::Limit, "the meeting is full; admit them when somebody has left"));
        }
        self.send_or_do(now, node, Request { by: by.clone(), action, target, reason });
        Ok(())
    }

    pub(super) fn moderate_all(&mut self, now: Instant, by: &PersonId, action: ActionForAll) -> Result<(), Refusal> {
        if !self.role_of(by).hosts() {
            return Err(HOSTS_ONLY);
        }
        let requests: Vec<(proto::NodeId, PersonId, Action)> = match action {
            ActionForAll::Admit => {
                let waiting = self.roster.waiting().into_iter();
                waiting.map(|(person, (node, _))| (node, person.clone(), Action::Admit)).collect()
            }
            ActionForAll::Mute => self.everybody(Action::Mute, |how| how.role == Role::Person),
            ActionForAll::LowerHands => self.everybody(Action::LowerHand, |how| how.hand.is_some()),
        };
        for (node, target, action) in requests {
            self.send_or_do(now, node, Request { by: by.clone(), action, target, reason: None });
        }
        Ok(())
    }

    pub(super) fn change_settings(
        &mut self,
        now: Instant,
        by: &PersonId,
        change: SettingsChange,
    ) -> Result<(), Refusal> {
        if !self.role_of(by).hosts() {
            return Err(HOSTS_ONLY);
        }
        self.change(now, change);
        Ok(())
    }

    pub(super) fn change(&mut self, now: Instant, change: SettingsChange) {
        let before = self.settings();
        let settings = meeting::Settings::changed(before, &change);
        if settings != before {
            let stamp = self.roster.next_stamp();
            self.outputs.push_back(Output::Keep(Keep::Settings(settings)));
            self.write(now, Event::Settings { settings, stamp });
        }
    }

    /// What the API has decided and the store keeps takes effect here at once.
    pub(super) fn follow_decision(&mut self, now: Instant, decided: Decided) {
        let Decided { settings, co_hosts, banned, lifted } = decided;
        self.change(now, settings);
        for (account, is) in co_hosts {
            let rank = if is { Rank::CoHost } else { Rank::Person };
            let person = PersonId::from(account);
            // The owner is above this, and a recorder beside it.
            if self.roster.own(&person).is_some_and(|how| matches!(how.rank, Rank::CoHost | Rank::Person)) {
                self.describe(now, &person, |how| how.rank = rank);
            }
        }
        for person in lifted {
            self.banned.remove(&person);
            self.lifted.insert(person);
        }
        for person in banned {
            self.write(now, Event::Banned { person });
        }
        // Bans that are lifted twice are one; so are as many remembered as can be banned.
        while self.lifted.len() > meeting::Settings::BANNED_MAX {
            self.lifted.pop_first();
        }
    }

    pub(super) fn end(&mut self, now: Instant, by: &PersonId) -> Result<(), Refusal> {
        if !self.role_of(by).hosts() {
            return Err(Refusal(
                ErrorCode::NotAllowed,
                "only hosts and co-hosts end a meeting; send LEAVE to leave it",
            ));
        }
        self.write(now, Event::Ended(EndReason::ByHost));
        Ok(())
    }

    /// To somebody who is here, or waits here; the node that asks has looked whether it may.
    pub(super) fn carry_out(&mut self, now: Instant, request: Request) {
        let Request { by, action, target, reason } = request;
        if self.waiters.contains_key(&target) {
            match action {
                Action::Admit => self.admit(now, &target),
                Action::Deny => self.deny(now, &target, DenyCode::Refused, reason),
                _ => {}
            }
            return;
        }
        let Some(seat) = self.seats.get_mut(&target) else { return };
        match action {
            Action::Mute => {
                seat.asked_to_unmute = false;
                if !std::mem::take(&mut seat.studio.microphone_on) {
                    return;
                }
            }
            Action::AskUnmute => seat.asked_to_unmute = true,
            Action::StopVideo => seat.studio.camera_on = false,
            _ => {}
        }
        let told = ServerBody::Moderated { action, by: by.to_string(), reason };
        self.say(now, &target, told);
        match action {
            Action::Mute | Action::StopVideo => {
                self.order_forwarding(&target);
                self.describe(now, &target, |_| {});
            }
            Action::StopShare => self.stop(now, &target, What::Screen),
            Action::LowerHand => self.describe(now, &target, |how| how.hand = None),
            Action::Promote => self.set_rank(now, &target, Rank::CoHost),
            Action::Demote => self.set_rank(now, &target, Rank::Person),
            Action::Remove => self.put_out(now, &target),
            Action::AskUnmute | Action::Ban | Action::Admit | Action::Deny => {}
        }
    }

    /// By whoever looks after the server, which is nobody's name to whom it is done.
    pub(super) fn remove(&mut self, now: Instant, person: &PersonId, reason: Option<String>) {
        if self.waiters.contains_key(person) {
            return self.deny(now, person, DenyCode::Refused, reason);
        }
        if self.seats.contains_key(person) {
            self.say(now, person, ServerBody::Moderated { action: Action::Remove, by: String::new(), reason });
            self.put_out(now, person);
        }
    }

    /// They may ask to come in again.
    fn put_out(&mut self, now: Instant, person: &PersonId) {
        self.admitted.remove(person);
        self.outputs.push_back(Output::Keep(Keep::Removed { person: person.clone(), banned: false }));
        self.leave(now, person, LeaveReason::Removed, CloseCode::Removed);
    }

    /// Somebody who was banned is here, or waits here.
    pub(super) fn expel(&mut self, now: Instant, person: &PersonId) {
        self.admitted.remove(person);
        let reason = "a host has removed you from this meeting for good".to_owned();
        self.deny(now, person, DenyCode::Banned, Some(reason));
        self.leave(now, person, LeaveReason::Banned, CloseCode::Removed);
    }

    /// Every node hears it and does it, wherever they try to come in.
    fn ban(&mut self, now: Instant, person: &PersonId) -> Result<(), Refusal> {
        if self.roster.banned_here() + self.banned.len() >= meeting::Settings::BANNED_MAX {
            return Err(Refusal(
                ErrorCode::Limit,
                "so many are banned that there is no room for more; lock the meeting",
            ));
        }
        self.outputs.push_back(Output::Keep(Keep::Removed { person: person.clone(), banned: true }));
        self.write(now, Event::Banned { person: person.clone() });
        Ok(())
    }

    fn set_rank(&mut self, now: Instant, person: &PersonId, rank: Rank) {
        if let Some(account) = person.account() {
            self.outputs.push_back(Output::Keep(Keep::CoHost { account, is: rank == Rank::CoHost }));
        }
        self.describe(now, person, |how| how.rank = rank);
    }

    fn everybody(
        &self,
        action: Action,
        is_meant: impl Fn(&proto::meeting::PersonView) -> bool,
    ) -> Vec<(proto::NodeId, PersonId, Action)> {
        let meant = self.shown.iter().filter(|(_, how)| is_meant(how));
        meant.filter_map(|(person, _)| Some((self.roster.place(person)?.0, person.clone(), action))).collect()
    }

    fn send_or_do(&mut self, now: Instant, node: proto::NodeId, request: Request) {
        if node == self.node {
            self.carry_out(now, request);
        } else {
            self.outputs.push_back(Output::Tell { node, message: Message::Request(request) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 4] = [Role::Host, Role::CoHost, Role::Person, Role::Recorder];
    const ACTIONS: [Action; 11] = [
        Action::Mute,
        Action::AskUnmute,
        Action::StopVideo,
        Action::StopShare,
        Action::LowerHand,
        Action::Remove,
        Action::Ban,
        Action::Promote,
        Action::Demote,
        Action::Admit,
        Action::Deny,
    ];

    #[test]
    fn nobody_moderates_who_is_not_a_host_and_nobody_moderates_the_host() {
        for action in ACTIONS {
            for role in ROLES {
                assert!(!may(Role::Person, action, role) && !may(Role::Recorder, action, role), "{action:?}");
                assert!(!may(role, action, Role::Host) && !may(role, action, Role::Recorder), "{action:?}");
            }
            let roles_are_the_hosts_alone = matches!(action, Action::Promote | Action::Demote);
            assert_eq!(may(Role::CoHost, action, Role::Person), !roles_are_the_hosts_alone, "{action:?}");
            assert!(!may(Role::CoHost, action, Role::CoHost), "{action:?}");
        }
    }
}
