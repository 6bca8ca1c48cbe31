//! A meeting on one node, as the people in it would tell it.

mod support;

use std::time::Duration;

use meetings::hall::{Decided, FEEDS_MAX, Input, Keep, Order, Rank, Report, Rules, Track};
use meetings::{AccountId, PersonId};
use proto::data::{Fault, Notice};
use proto::meeting::{
    Action, CloseCode, DenyCode, EndReason, ErrorCode, LeaveReason, Place, Role, ServerBody, Settings, SettingsChange,
    SlotState, Source, WaitReason, What,
};
use support::{World, entry, secs, who};

fn names(world: &World, socket: meetings::hall::SocketId) -> Vec<String> {
    world.client(socket).people.values().map(|view| view.name.clone()).collect()
}

fn place(news: &[ServerBody]) -> Option<Place> {
    news.iter().find_map(|body| match body {
        ServerBody::Welcome { place, .. } => Some(*place),
        _ => None,
    })
}

fn left(news: &[ServerBody]) -> Option<LeaveReason> {
    news.iter().find_map(|body| match body {
        ServerBody::Leave { reason, .. } => Some(*reason),
        _ => None,
    })
}

fn role(world: &World, seen_by: meetings::hall::SocketId, name: &str) -> Option<Role> {
    world.client(seen_by).people.get(&who(name).to_string()).map(|view| view.role)
}

#[test]
fn people_wait_for_the_host_and_come_in_with_them() {
    let mut world = World::new();
    let bob = world.join("bob", Rank::Person);
    assert_eq!(world.news(bob), [ServerBody::Waiting { because: WaitReason::NotStarted }]);
    let ann = world.join("ann", Rank::Owner);
    assert_eq!(place(&world.news(bob)), Some(Place::New));
    assert_eq!(names(&world, ann), names(&world, bob));
    assert_eq!(role(&world, bob, "ann"), Some(Role::Host));
    let cai = world.join("cai", Rank::Person);
    assert!(
        world
            .news(bob)
            .iter()
            .any(|body| matches!(body, ServerBody::Join { account_id, .. } if *account_id == who("cai").to_string()))
    );
    assert_eq!(names(&world, cai).len(), 3);
}

#[test]
fn only_the_host_starts_a_meeting_and_starting_twice_is_joining() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let again = world.join("ann", Rank::Owner);
    assert_eq!(world.client(ann).closed, Some(CloseCode::TakenOver));
    assert_eq!(place(&world.news(again)), Some(Place::New));
    world.send(again, r#""content_type":"INIT","ticket":"t","version":1"#);
    assert_eq!(world.error(again), Some(ErrorCode::AlreadyIn));
}

