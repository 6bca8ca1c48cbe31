//! Whoever looks after the node sees who is here, how they fare, and ends a session.

use engine::{EndReason, Refusal, Reply};
use media::codec::Kind;
use proto::PeerId;
use proto::api::{AdminSide, Verdict};
use sim::{Sim, secs};

fn peers(sim: &mut Sim, worker: u8, room: &str) -> Vec<(AdminSide, PeerId)> {
    let roll = sim.roll(worker, room, None, 100);
    assert_eq!(roll.next, None);
    roll.sessions.iter().map(|session| (session.side, session.id.parse().unwrap())).collect()
}

#[test]
fn everybody_in_a_room_is_listed_once_and_nobody_of_another() {
    let mut sim = Sim::seed(11);
    sim.publish("a", "ann");
    sim.publish("b", "bea");
    sim.run(secs(1));
    for viewer in ["bob", "cai", "dee"] {
        sim.watch("a", viewer);
    }
    sim.run(secs(2));
    let all = peers(&mut sim, 0, "a");
    assert_eq!(all.iter().filter(|(side, _)| *side == AdminSide::Viewer).count(), 3);
    assert_eq!(all.iter().filter(|(side, _)| *side == AdminSide::Publisher).count(), 1);
    assert!(peers(&mut sim, 0, "nowhere").is_empty());
    // The same in pages of two, whatever comes between.
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let roll = sim.roll(0, "a", after, 2);
        assert!(roll.sessions.len() <= 2);
        paged.extend(roll.sessions.into_iter().map(|session| (session.side, session.id.parse().unwrap())));
        after = roll.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(paged, all);
}

#[test]
fn a_session_shows_its_address_its_rate_and_that_it_plays() {
    let mut sim = Sim::seed(12);
    sim.publish("a", "ann");
    sim.run(secs(1));
    sim.watch("a", "bob");
    sim.run(secs(4));
    let bob = peers(&mut sim, 0, "a").into_iter().find(|(side, _)| *side == AdminSide::Viewer).unwrap().1;
    let Reply::Inspected(seen) = sim.inspect(bob) else { panic!("bob is here") };
    assert_eq!(seen.session.remote, Some(sim.address("bob").to_string()));
    assert_eq!(seen.session.verdict, Verdict::Playing);
    assert!(seen.session.kbps > 100 && seen.session.rtt_ms.is_some(), "{:?}", seen.session);
    assert!(seen.packets > 100 && !seen.local.is_empty());
    assert_eq!(seen.view.tracks.len(), 2);
    sim.sees_everything("bob");
}

#[test]
fn a_session_that_is_removed_is_over_and_bystanders_see_everything() {
    let mut sim = Sim::seed(13);
    sim.publish("a", "ann");
    sim.run(secs(1));
    sim.watch("a", "bob");
    let bob = peers(&mut sim, 0, "a").into_iter().find(|(side, _)| *side == AdminSide::Viewer).unwrap().1;
    sim.watch("a", "zoe");
    sim.run(secs(2));
    let Reply::Removed { room, .. } = sim.remove(bob) else { panic!("bob was here") };
    assert_eq!(room.as_str(), "a");
    assert!(matches!(sim.remove(bob), Reply::Refused(Refusal::NoSession)), "nobody is removed twice");
    let before = sim.viewer("bob").track(Kind::Video).tags.len();
    sim.run(secs(2));
    assert_eq!(sim.viewer("bob").track(Kind::Video).tags.len(), before);
    assert_eq!(sim.stats(0).ended[EndReason::Removed as usize], 1);
    sim.sees_everything("zoe");
    // Who takes the slot next is not who had it.
    sim.watch("a", "eve");
    let mut eve = bob;
    eve.generation += 1;
    sim.run(secs(1));
    assert!(matches!(sim.remove(bob), Reply::Refused(Refusal::NoSession)));
    assert!(matches!(sim.inspect(eve), Reply::Inspected(_)));
}
