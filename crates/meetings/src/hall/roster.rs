//! Who is here, on whichever node: the union of what the nodes say.
//!
//! Each node is the only writer of its own people and numbers what it says ([`Notice`]); the others repeat it. Whatever follows from
//! the union (who is host, which settings hold, who is where when somebody is in two places) every node concludes by itself, and alike:
//! nobody decides it for the others, so nobody has to be asked when a line between nodes is cut.
//!
//! ```text
//!   node a: ann (host), bob ─┐
//!   node b: cai (co-host) ───┼─ union ─▶ ann, bob, cai; ann is the host; when she goes, cai is
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proto::NodeId;
use proto::meeting::{EndReason, LeaveReason, PersonView, Quality, Role, Settings};

use super::chat::Message;
use crate::account::PersonName;
use crate::id::PersonId;

/// The order of two changes that different nodes made: the later one is the one that had seen more. Equal counts are told apart by
/// the node, so that everybody prefers the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    pub count: u64,
    pub node: NodeId,
}

/// Why somebody may do what they may. The host is not among it: that follows from who is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The meeting is theirs.
    Owner,
    CoHost,
    Person,
    Recorder,
}

/// Somebody as their node describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendance {
    pub name: PersonName,
    pub rank: Rank,
    /// When they took their place on this node: of two places the later one counts.
    pub claim: Stamp,
    pub since_ms: u64,
    pub microphone: bool,
    pub camera: bool,
    pub screen: bool,
    pub hand: Option<u64>,
    pub away: bool,
    pub quality: Quality,
}

/// What a node says of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Started,
    Here { person: PersonId, how: Attendance },
    Gone { person: PersonId, reason: LeaveReason },
    Waits { person: PersonId, name: PersonName },
    WaitsNot { person: PersonId },
    Settings { settings: Settings, stamp: Stamp },
    Banned { person: PersonId },
    Said(Arc<Message>),
    Reacted { person: PersonId, reaction: String },
    Ended(EndReason),
}

/// Numbered without gaps by its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub origin: NodeId,
    pub seq: u64,
    pub event: Event,
}

/// Everything that an origin has said and that still holds, as of `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub origin: NodeId,
    pub seq: u64,
    pub started: bool,
    pub people: BTreeMap<PersonId, Attendance>,
    pub waiting: BTreeMap<PersonId, PersonName>,
    pub settings: Option<(Settings, Stamp)>,
    pub banned: BTreeSet<PersonId>,
    /// The last messages from there, so that one that fell into a gap is not lost.
    pub said: Vec<Arc<Message>>,
    pub ended: Option<EndReason>,
}

#[derive(Debug)]
pub struct Roster {
    node: NodeId,
    /// The highest count that was seen in a stamp.
    count: u64,
    origins: BTreeMap<NodeId, Origin>,
}

#[derive(Debug, Default, Clone)]
struct Origin {
    seq: u64,
    started: bool,
    people: BTreeMap<PersonId, Attendance>,
    waiting: BTreeMap<PersonId, PersonName>,
    settings: Option<(Settings, Stamp)>,
    banned: BTreeSet<PersonId>,
    ended: Option<EndReason>,
}

impl Roster {
    pub fn new(node: NodeId) -> Roster {
        Roster { node, count: 0, origins: BTreeMap::from([(node, Origin::default())]) }
    }

    pub fn next_stamp(&mut self) -> Stamp {
        self.count += 1;
        Stamp { count: self.count, node: self.node }
    }

    /// Says something of this node's own.
    pub fn write(&mut self, event: Event) -> Notice {
        let origin = self.origins.entry(self.node).or_default();
        origin.seq += 1;
        let seq = origin.seq;
        self.note(self.node, &event);
        Notice { origin: self.node, seq, event }
    }

    /// What another node says. False when something before it is missing: then its snapshot is needed.
    pub fn apply(&mut self, notice: &Notice) -> Applied {
        let known = self.origins.get(&notice.origin).map_or(0, |origin| origin.seq);
        if notice.origin == self.node || notice.seq <= known {
            return Applied::Before;
        }
        if notice.seq != known + 1 {
            return Applied::Gap;
        }
        self.origins.entry(notice.origin).or_default().seq = notice.seq;
        self.note(notice.origin, &notice.event);
        Applied::New
    }

    /// Replaces what was known of an origin. False when it is older than that.
    pub fn replace(&mut self, snapshot: &Snapshot) -> bool {
        let known = self.origins.get(&snapshot.origin).map_or(0, |origin| origin.seq);
        if snapshot.origin == self.node || snapshot.seq < known {
            return false;
        }
        for attendance in snapshot.people.values() {
            self.witness(attendance.claim);
        }
        if let Some((_, stamp)) = snapshot.settings {
            self.witness(stamp);
        }
        let Snapshot { origin: _, seq, started, people, waiting, settings, banned, said: _, ended } = snapshot.clone();
        self.origins.insert(snapshot.origin, Origin { seq, started, people, waiting, settings, banned, ended });
        true
    }

    pub fn snapshot(&self, said: Vec<Arc<Message>>) -> Snapshot {
        let Origin { seq, started, people, waiting, settings, banned, ended } = self.here().clone();
        Snapshot { origin: self.node, seq, started, people, waiting, settings, banned, said, ended }
    }

    /// A node is gone, with its people. What it changed stays.
    pub fn forget(&mut self, node: NodeId) {
        let Some(gone) = self.origins.get_mut(&node).filter(|_| node != self.node) else { return };
        gone.people.clear();
        gone.waiting.clear();
        // It says everything anew when it comes back.
        gone.seq = 0;
    }

    pub fn head(&self) -> u64 {
        self.here().seq
    }

