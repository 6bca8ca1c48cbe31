//! Whatever people do, in whatever order: what a page would trip over is looked for by the clients of `support`, the rest here.

mod support;

use std::collections::BTreeSet;

use meetings::hall::{FEEDS_MAX, FeedId, Input, Order, RECORDER_FEEDS_MAX, Rank, Report, Rules, SocketId};
use proptest::prelude::*;
use proto::NodeId;
use proto::meeting::{CloseCode, DenyCode, EndReason, Level, Quality, Role, ServerBody, Settings, What};
use support::{World, entry, secs, who};

const NAMES: [&str; 6] = ["ann", "bob", "cai", "dan", "eve", "rec"];

/// Somebody does something; the numbers choose among what there is.
#[derive(Debug, Clone)]
struct Step {
    what: u8,
    who: u8,
    whom: u8,
    n: u8,
}

fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (0u8..22, 0u8..6, 0u8..6, any::<u8>()).prop_map(|(what, who, whom, n)| Step { what, who, whom, n });
    proptest::collection::vec(step, 1..count)
}

fn rank(who: u8) -> Rank {
    match who {
        0 => Rank::Owner,
        1 => Rank::CoHost,
        5 => Rank::Recorder,
        _ => Rank::Person,
    }
}

/// People with at most one page each, and what they have written.
struct Crowd {
    world: World,
    /// The last socket of each.
    sockets: [Option<SocketId>; 6],
    banned: BTreeSet<u8>,
    written: u32,
}

impl Crowd {
    fn new(nodes: u64, lobby: bool) -> Crowd {
        let settings = Settings { lobby, ..Settings::default() };
        let world = World::with(nodes, settings, Rules::default());
        Crowd { world, sockets: [None; 6], banned: BTreeSet::new(), written: 0 }
    }

