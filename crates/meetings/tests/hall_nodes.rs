//! One meeting on two nodes: it looks the same from both, also after they could not hear each other.

mod support;

use meetings::hall::{Rank, Rules};
use proto::NodeId;
use proto::meeting::{CloseCode, EndReason, ErrorCode, LeaveReason, Place, Role, ServerBody, Settings};
use support::{World, secs, who};

fn two() -> World {
    World::with(2, Settings::default(), Rules::default())
}

fn moderate(action: &str, name: &str) -> String {
    format!(r#""content_type":"MODERATE","action":"{action}","account_id":"{}""#, who(name))
}

#[test]
fn people_on_two_nodes_see_hear_and_write_to_each_other() {
    let mut world = two();
    let ann = world.join_at(1, "ann", Rank::Owner, None);
    let bob = world.join_at(2, "bob", Rank::Person, None);
    assert_eq!(world.client(ann).people, world.client(bob).people);
    world.publish(bob);
    assert!(world.client(ann).people[&who("bob").to_string()].microphone);
    world.send(ann, r#""content_type":"CHAT","id":"1","text":"hello over there""#);
    world.send(bob, &format!(r#""content_type":"CHAT","id":"1","text":"psst","to":"{}""#, who("ann")));
    assert_eq!([ann, bob].map(|socket| world.client(socket).chat.len()), [2, 2]);
    world.subscribe(ann, &["bob"]);
    assert!(matches!(world.news(ann).last(), Some(ServerBody::Subscribed { subscribed, .. }) if subscribed.len() == 1));
    world.send(ann, r#""content_type":"SETTINGS","chat":false"#);
    world.send(bob, r#""content_type":"CHAT","id":"2","text":"still?""#);
    assert_eq!(world.error(bob), Some(ErrorCode::NotAllowed));
}

#[test]
fn a_host_moderates_somebody_on_another_node() {
    let mut world = World::with(2, Settings { lobby: true, ..Settings::default() }, Rules::default());
    let ann = world.join_at(1, "ann", Rank::Owner, None);
    let bob = world.join_at(2, "bob", Rank::Person, None);
    assert!(matches!(world.news(ann).last(), Some(ServerBody::Lobby { waiting, .. }) if waiting.len() == 1));
    world.send(ann, &moderate("admit", "bob"));
    world.publish(bob);
    world.send(ann, &moderate("mute", "bob"));
    assert!(!world.client(ann).people[&who("bob").to_string()].microphone);
    world.send(ann, &moderate("promote", "bob"));
    assert_eq!(world.client(bob).people[&who("bob").to_string()].role, Role::CoHost);
    world.send(ann, &moderate("demote", "bob"));
    world.send(ann, &moderate("ban", "bob"));
    assert_eq!(world.client(bob).closed, Some(CloseCode::Removed));
    for node in [1, 2] {
        let bob = world.join_at(node, "bob", Rank::Person, None);
        assert_eq!(world.client(bob).closed, Some(CloseCode::Denied), "on node {node}");
    }
}

#[test]
fn whoever_joins_on_another_node_takes_their_place_along() {
    let mut world = two();
    let ann = world.join_at(1, "ann", Rank::Owner, None);
    let bob = world.join_at(1, "bob", Rank::Person, None);
    world.hush();
    let moved = world.join_at(2, "bob", Rank::Person, None);
    assert_eq!(world.client(bob).closed, Some(CloseCode::TakenOver));
    assert_eq!(world.client(moved).people.len(), 2);
    let news = world.news(ann);
    assert!(!news.iter().any(|body| matches!(body, ServerBody::Leave { .. } | ServerBody::Join { .. })), "{news:?}");
    // And back again.
    let back = world.join_at(1, "bob", Rank::Person, None);
    assert_eq!(world.client(moved).closed, Some(CloseCode::TakenOver));
    assert_eq!(world.client(back).people, world.client(ann).people);
}

#[test]
fn both_nodes_conclude_who_hosts_and_both_end() {
    let mut world = two();
    let ann = world.join_at(1, "ann", Rank::Owner, None);
    world.pass(secs(1));
    let bob = world.join_at(2, "bob", Rank::CoHost, None);
    let cai = world.join_at(1, "cai", Rank::Person, None);
    world.send(ann, r#""content_type":"LEAVE""#);
    for socket in [bob, cai] {
        assert_eq!(world.client(socket).people[&who("bob").to_string()].role, Role::Host);
    }
    world.send(bob, r#""content_type":"END""#);
    assert_eq!([1, 2].map(|node| world.node(node).ended), [Some(EndReason::ByHost); 2]);
    assert_eq!(world.client(cai).closed, Some(CloseCode::Ended));
}

#[test]
fn nodes_that_could_not_hear_each_other_agree_again_and_no_message_is_lost_or_doubled() {
    let mut world = two();
    let ann = world.join_at(1, "ann", Rank::Owner, None);
    let bob = world.join_at(2, "bob", Rank::Person, None);
    world.send(ann, r#""content_type":"CHAT","id":"1","text":"before""#);
    world.cut = true;
    world.send(ann, r#""content_type":"CHAT","id":"2","text":"during, from one""#);
    world.send(bob, r#""content_type":"CHAT","id":"2","text":"during, from two""#);
    world.send(ann, r#""content_type":"SETTINGS","share":false"#);
    let cai = world.join_at(1, "cai", Rank::Person, None);
    let dan = world.join_at(2, "dan", Rank::Person, None);
    world.send(cai, r#""content_type":"LEAVE""#);
    world.join_nodes();
    world.send(ann, r#""content_type":"CHAT","id":"3","text":"after""#);
    for socket in [ann, bob, dan] {
        assert_eq!(world.client(socket).people, world.client(ann).people);
        assert_eq!(world.client(socket).people.len(), 3);
    }
    assert_eq!([ann, bob].map(|socket| world.client(socket).chat.len()), [4, 4]);
    assert!(!world.node(2).hall.settings().share);
}

#[test]
fn one_notice_that_was_lost_is_noticed_by_the_next_or_by_the_head() {
    let mut world = two();
    let ann = world.join_at(1, "ann", Rank::Owner, None);
    let bob = world.join_at(2, "bob", Rank::Person, None);
    world.cut = true;
    world.send(ann, r#""content_type":"ME","hand":true"#);
    world.cut = false;
    assert_ne!(world.client(ann).people, world.client(bob).people);
    let head = world.node(1).hall.head();
    world.handle(NodeId(2), meetings::hall::Input::Node(head));
    assert_eq!(world.client(ann).people, world.client(bob).people);
}

#[test]
fn the_people_of_a_node_that_is_gone_have_left_and_come_back_with_it() {
    let mut world = two();
    let ann = world.join_at(1, "ann", Rank::Owner, None);
    let bob = world.join_at(2, "bob", Rank::Person, None);
    world.hush();
    world.handle(NodeId(1), meetings::hall::Input::NodeLost(NodeId(2)));
    let lost = ServerBody::Leave { account_id: who("bob").to_string(), reason: LeaveReason::NodeLost };
    assert!(world.news(ann).contains(&lost));
    world.join_nodes();
    assert_eq!(world.client(ann).people, world.client(bob).people);
    world.lose(bob);
    let bob = world.resume(bob, "bob");
    assert!(matches!(world.news(bob)[..], [ServerBody::Welcome { place: Place::Replayed, .. }]));
}
