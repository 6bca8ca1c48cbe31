//! The same meeting on other nodes: what they say is repeated here, and what is to be done to somebody there is asked of them.

use std::time::Instant;

use proto::NodeId;
use proto::meeting::{Action, LeaveReason};

use super::roster::{Applied, Notice, Snapshot};
use super::{Hall, Output};
use crate::id::PersonId;

/// From one node to another about one meeting, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Notice(Notice),
    /// The sender's last notice was `seq`: who has heard less has missed something.
    Head {
        origin: NodeId,
        seq: u64,
    },
    /// The sender has missed something: please send a snapshot.
    Sync {
        from: NodeId,
    },
    Snapshot(Snapshot),
    Request(Request),
}

/// Something to be done to somebody, where they are. Whether it may be done was looked at where `by` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub by: PersonId,
    pub action: Action,
    pub target: PersonId,
    pub reason: Option<String>,
}

impl Hall {
    /// To be sent to all other nodes every second, so that what was lost on the way is noticed.
    pub fn head(&self) -> Message {
        Message::Head { origin: self.node, seq: self.roster.head() }
    }

    pub(super) fn hear(&mut self, now: Instant, message: Message) {
        match message {
            Message::Notice(notice) => match self.roster.apply(&notice) {
                Applied::New => self.take_in(now, &notice.event),
                Applied::Before => {}
                Applied::Gap => self.ask_for_snapshot(notice.origin),
            },
            Message::Head { origin, seq } => {
                if origin != self.node && seq > self.roster.head_of(origin) {
                    self.ask_for_snapshot(origin);
                }
            }
            Message::Sync { from } => self.introduce(from),
            Message::Snapshot(snapshot) => self.replace(now, &snapshot),
            Message::Request(request) => self.carry_out(now, request),
        }
    }

    /// Tells another node everything of this one's own.
    pub(super) fn introduce(&mut self, node: NodeId) {
        if node != self.node {
            let snapshot = Message::Snapshot(self.roster.snapshot(self.said.all()));
            self.outputs.push_back(Output::Tell { node, message: snapshot });
        }
    }

    pub(super) fn lose_node(&mut self, now: Instant, node: NodeId) {
        self.roster.forget(node);
        self.show_difference(now, LeaveReason::NodeLost);
    }

    fn ask_for_snapshot(&mut self, origin: NodeId) {
        self.outputs.push_back(Output::Tell { node: origin, message: Message::Sync { from: self.node } });
    }

    fn replace(&mut self, now: Instant, snapshot: &Snapshot) {
        if !self.roster.replace(snapshot) {
            return;
        }
        for person in snapshot.people.keys() {
            self.yield_place(now, person);
        }
        self.show_difference(now, LeaveReason::Left);
        for person in
            snapshot.banned.iter().filter(|person| !self.lifted.contains(*person)).cloned().collect::<Vec<_>>()
        {
            self.expel(now, &person);
        }
        for message in &snapshot.said {
            self.deliver(now, message);
        }
        self.open_doors(now);
        if let Some(reason) = snapshot.ended {
            self.finish(reason);
        }
    }

    /// Somebody may have come, gone or changed: whoever it is.
    fn show_difference(&mut self, now: Instant, why: LeaveReason) {
        let people: Vec<PersonId> = self.roster.people().into_iter().chain(self.shown.keys()).cloned().collect();
        self.refresh(now, people, why);
        let hosts: Vec<PersonId> = self.seats.keys().filter(|person| self.role_of(person).hosts()).cloned().collect();
        for host in hosts {
            self.tell_whole_lobby(now, &host);
        }
    }
}