    fn step(&mut self, step: &Step, nodes: u64) {
        let name = NAMES[usize::from(step.who)];
        let whom = who(NAMES[usize::from(step.whom)]);
        // Somewhat slower than the budgets, mostly.
        self.world.now += std::time::Duration::from_millis(u64::from(step.n));
        let Some(socket) = self.sockets[usize::from(step.who)].filter(|_| step.what > 1) else {
            let node = 1 + u64::from(step.n) % nodes;
            self.sockets[usize::from(step.who)] = Some(self.world.join_at(node, name, rank(step.who), None));
            return;
        };
        if self.world.client(socket).closed.is_some() || step.what == 2 {
            // Pages that were closed for good do not come back by themselves, but a test may.
            if self.world.client(socket).closed.is_none() {
                self.world.lose(socket);
            }
            self.sockets[usize::from(step.who)] = Some(self.world.resume(socket, name));
            return;
        }
        let send = |world: &mut World, rest: String| world.send(socket, &rest);
        let world = &mut self.world;
        match step.what {
            3 => world.lose(socket),
            4 => send(world, r#""content_type":"LEAVE""#.to_owned()),
            5 => {
                self.written += 1;
                send(world, format!(r#""content_type":"CHAT","id":"{}","text":"x""#, self.written));
            }
            6 => {
                self.written += 1;
                send(world, format!(r#""content_type":"CHAT","id":"{}","text":"x","to":"{whom}""#, self.written));
            }
            7 | 8 => world.subscribe(socket, &[NAMES[usize::from(step.whom)], NAMES[usize::from(step.n % 6)]]),
            9 => {
                let (away, wanted) = (entry(NAMES[usize::from(step.whom)]), entry(NAMES[usize::from(step.n % 6)]));
                send(world, format!(r#""content_type":"UNSUB_SUB","unsubscribe":[{away}],"subscribe":[{wanted}]"#));
            }
            10 => {
                send(world, r#""content_type":"OFFER","what":"receive","id":1,"sdp":"v=0""#.to_owned());
                let (person, node) = (who(name), world.client(socket).node);
                let slots = (0..step.n % 5).map(|n| n.to_string()).collect();
                let sdp = "v=0".to_owned();
                world.handle(node, Input::Media(Report::Answered { person, what: What::Receive, id: 1, sdp, slots }));
            }
            11 => world.publish(socket),
            12 | 13 => {
                let action = [
                    "mute",
                    "ask_unmute",
                    "stop_video",
                    "stop_share",
                    "lower_hand",
                    "remove",
                    "promote",
                    "demote",
                    "admit",
                    "deny",
                ][usize::from(step.n % 10)];
                send(world, format!(r#""content_type":"MODERATE","action":"{action}","account_id":"{whom}""#));
            }
            14 if step.n < 64 => {
                send(world, format!(r#""content_type":"MODERATE","action":"ban","account_id":"{whom}""#));
                let keeps = world.nodes.values().flat_map(|node| &node.kept);
                if keeps.into_iter().any(
                    |keep| matches!(keep, meetings::hall::Keep::Removed { person, banned: true } if *person == whom),
                ) {
                    self.banned.insert(step.whom);
                }
            }
            14 => send(world, r#""content_type":"MODERATE_ALL","action":"admit""#.to_owned()),
            15 => send(
                world,
                format!(r#""content_type":"SETTINGS","lobby":{},"chat":{}"#, step.n.is_multiple_of(2), step.n > 40),
            ),
            16 => send(
                world,
                format!(r#""content_type":"ME","microphone":{},"hand":{}"#, step.n.is_multiple_of(2), step.n > 99),
            ),
            17 => world.pass(secs(u64::from(step.n % 20))),
            18 => send(world, r#""content_type":"REACTION","reaction":"x""#.to_owned()),
            19 => send(world, format!(r#""content_type":"PING","seq":{}"#, u64::from(step.n) / 4)),
            20 if step.n == 0 => send(world, r#""content_type":"END""#.to_owned()),
            20 => send(world, r#""content_type":"STOP","what":"camera""#.to_owned()),
            _ => world.send(socket, r#""content_type":"NONSENSE""#),
        }
    }

    /// What holds after every step, on every node.
    fn check(&self) -> Result<(), TestCaseError> {
        for (id, node) in &self.world.nodes {
            prop_assert!(node.hall.is_bounded());
            let people: Vec<_> = node.hall.people().collect();
            let hosts = people.iter().filter(|view| view.role == Role::Host).count();
            prop_assert!(hosts <= 1);
            if !people.is_empty() && hosts == 0 {
                prop_assert!(node.hall.next_timeout().is_some(), "nobody hosts and no clock runs");
            }
            prop_assert!(people.iter().all(|view| view.role != Role::Recorder));
            for banned in &self.banned {
                let banned = who(NAMES[usize::from(*banned)]).to_string();
                prop_assert!(people.iter().all(|view| view.account_id != banned));
            }
            for client in self.world.clients.values().filter(|client| client.node == *id) {
                // Only who is in and reachable has the latest list.
                let current = client.inside && client.closed.is_none() && self.is_open(client);
                if current {
                    let seen: Vec<_> = client.people.values().collect();
                    let mut there = people.clone();
                    there.sort_by(|a, b| a.account_id.cmp(&b.account_id));
                    prop_assert_eq!(seen, there);
                }
            }
            if node.ended.is_some() {
                prop_assert!(people.is_empty() && node.hall.next_timeout().is_none());
            }
            self.check_orders(&node.orders)?;
        }
        Ok(())
    }

    /// More news than a log keeps: who is away meanwhile is told everything anew.
    fn flood(&mut self, person: &meetings::PersonId) {
        for n in 0..510 {
            let reason = n.to_string();
            let quality = Quality { level: Level::Poor, reason };
            self.world.report(Report::Quality { person: person.clone(), quality });
            self.world.hush();
        }
    }

    fn is_here(&self, person: &meetings::PersonId) -> bool {
        self.world.nodes.values().any(|node| node.hall.people().any(|view| view.account_id == person.to_string()))
    }

    /// Its socket is the last of its person, and was not lost.
    fn is_open(&self, client: &support::Client) -> bool {
        self.world.clients.iter().any(|(socket, other)| {
            std::ptr::eq(client, other) && self.sockets.contains(&Some(*socket)) && !self.world.lost.contains(socket)
        })
    }

    fn check_orders(&self, orders: &[Order]) -> Result<(), TestCaseError> {
        let Some(Order::Assign { person, slots }) = orders.last() else { return Ok(()) };
        let carried: Vec<&FeedId> = slots.iter().filter_map(|slot| slot.of.as_ref()).collect();
        let distinct: BTreeSet<_> = carried.iter().collect();
        prop_assert_eq!(distinct.len(), carried.len(), "a feed has one slot");
        let limit = if *person == who("rec") { RECORDER_FEEDS_MAX } else { FEEDS_MAX };
        prop_assert!(carried.len() <= limit && carried.iter().all(|feed| feed.person != *person));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_packets_keeps_what_has_to_hold(steps in steps(150), lobby in any::<bool>()) {
        let mut crowd = Crowd::new(1, lobby);
        for step in &steps {
            crowd.step(step, 1);
            crowd.check()?;
        }
        // What ends ends for everybody.
        crowd.world.handle(NodeId(1), Input::End(EndReason::Ordered));
        prop_assert!(crowd.world.node(1).ended.is_some());
        for client in crowd.world.clients.values() {
            let heard_end = client.heard.iter().any(|packet| matches!(packet.body, ServerBody::End { .. }));
            prop_assert_eq!(client.closed == Some(CloseCode::Ended), heard_end);
        }
        let late = crowd.world.join("fay", Rank::Person);
        let denied = ServerBody::JoinDenied { code: DenyCode::Ended, reason: "this meeting is over".to_owned() };
        prop_assert_eq!(crowd.world.news(late), [denied]);
    }

    #[test]
    fn two_nodes_see_the_same_meeting(steps in steps(120), lobby in any::<bool>(), cut in any::<bool>()) {
        let mut crowd = Crowd::new(2, lobby);
        let half = steps.len() / 2;
        for (n, step) in steps.iter().enumerate() {
            crowd.world.cut = cut && n >= half;
            crowd.step(step, 2);
            if !crowd.world.cut {
                crowd.check()?;
            }
        }
        crowd.world.join_nodes();
        crowd.world.join_nodes();
        let seen = |n: u64| -> Vec<_> { crowd.world.nodes[&NodeId(n)].hall.people().cloned().collect() };
        if crowd.world.nodes.values().all(|node| node.ended.is_none()) {
            prop_assert_eq!(seen(1), seen(2));
            prop_assert_eq!(crowd.world.nodes[&NodeId(1)].hall.settings(), crowd.world.nodes[&NodeId(2)].hall.settings());
        }
    }

    /// Everybody stays within reach of a resumption, whatever their socket does: then everybody has read everything, once.
    #[test]
    fn chat_is_neither_lost_nor_doubled(
        steps in proptest::collection::vec((0u8..101, 0u8..5, 0u8..5, 0u16..3000), 1..200)
    ) {
        let mut crowd = Crowd::new(1, false);
        for who in 0..5 {
            crowd.step(&Step { what: 0, who, whom: 0, n: 0 }, 1);
        }
        let mut expected = [0usize; 5];
        for (what, from, to, ms) in steps {
            crowd.world.pass(std::time::Duration::from_millis(ms.into()));
            let socket = crowd.sockets[usize::from(from)].unwrap();
            let lost = crowd.world.lost.contains(&socket);
            let whom = who(NAMES[usize::from(to)]);
            if what == 100 {
                crowd.flood(&whom);
                continue;
            }
            crowd.written += 1;
            let id = crowd.written;
            match what % 4 {
                0 if !lost => crowd.world.lose(socket),
                1 if !lost => {
                    crowd.world.send(socket, &format!(r#""content_type":"CHAT","id":"{id}","text":"x""#));
                    expected.iter_mut().for_each(|count| *count += 1);
                }
                2 if !lost && from != to && crowd.is_here(&whom) => {
                    crowd.world.send(socket, &format!(r#""content_type":"CHAT","id":"{id}","text":"x","to":"{whom}""#));
                    expected[usize::from(from)] += 1;
                    expected[usize::from(to)] += 1;
                }
                _ => crowd.sockets[usize::from(from)] = Some(crowd.world.resume(socket, NAMES[usize::from(from)])),
            }
            // Nobody is away for as long as it takes to be gone.
            for (socket, name) in crowd.sockets.iter_mut().flatten().zip(NAMES) {
                if crowd.world.lost.contains(socket) && ms.is_multiple_of(4) {
                    *socket = crowd.world.resume(*socket, name);
                }
            }
        }
        if crowd.world.node(1).ended.is_some() {
            return Ok(());
        }
        for ((socket, name), expected) in crowd.sockets.into_iter().flatten().zip(NAMES).zip(expected) {
            let back = crowd.world.resume(socket, name);
            let all_along = crowd.world.client(back).heard.iter().all(|packet| {
                !matches!(packet.body, ServerBody::Welcome { place: proto::meeting::Place::New, .. })
            });
            if all_along && !crowd.world.began_anew.contains(&crowd.world.client(back).person) {
                prop_assert_eq!(crowd.world.client(back).chat.len(), expected);
            }
        }
    }
}
