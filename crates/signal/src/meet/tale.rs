//! What is told of a meeting outside of it: from what its hall announces to the events of the log.
//!
//! Everybody who joined leaves once, whatever ended it: the person, a host, the meeting, or the node.

use std::collections::BTreeMap;

use meetings::hall::{Attendance, Event, Rank};
use meetings::{MeetingId, PersonId};
use proto::event::{MeetingOver, PersonGone, Presence, What};
use proto::meeting::{EndReason, LeaveReason};

#[derive(Debug)]
pub struct Tale {
    meeting: String,
    started: bool,
    /// Who is in, by which name, and whether they are away.
    inside: BTreeMap<PersonId, (String, bool)>,
}

impl Tale {
    pub fn new(meeting: &MeetingId) -> Tale {
        Tale { meeting: meeting.to_string(), started: false, inside: BTreeMap::new() }
    }

    pub fn read(&mut self, event: &Event) -> Vec<What> {
        match event {
            Event::Started => {
                self.started = true;
                vec![What::MeetingStarted { meeting_id: self.meeting.clone() }]
            }
            Event::Here { person, how } => self.here(person, how),
            Event::Gone { person, reason } => {
                let Some((name, _)) = self.inside.remove(person) else { return Vec::new() };
                let who = self.presence(person, name);
                let removed = (*reason == LeaveReason::Removed).then(|| What::PersonRemoved(who.clone()));
                let left = What::PersonLeft { who, reason: gone(*reason) };
                removed.into_iter().chain([left]).collect()
            }
            Event::Banned { person } => {
                let (meeting_id, account_id) = (self.meeting.clone(), person.to_string());
                vec![What::PersonBanned { meeting_id, account_id }]
            }
            Event::Ended(reason) => self.end(PersonGone::Ended, over(*reason)),
            _ => Vec::new(),
        }
    }

    /// The node stops, or the meeting is closed here before it began.
    pub fn close(&mut self) -> Vec<What> {
        self.end(PersonGone::NodeStopped, MeetingOver::NodeStopped)
    }

    fn here(&mut self, person: &PersonId, how: &Attendance) -> Vec<What> {
        if how.rank == Rank::Recorder {
            // Nobody who takes part.
            return Vec::new();
        }
        let now = (how.name.to_string(), how.away);
        let before = self.inside.insert(person.clone(), now.clone());
        let who = self.presence(person, now.0);
        match before {
            None => vec![What::PersonJoined(who)],
            Some((_, false)) if now.1 => vec![What::PersonAway(who)],
            Some((_, true)) if !now.1 => vec![What::PersonResumed(who)],
            Some(_) => Vec::new(),
        }
    }

    fn end(&mut self, gone: PersonGone, over: MeetingOver) -> Vec<What> {
        let inside = std::mem::take(&mut self.inside);
        let mut told: Vec<What> = inside
            .into_iter()
            .map(|(person, (name, _))| What::PersonLeft { who: self.presence(&person, name), reason: gone })
            .collect();
        if std::mem::take(&mut self.started) {
            told.push(What::MeetingEnded { meeting_id: self.meeting.clone(), reason: over });
        }
        told
    }

    fn presence(&self, person: &PersonId, name: String) -> Presence {
        let guest = person.account().is_none();
        Presence { meeting_id: self.meeting.clone(), account_id: person.to_string(), name, guest }
    }
}

fn gone(reason: LeaveReason) -> PersonGone {
    match reason {
        LeaveReason::Left => PersonGone::Left,
        LeaveReason::Lost => PersonGone::Lost,
        LeaveReason::Removed => PersonGone::Removed,
        LeaveReason::Banned => PersonGone::Banned,
        LeaveReason::NodeLost => PersonGone::NodeStopped,
    }
}