    pub fn head_of(&self, node: NodeId) -> u64 {
        self.origins.get(&node).map_or(0, |origin| origin.seq)
    }

    /// Where somebody is: the later of two places.
    pub fn place(&self, person: &PersonId) -> Option<(NodeId, &Attendance)> {
        let places = self.origins.iter().filter_map(|(node, origin)| Some((*node, origin.people.get(person)?)));
        places.max_by_key(|(_, how)| how.claim)
    }

    /// This node's own.
    pub fn own(&self, person: &PersonId) -> Option<&Attendance> {
        self.here().people.get(person)
    }

    /// Recorders among them.
    pub fn people(&self) -> BTreeSet<&PersonId> {
        self.origins.values().flat_map(|origin| origin.people.keys()).collect()
    }

    /// Recorders do not take part.
    pub fn is_empty(&self) -> bool {
        self.ranked(|rank| rank != Rank::Recorder).next().is_none()
    }

    pub fn count(&self) -> usize {
        self.ranked(|rank| rank != Rank::Recorder).count()
    }

    pub fn is_recorded(&self) -> bool {
        self.ranked(|rank| rank == Rank::Recorder).next().is_some()
    }

    pub fn shares(&self) -> impl Iterator<Item = &PersonId> {
        self.ranked(|rank| rank != Rank::Recorder).filter(|(_, how)| how.screen).map(|(person, _)| person)
    }

    /// The owner, or else the co-host who has been here longest.
    pub fn host(&self) -> Option<PersonId> {
        let hosts = self.ranked(|rank| matches!(rank, Rank::Owner | Rank::CoHost));
        hosts.min_by_key(|(person, how)| (how.rank, how.since_ms, *person)).map(|(person, _)| person.clone())
    }

    pub fn role(&self, person: &PersonId) -> Option<Role> {
        let rank = self.rank(person)?;
        Some(match rank {
            Rank::Recorder => Role::Recorder,
            Rank::Person => Role::Person,
            Rank::Owner | Rank::CoHost if self.host().as_ref() == Some(person) => Role::Host,
            Rank::Owner | Rank::CoHost => Role::CoHost,
        })
    }

    pub fn rank(&self, person: &PersonId) -> Option<Rank> {
        self.place(person).map(|(_, how)| how.rank)
    }

    /// As the others see somebody, if they see them at all; `host` is [`Roster::host`].
    pub fn view(&self, person: &PersonId, host: Option<&PersonId>) -> Option<PersonView> {
        let (_, how) = self.place(person)?;
        let role = match how.rank {
            Rank::Recorder => return None,
            Rank::Person => Role::Person,
            Rank::Owner | Rank::CoHost if host == Some(person) => Role::Host,
            Rank::Owner | Rank::CoHost => Role::CoHost,
        };
        Some(PersonView {
            account_id: person.to_string(),
            name: how.name.to_string(),
            role,
            microphone: how.microphone,
            camera: how.camera,
            screen: how.screen,
            hand: how.hand,
            away: how.away,
            quality: how.quality.clone(),
            since_ms: how.since_ms,
        })
    }

    pub fn waiting(&self) -> BTreeMap<&PersonId, (NodeId, &PersonName)> {
        let all = self.origins.iter().flat_map(|(node, origin)| origin.waiting.iter().map(move |w| (*node, w)));
        all.map(|(node, (person, name))| (person, (node, name))).collect()
    }

    pub fn is_started(&self) -> bool {
        self.origins.values().any(|origin| origin.started)
    }

    /// The latest that any node has set.
    pub fn settings(&self) -> Option<Settings> {
        let set = self.origins.values().filter_map(|origin| origin.settings);
        set.max_by_key(|(_, stamp)| *stamp).map(|(settings, _)| settings)
    }

    pub fn is_banned(&self, person: &PersonId) -> bool {
        self.origins.values().any(|origin| origin.banned.contains(person))
    }

    pub fn banned_here(&self) -> usize {
        self.here().banned.len()
    }

    /// Everybody of such a rank, once, as described where they are.
    fn ranked(&self, is_such: impl Fn(Rank) -> bool) -> impl Iterator<Item = (&PersonId, &Attendance)> {
        let places = self.origins.values().flat_map(|origin| &origin.people).filter(move |(_, how)| is_such(how.rank));
        places.filter(|(person, how)| self.place(person).is_some_and(|(_, place)| place.claim == how.claim))
    }

    fn here(&self) -> &Origin {
        self.origins.get(&self.node).expect("put in by `new`, and `forget` keeps it")
    }

    fn witness(&mut self, stamp: Stamp) {
        self.count = self.count.max(stamp.count);
    }

    fn note(&mut self, node: NodeId, event: &Event) {
        let origin = self.origins.entry(node).or_default();
        match event {
            Event::Started => origin.started = true,
            Event::Here { person, how } => drop(origin.people.insert(person.clone(), how.clone())),
            Event::Gone { person, .. } => drop(origin.people.remove(person)),
            Event::Waits { person, name } => drop(origin.waiting.insert(person.clone(), name.clone())),
            Event::WaitsNot { person } => drop(origin.waiting.remove(person)),
            Event::Settings { settings, stamp } => origin.settings = Some((*settings, *stamp)),
            Event::Banned { person } => drop(origin.banned.insert(person.clone())),
            Event::Ended(reason) => origin.ended = Some(*reason),
            Event::Said(_) | Event::Reacted { .. } => {}
        }
        match event {
            Event::Here { how, .. } => {
                self.witness(how.claim);
                self.count = self.count.max(how.hand.unwrap_or_default());
            }
            Event::Settings { stamp, .. } => self.witness(*stamp),
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    New,
    /// Known already.
    Before,
    Gap,
}