#[test]
fn the_lobby_hears_nothing_and_the_host_lets_in_whom_they_want() {
    let mut world = World::with(1, Settings { lobby: true, ..Settings::default() }, Rules::default());
    let ann = world.join("ann", Rank::Owner);
    let [bob, cai, dan] = ["bob", "cai", "dan"].map(|name| world.join(name, Rank::Person));
    world.send(bob, r#""content_type":"CHAT","id":"1","text":"let me in""#);
    assert_eq!(world.error(bob), Some(ErrorCode::NotIn));
    let moderate = |action: &str, name: &str| {
        format!(r#""content_type":"MODERATE","action":"{action}","account_id":"{}","reason":"sorry""#, who(name))
    };
    world.send(ann, &moderate("admit", "bob"));
    assert_eq!(place(&world.news(bob)), Some(Place::New));
    world.send(bob, &moderate("admit", "cai"));
    assert_eq!(world.error(bob), Some(ErrorCode::NotAllowed));
    world.send(ann, &moderate("deny", "cai"));
    let denied = ServerBody::JoinDenied { code: DenyCode::Refused, reason: "sorry".to_owned() };
    assert_eq!(world.news(cai).last(), Some(&denied));
    assert_eq!(world.client(cai).closed, Some(CloseCode::Denied));
    world.send(ann, r#""content_type":"MODERATE_ALL","action":"admit""#);
    assert_eq!(place(&world.news(dan)), Some(Place::New));
    // Whoever was let in once need not wait again.
    world.send(bob, r#""content_type":"LEAVE""#);
    let bob = world.join("bob", Rank::Person);
    assert_eq!(place(&world.news(bob)), Some(Place::New));
}

#[test]
fn a_locked_meeting_takes_nobody_but_hosts_and_those_who_are_in() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.send(ann, r#""content_type":"SETTINGS","locked":true"#);
    assert!(world.node(1).kept.iter().any(|keep| matches!(keep, Keep::Settings(settings) if settings.locked)));
    let cai = world.join("cai", Rank::Person);
    assert!(matches!(world.news(cai)[..], [ServerBody::JoinDenied { code: DenyCode::Locked, .. }]));
    let dan = world.join("dan", Rank::CoHost);
    assert_eq!(place(&world.news(dan)), Some(Place::New));
    world.lose(bob);
    let bob = world.resume(bob, "bob");
    assert_eq!(place(&world.news(bob)), Some(Place::Replayed));
    world.send(bob, r#""content_type":"SETTINGS","locked":false"#);
    assert_eq!(world.error(bob), Some(ErrorCode::NotAllowed));
}

#[test]
fn another_tab_takes_the_place_and_the_others_see_no_leave() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.publish(bob);
    world.send(ann, r#""content_type":"CHAT","id":"1","text":"hello""#);
    world.hush();
    let tab = world.join("bob", Rank::Person);
    assert_eq!(world.error(bob), Some(ErrorCode::TakenOver));
    assert_eq!(world.client(bob).closed, Some(CloseCode::TakenOver));
    assert_eq!(world.client(tab).chat.len(), 1);
    let news = world.news(ann);
    assert!(left(&news).is_none() && news.iter().all(|body| matches!(body, ServerBody::State { .. })), "{news:?}");
    let closed = Order::Close { person: who("bob"), what: What::Camera };
    assert!(world.node(1).orders.contains(&closed));
}

#[test]
fn a_lost_socket_comes_back_and_nobody_notices() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.hush();
    world.lose(bob);
    world.send(ann, r#""content_type":"CHAT","id":"1","text":"are you there?""#);
    world.pass(secs(2));
    let back = world.resume(bob, "bob");
    assert_eq!(place(&world.news(back)), Some(Place::Replayed));
    assert_eq!(world.client(back).chat.len(), 1);
    assert!(world.news(ann).iter().all(|body| matches!(body, ServerBody::Chat { .. })));
}

#[test]
fn somebody_is_away_after_three_seconds_and_gone_after_fifteen() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.lose(bob);
    world.pass(secs(4));
    assert!(world.client(ann).people[&who("bob").to_string()].away);
    world.hush();
    world.pass(secs(10));
    assert_eq!(left(&world.news(ann)), None);
    world.pass(secs(2));
    assert_eq!(left(&world.news(ann)), Some(LeaveReason::Lost));
    let back = world.resume(bob, "bob");
    assert_eq!(place(&world.news(back)), Some(Place::New));
}

#[test]
fn who_missed_too_much_is_told_everything_anew_and_every_message_once() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.receive(bob, 4);
    world.subscribe(bob, &["ann"]);
    world.send(ann, r#""content_type":"CHAT","id":"0","text":"before""#);
    world.lose(bob);
    for n in 1..=120u64 {
        world.send(ann, &format!(r#""content_type":"CHAT","id":"{n}","text":"message {n}""#));
        for on in [true, false, true, false, true] {
            world.send(ann, &format!(r#""content_type":"ME","hand":{on}"#));
        }
        world.now += Duration::from_millis(500);
        world.hush();
    }
    // Time went by for the budgets only: no timer was asked.
    let back = world.resume(bob, "bob");
    assert_eq!(place(&world.news(back)), Some(Place::Refreshed));
    assert_eq!(world.client(back).chat.len(), 121);
    assert_eq!(world.client(back).people, world.client(ann).people);
    world.send(ann, r#""content_type":"CHAT","id":"last","text":"after""#);
    assert_eq!(world.client(back).chat.len(), 122);
    assert!(world.assigned("bob")[0].is_some(), "subscriptions stay");
}

#[test]
fn a_message_that_is_sent_again_is_said_once_and_a_private_one_to_two_people() {
    let mut world = World::new();
    let [ann, bob, cai] =
        [world.join("ann", Rank::Owner), world.join("bob", Rank::Person), world.join("cai", Rank::Person)];
    let private = format!(r#""content_type":"CHAT","id":"x","text":"psst","to":"{}""#, who("cai"));
    for _ in 0..3 {
        world.send(bob, &private);
        world.send(bob, r#""content_type":"CHAT","id":"y","text":"hi all""#);
    }
    let read = [ann, bob, cai].map(|socket| world.client(socket).chat.len());
    assert_eq!(read, [1, 2, 2]);
    let dan = world.join("dan", Rank::Person);
    assert_eq!(world.client(dan).chat.len(), 1, "who comes later reads what was for all");
    world.send(ann, r#""content_type":"SETTINGS","chat":false"#);
    world.send(bob, r#""content_type":"CHAT","id":"z","text":"no more?""#);
    assert_eq!(world.error(bob), Some(ErrorCode::NotAllowed));
    world.send(ann, r#""content_type":"CHAT","id":"z","text":"only I""#);
    assert_eq!(world.client(dan).chat.len(), 2);
}

#[test]
fn muting_somebody_stops_what_is_passed_on_and_asking_does_not_unmute() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.publish(bob);
    assert!(world.client(ann).people[&who("bob").to_string()].microphone);
    let forward = |on| Order::Forward { person: who("bob"), track: Track::Microphone, on };
    assert!(world.node(1).orders.contains(&forward(true)));
    world.send(ann, r#""content_type":"SETTINGS","unmute":false"#);
    world.node(1).orders.clear();
    world.send(ann, r#""content_type":"MODERATE_ALL","action":"mute""#);
    assert!(world.node(1).orders.contains(&forward(false)));
    assert!(!world.client(ann).people[&who("bob").to_string()].microphone);
    world.send(bob, r#""content_type":"ME","microphone":true"#);
    assert_eq!(world.error(bob), Some(ErrorCode::NotAllowed));
    let ask = format!(r#""content_type":"MODERATE","action":"ask_unmute","account_id":"{}""#, who("bob"));
    world.send(ann, &ask);
    assert!(matches!(world.news(bob)[..], [ServerBody::Moderated { action: Action::AskUnmute, .. }]));
    assert!(!world.client(ann).people[&who("bob").to_string()].microphone);
    world.send(bob, r#""content_type":"ME","microphone":true"#);
    assert!(world.client(ann).people[&who("bob").to_string()].microphone);
}

#[test]
fn whoever_runs_the_server_removes_anybody_who_reads_why_and_may_come_back() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.hush();
    let remove = |name, reason: &str| Input::Remove { person: who(name), reason: Some(reason.to_owned()) };
    world.handle(proto::NodeId(1), remove("ann", "too loud"));
    let told = world.news(ann).into_iter().find_map(|body| match body {
        ServerBody::Moderated { action: Action::Remove, by, reason } => Some((by, reason)),
        _ => None,
    });
    assert_eq!(told, Some((String::new(), Some("too loud".to_owned()))), "a host too, and no person did it");
    assert_eq!(world.client(ann).closed, Some(CloseCode::Removed));
    assert_eq!(left(&world.news(bob)), Some(LeaveReason::Removed));
    let again = world.join("ann", Rank::Owner);
    assert_eq!(place(&world.news(again)), Some(Place::New));
    // Nobody of that name: nothing happens to anybody.
    world.hush();
    world.handle(proto::NodeId(1), remove("zoe", "x"));
    assert!(world.news(bob).is_empty() && world.client(bob).closed.is_none());
}

#[test]
fn whoever_runs_the_server_turns_away_who_waits() {
    let mut world = World::new();
    let bob = world.join("bob", Rank::Person);
    world.handle(proto::NodeId(1), Input::Remove { person: who("bob"), reason: None });
    assert_eq!(world.client(bob).closed, Some(CloseCode::Denied));
}

#[test]
fn whoever_is_removed_may_ask_again_and_whoever_is_banned_may_not() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    for (action, again) in [("remove", None), ("ban", Some(DenyCode::Banned))] {
        let bob = world.join("bob", Rank::Person);
        world.hush();
        world.send(ann, &format!(r#""content_type":"MODERATE","action":"{action}","account_id":"{}""#, who("bob")));
        assert_eq!(world.client(bob).closed, Some(CloseCode::Removed));
        assert!(left(&world.news(ann)).is_some());
        let bob = world.join("bob", Rank::Person);
        let denied = world.news(bob).into_iter().find_map(|body| match body {
            ServerBody::JoinDenied { code, .. } => Some(code),
            _ => None,
        });
        assert_eq!(denied, again);
    }
    let banned = Keep::Removed { person: who("bob"), banned: true };
    assert!(world.node(1).kept.contains(&banned));
}

#[test]
fn the_co_host_who_was_there_longest_takes_over_and_hands_back() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    world.pass(secs(1));
    let cai = world.join("cai", Rank::Person);
    world.pass(secs(1));
    let dan = world.join("dan", Rank::CoHost);
    assert_eq!(role(&world, dan, "cai"), Some(Role::Person));
    world.send(ann, &format!(r#""content_type":"MODERATE","action":"promote","account_id":"{}""#, who("cai")));
    world.send(ann, r#""content_type":"LEAVE""#);
    assert_eq!((role(&world, dan, "cai"), role(&world, dan, "dan")), (Some(Role::Host), Some(Role::CoHost)));
    let ann = world.join("ann", Rank::Owner);
    assert_eq!((role(&world, ann, "ann"), role(&world, cai, "cai")), (Some(Role::Host), Some(Role::CoHost)));
}

#[test]
fn without_host_and_co_host_it_ends_unless_one_comes_back() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.hush();
    world.send(ann, r#""content_type":"LEAVE""#);
    let ending = |news: &[ServerBody]| {
        news.iter().rev().find_map(|body| match body {
            ServerBody::Ending { ends_at_ms } => Some(*ends_at_ms),
            _ => None,
        })
    };
    assert_eq!(ending(&world.news(bob)), Some(Some(1_000_000 + 120_000)));
    world.pass(secs(60));
    let ann = world.join("ann", Rank::Owner);
    assert_eq!(ending(&world.news(bob)), Some(None));
    world.send(ann, r#""content_type":"LEAVE""#);
    world.pass(secs(121));
    assert_eq!(world.news(bob).last(), Some(&ServerBody::End { reason: EndReason::HostGone }));
    assert_eq!((world.client(bob).closed, world.node(1).ended), (Some(CloseCode::Ended), Some(EndReason::HostGone)));
    let late = world.join("cai", Rank::Person);
    assert!(matches!(world.news(late)[..], [ServerBody::JoinDenied { code: DenyCode::Ended, .. }]));
}

#[test]
fn an_empty_meeting_ends_and_one_that_never_began_can_still_begin() {
    let mut world = World::new();
    world.pass(secs(61));
    assert_eq!(world.node(1).ended, Some(EndReason::NotStarted));
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    world.pass(secs(600));
    assert_eq!(world.node(1).ended, None);
    world.send(ann, r#""content_type":"LEAVE""#);
    let _recorder = world.join("rec", Rank::Recorder);
    world.pass(secs(61));
    assert_eq!(world.node(1).ended, Some(EndReason::Empty), "a recorder alone is nobody");
}

#[test]
fn only_hosts_end_it_for_all() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.send(bob, r#""content_type":"END""#);
    assert_eq!((world.error(bob), world.client(ann).closed), (Some(ErrorCode::NotAllowed), None));
    world.send(ann, r#""content_type":"END""#);
    assert_eq!([ann, bob].map(|socket| world.client(socket).closed), [Some(CloseCode::Ended); 2]);
}

#[test]
fn a_recorder_is_seen_by_nobody_and_its_presence_by_all() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    world.hush();
    let recorder = world.join("rec", Rank::Recorder);
    let news = world.news(ann);
    assert!(matches!(news[..], [ServerBody::Settings { recording: true, .. }]), "{news:?}");
    assert_eq!(names(&world, recorder), ["ann"]);
    let people: Vec<String> = (0..60).map(|n| format!("p{n}")).collect();
    for name in &people {
        world.join(name, Rank::Person);
    }
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    world.receive(recorder, 60);
    world.subscribe(recorder, &people);
    assert_eq!(world.assigned("rec").into_iter().flatten().count(), 50);
    world.send(recorder, r#""content_type":"CHAT","id":"1","text":"hi""#);
    assert_eq!(world.error(recorder), Some(ErrorCode::NotAllowed));
}

#[test]
fn at_the_limit_a_page_is_exchanged_and_what_stays_keeps_its_slot() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let people: Vec<String> = (0..60).map(|n| format!("p{n}")).collect();
    for name in &people {
        world.join(name, Rank::Person);
    }
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    world.receive(ann, 60);
    world.subscribe(ann, &people);
    let before = world.assigned("ann");
    assert_eq!(before.iter().flatten().count(), FEEDS_MAX);
    let refused = world.news(ann).into_iter().find_map(|body| match body {
        ServerBody::Subscribed { refused, .. } => Some(refused),
        _ => None,
    });
    assert!(refused.is_some_and(|refused| refused.len() == 11 && refused[0].code == ErrorCode::Limit));
    let (away, wanted) = (&people[..5], &people[55..]);
    let list = |names: &[&str]| names.iter().map(|name| entry(name)).collect::<Vec<_>>().join(",");
    world.send(
        ann,
        &format!(
            r#""content_type":"UNSUB_SUB","num_actions":10,"unsubscribe":[{}],"subscribe":[{}]"#,
            list(away),
            list(wanted)
        ),
    );
    let after = world.assigned("ann");
    assert_eq!(after.iter().flatten().count(), FEEDS_MAX);
    let stayed = before.iter().zip(&after).filter(|(before, after)| before == after).count();
    assert_eq!(stayed, FEEDS_MAX - 5);
}

#[test]
fn entries_are_refused_one_by_one_and_a_camera_that_comes_later_begins_by_itself() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.hush();
    world.subscribe(ann, &["ann", "bob", "nobody"]);
    let news = world.news(ann);
    let [ServerBody::Subscribed { subscribed, refused, .. }] = &news[..] else { panic!("{news:?}") };
    assert_eq!((subscribed.len(), subscribed[0].mid.as_deref()), (1, None));
    let codes: Vec<ErrorCode> = refused.iter().map(|refused| refused.code).collect();
    assert_eq!(codes, [ErrorCode::Oneself, ErrorCode::UnknownPerson]);
    world.receive(ann, 4);
    let of = world.assigned("ann")[0].clone().unwrap();
    assert_eq!((&of.person, of.source), (&who("bob"), Source::Camera));
    world.publish(bob);
    world.hush();
    let state = SlotState::Live { height: Some(360) };
    world.report(Report::Slot { person: who("ann"), mid: "0".to_owned(), of: of.clone(), state: state.clone() });
    assert!(matches!(&world.news(ann)[..], [ServerBody::Slots { slots }] if slots[0].state == state));
    world.send(bob, r#""content_type":"LEAVE""#);
    assert_eq!(world.assigned("ann")[0], None);
    world.hush();
    world.report(Report::Slot { person: who("ann"), mid: "0".to_owned(), of, state });
    assert_eq!(world.news(ann), [], "what the slot carried before is nobody's business");
}

#[test]
fn who_does_not_read_is_closed_and_hurts_nobody() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    world.reading = false;
    let mut said = 0;
    while world.client(bob).closed.is_none() {
        assert!(said < 5000, "bob is never closed");
        world.send(ann, &format!(r#""content_type":"CHAT","id":"{said}","text":"{}""#, "x".repeat(1000)));
        // Ann reads.
        let packets = std::mem::take(&mut world.clients.get_mut(&ann).unwrap().unread);
        world.handle(proto::NodeId(1), meetings::hall::Input::Written { socket: ann, packets });
        world.now += Duration::from_millis(500);
        said += 1;
    }
    assert_eq!((world.client(bob).closed, world.client(ann).closed), (Some(CloseCode::Slow), None));
    world.reading = true;
    let back = world.resume(bob, "bob");
    assert!(place(&world.news(back)).is_some_and(|place| place != Place::New));
    assert_eq!(world.client(back).chat.len(), said);
    assert!(world.node(1).hall.is_bounded());
}

#[test]
fn too_many_packets_reactions_or_shares_are_refused() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    for _ in 0..11 {
        world.send(bob, r#""content_type":"REACTION","reaction":"👍""#);
    }
    assert_eq!(world.error(bob), Some(ErrorCode::TooFast));
    assert_eq!(world.news(ann).iter().filter(|body| matches!(body, ServerBody::Reaction { .. })).count(), 10);
    for _ in 0..61 {
        world.send(ann, r#""content_type":"PING","seq":0"#);
    }
    assert_eq!(world.error(ann), Some(ErrorCode::TooFast));
    world.now += secs(10);
    let sharers = ["cai", "dan", "eve"].map(|name| world.join(name, Rank::Person));
    for socket in sharers {
        world.send(socket, r#""content_type":"OFFER","what":"screen","id":1,"sdp":"v=0""#);
    }
    assert_eq!(sharers.map(|socket| world.error(socket)), [None, None, Some(ErrorCode::TooManyShares)]);
}

#[test]
fn hands_are_in_the_order_in_which_they_were_raised() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let [bob, cai] = ["bob", "cai"].map(|name| world.join(name, Rank::Person));
    for socket in [cai, bob, cai] {
        world.send(socket, r#""content_type":"ME","hand":true"#);
    }
    let hand = |name: &str| world.client(ann).people[&who(name).to_string()].hand;
    assert!(hand("cai").is_some() && hand("cai") < hand("bob"), "raising it again keeps the turn");
    world.send(ann, r#""content_type":"MODERATE_ALL","action":"lower_hands""#);
    assert!(world.client(ann).people.values().all(|view| view.hand.is_none()));
}

#[test]
fn who_may_chat_may_send_messages_and_the_media_are_told_when_that_changes() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    let tape = world.join("tape", Rank::Recorder);
    for (socket, name) in [(ann, "ann"), (bob, "bob"), (tape, "tape")] {
        world.send(socket, r#""content_type":"OFFER","what":"receive","id":1,"sdp":"v=0""#);
        let (person, what, sdp, slots) = (who(name), What::Receive, "v=0".to_owned(), vec![]);
        world.handle(proto::NodeId(1), Input::Media(Report::Answered { person, what, id: 1, sdp, slots }));
    }
    let told = |world: &mut World, name: &str| -> Vec<bool> {
        let orders = world.node(1).orders.iter();
        orders
            .filter_map(|order| match order {
                Order::Data { person, sends } if *person == who(name) => Some(*sends),
                _ => None,
            })
            .collect()
    };
    assert_eq!(["ann", "bob", "tape"].map(|name| told(&mut world, name)), [vec![true], vec![true], vec![false]]);
    world.send(ann, r#""content_type":"SETTINGS","chat":false"#);
    world.send(ann, r#""content_type":"SETTINGS","reactions":false"#);
    assert_eq!(["ann", "bob", "tape"].map(|name| told(&mut world, name)), [vec![true], vec![true, false], vec![false]]);
    world.send(ann, &format!(r#""content_type":"MODERATE","action":"promote","account_id":"{}""#, who("bob")));
    assert_eq!(told(&mut world, "bob"), [true, false, true], "a co-host may");
    // Another connection begins with what holds then; one that has ended needs to be told nothing.
    world.send(bob, r#""content_type":"STOP","what":"receive""#);
    world.send(ann, &format!(r#""content_type":"MODERATE","action":"demote","account_id":"{}""#, who("bob")));
    assert_eq!(told(&mut world, "bob"), [true, false, true]);
}

#[test]
fn what_is_wrong_with_a_message_is_told_over_the_socket() {
    let mut world = World::new();
    world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    for (notice, code) in [
        (Notice::TooFast, ErrorCode::TooFast),
        (Notice::TooSlow, ErrorCode::MessagesLost),
        (Notice::Fault(Fault::OwnTopic), ErrorCode::Malformed),
        (Notice::NotAllowed, ErrorCode::NotAllowed),
    ] {
        world.handle(proto::NodeId(1), Input::Media(Report::Message { person: who("bob"), notice }));
        let last = world.news(bob).pop();
        let expected = ServerBody::Error { code, msg: notice.to_string(), about: Some("MESSAGE".to_owned()) };
        assert_eq!(last, Some(expected));
    }
    // Nobody of that name is no reason to stop.
    world.handle(proto::NodeId(1), Input::Media(Report::Message { person: who("zoe"), notice: Notice::Torn }));
}

fn account(n: u128) -> PersonId {
    AccountId::from_random(n).into()
}

#[test]
fn what_is_decided_over_http_holds_in_the_meeting_at_once() {
    let mut world = World::new();
    let ann = world.join("ann", Rank::Owner);
    let bob = world.join_as(account(7), "bob", Rank::Person);
    let cai = world.join("cai", Rank::Person);
    let decide = |world: &mut World, decided: Decided| world.handle(proto::NodeId(1), Input::Decided(decided));
    let seen = |world: &World| world.client(ann).people.get(&account(7).to_string()).map(|view| view.role);
    let bobs = AccountId::from_random(7);
    decide(&mut world, Decided { co_hosts: [(bobs.clone(), true)].into(), ..Decided::default() });
    assert_eq!(seen(&world), Some(Role::CoHost));
    world.send(bob, r#""content_type":"SETTINGS","lobby":true"#);
    assert_eq!(world.error(bob), None, "a co-host may");
    decide(&mut world, Decided { co_hosts: [(bobs, false)].into(), ..Decided::default() });
    assert_eq!(seen(&world), Some(Role::Person));
    // What hosts are told once they are some, and what they do as such, is theirs; none of it was asked to be kept.
    assert!(!world.node(1).kept.iter().any(|keep| matches!(keep, Keep::CoHost { .. })));

    let settings = SettingsChange { chat: Some(false), unmute: Some(false), ..SettingsChange::default() };
    decide(&mut world, Decided { settings, ..Decided::default() });
    assert_eq!(
        world.node(1).hall.settings(),
        Settings { chat: false, unmute: false, lobby: true, ..Settings::default() }
    );
    world.send(cai, r#""content_type":"CHAT","id":"1","text":"may I?""#);
    assert_eq!(world.error(cai), Some(ErrorCode::NotAllowed));

    decide(&mut world, Decided { banned: vec![who("cai")], ..Decided::default() });
    assert_eq!(world.client(cai).closed, Some(CloseCode::Removed));
    let again = world.join("cai", Rank::Person);
    assert!(matches!(world.news(again)[..], [ServerBody::JoinDenied { code: DenyCode::Banned, .. }]));
    decide(&mut world, Decided { lifted: vec![who("cai")], ..Decided::default() });
    world.send(ann, r#""content_type":"SETTINGS","lobby":false"#);
    let back = world.join("cai", Rank::Person);
    assert_eq!(place(&world.news(back)), Some(Place::New));
    // And banned anew by a host they are out again.
    world.send(ann, &format!(r#""content_type":"MODERATE","action":"ban","account_id":"{}""#, who("cai")));
    assert_eq!(world.client(back).closed, Some(CloseCode::Removed));
    // The host is nobody's to demote.
    decide(&mut world, Decided { co_hosts: [(AccountId::from_random(9), false)].into(), ..Decided::default() });
    assert_eq!(role(&world, ann, "ann"), Some(Role::Host));
}

#[test]
fn a_connection_that_ends_by_itself_is_closed_so_that_nothing_is_kept_of_it() {
    let mut world = World::new();
    world.join("ann", Rank::Owner);
    let bob = world.join("bob", Rank::Person);
    let before = world.node(1).hall.held();
    world.receive(bob, 4);
    assert_eq!((world.node(1).hall.held().connections, world.node(1).hall.held().slots), (1, 4));
    world.node(1).orders.clear();
    let reason = "no sign of life".to_owned();
    world.report(Report::Ended { person: who("bob"), what: What::Receive, reason });
    assert_eq!(world.node(1).orders, [Order::Close { person: who("bob"), what: What::Receive }]);
    assert_eq!(world.node(1).hall.held(), before);
}