fn over(reason: EndReason) -> MeetingOver {
    match reason {
        EndReason::ByHost => MeetingOver::ByHost,
        EndReason::HostGone => MeetingOver::HostGone,
        EndReason::Empty | EndReason::NotStarted => MeetingOver::Empty,
        EndReason::Ordered => MeetingOver::Ordered,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use meetings::hall::{Hall, Input, Opening, Output, Rules, SocketId, Verified, Way};
    use proto::NodeId;
    use proto::meeting::{Action, ClientBody, ClientPacket, Hello, Moderate, VERSION};

    use super::*;

    /// A real hall, and what is told of it.
    struct Scene {
        hall: Hall,
        tale: Tale,
        now: Instant,
        meeting: MeetingId,
    }

    impl Scene {
        fn open() -> Scene {
            let (meeting, now) = (MeetingId::from_random(7), Instant::now());
            let opening = Opening {
                node: NodeId(0),
                meeting: meeting.clone(),
                now,
                calendar_ms: 0,
                settings: proto::meeting::Settings::default(),
                banned: Default::default(),
                rules: Rules::default(),
            };
            Scene { hall: Hall::open(opening), tale: Tale::new(&meeting), now, meeting }
        }

        fn told(&mut self) -> Vec<String> {
            let mut told = Vec::new();
            while let Some(output) = self.hall.poll_output() {
                if let Output::Announce(notice) = output {
                    told.extend(self.tale.read(&notice.event).iter().map(brief));
                }
            }
            told
        }

        fn join(&mut self, n: u64, rank: Rank) -> Vec<String> {
            let who = Verified { person: person(n), name: format!("p{n}").parse().unwrap(), rank };
            let hello = Hello { version: VERSION, ..hello() };
            let socket = SocketId(n);
            self.hall.handle(self.now, Input::Join { socket, way: Way::Join, hello, who, secret: u128::from(n) });
            self.told()
        }

        fn say(&mut self, n: u64, body: ClientBody) -> Vec<String> {
            let packet = Ok(ClientPacket { meeting_id: self.meeting.to_string(), body });
            self.hall.handle(self.now, Input::Packet { socket: SocketId(n), packet });
            self.told()
        }

        fn moderate(&mut self, action: Action, n: u64) -> Vec<String> {
            let account_id = person(n).to_string();
            self.say(1, ClientBody::Moderate(Moderate { action, account_id, reason: None }))
        }
    }

    fn person(n: u64) -> PersonId {
        PersonId::guest_from_random(u128::from(n))
    }

    fn hello() -> Hello {
        serde_json::from_value(serde_json::json!({ "version": VERSION, "ticket": "x" })).expect("a hello")
    }

    fn brief(what: &What) -> String {
        let (kind, data) = what.parts();
        let data: serde_json::Value = serde_json::from_str(&data).unwrap();
        let words = ["name", "reason"].map(|field| data[field].as_str().unwrap_or_default().to_owned());
        format!("{kind} {}", words.join(" ")).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_meeting_is_told_from_its_start_to_its_end() {
        let mut scene = Scene::open();
        assert_eq!(scene.join(1, Rank::Owner), ["person.joined p1", "meeting.started"]);
        for n in 2..=4 {
            assert_eq!(scene.join(n, Rank::Person), [format!("person.joined p{n}")]);
        }
        scene.hall.handle(scene.now, Input::Closed { socket: SocketId(2) });
        scene.now += Rules::default().away_after;
        scene.hall.handle_timeout(scene.now);
        assert_eq!(scene.told(), ["person.away p2"]);
        assert_eq!(scene.join(2, Rank::Person), ["person.resumed p2"], "the same person, in the same place");
        assert_eq!(scene.moderate(Action::Remove, 3), ["person.removed p3", "person.left p3 removed"]);
        assert_eq!(scene.moderate(Action::Ban, 4), ["person.banned", "person.left p4 banned"]);
        assert_eq!(
            scene.say(1, ClientBody::End {}),
            ["person.left p1 ended", "person.left p2 ended", "meeting.ended by_host"]
        );
        assert!(scene.tale.close().is_empty(), "it is over already");
    }

    #[test]
    fn who_does_not_come_back_is_lost_and_a_node_that_stops_ends_what_it_had() {
        let mut scene = Scene::open();
        scene.join(1, Rank::Owner);
        scene.join(2, Rank::Person);
        scene.hall.handle(scene.now, Input::Closed { socket: SocketId(2) });
        scene.now += Rules::default().resume_within;
        scene.hall.handle_timeout(scene.now);
        assert_eq!(scene.told(), ["person.left p2 lost"]);
        let closed: Vec<String> = scene.tale.close().iter().map(brief).collect();
        assert_eq!(closed, ["person.left p1 node_stopped", "meeting.ended node_stopped"]);
        assert!(Tale::new(&scene.meeting).close().is_empty(), "nothing is told of a meeting that nobody came to");
    }
}
