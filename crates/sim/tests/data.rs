//! Messages of applications: complete and in order where that is promised, never late where it is not, and nobody waits for anybody.

use std::collections::BTreeSet;

use engine::{DataLimits, DataRates, Limits};
use media::codec::Kind;
use proto::data::{Fault, Lane, Notice};
use sim::{Publish, Sim, ms, secs};

const ROOM: &str = "hall";

/// Three people on two workers, Ann and Cem on the first one. Everybody hears Ann's microphone meanwhile.
fn three(seed: u64, limits: Limits) -> Sim {
    let mut sim = Sim::with_limits(seed, 2, limits).without_trace();
    sim.publish_with(ROOM, "mic", Publish { is_named: true, has_video: false, ..Publish::default() });
    sim.run(ms(500));
    for (worker, who) in [(0, "ann"), (1, "bob"), (0, "cem")] {
        sim.talk(worker, ROOM, who);
    }
    sim.run(secs(1));
    for who in ["ann", "bob", "cem"] {
        assert!(Lane::ALL.into_iter().all(|lane| sim.has_channel(who, lane)), "{who}");
    }
    sim
}

/// So much that the rate is not what a scenario is about.
fn talkative() -> Limits {
    let rates = DataRates { messages_per_s: 100_000, bytes_per_s: 100_000_000 };
    Limits { data: DataLimits { rates, ..DataLimits::default() }, ..Limits::default() }
}

fn line(terms: &str) -> netsim::Profile {
    terms.parse().expect("a profile")
}

fn numbered(n: u32, len: usize) -> Vec<u8> {
    let mut payload = vec![0; len];
    payload[..4].copy_from_slice(&n.to_be_bytes());
    payload
}

fn numbers(payloads: &[Vec<u8>]) -> Vec<u32> {
    payloads.iter().map(|payload| u32::from_be_bytes(payload[..4].try_into().unwrap())).collect()
}

/// A line that loses packets leaves holes in the sound, and nothing worse.
fn sound_has_holes_at_most(sim: &Sim, who: &str) {
    let report = sim.viewer(who).track(Kind::Audio).report();
    assert!(report.verdicts.iter().all(|verdict| verdict.kind == media::check::Fault::Gap), "{who}: {report:?}");
}

fn sound_is_whole(sim: &Sim, who: &str) {
    let track = sim.viewer(who).track(Kind::Audio);
    assert!(track.report().is_clean(), "{who}: {:?}", track.report());
    assert!(track.tags.len() > 40, "{who} heard {} packets", track.tags.len());
}

#[test]
fn a_reliable_message_reaches_everybody_else_in_order_whatever_is_lost_on_the_way() {
    for (seed, terms) in [(1, "delay=30ms"), (2, "delay=30ms,loss=5%"), (3, "delay=30ms,loss=15%")] {
        let mut sim = three(seed, talkative());
        for who in ["ann", "bob", "cem"] {
            sim.line(who, line(terms));
        }
        for n in 0..300 {
            // Long ones travel in pieces.
            let len = if n % 50 == 0 { 16 * 1024 } else { 40 };
            sim.say("ann", Lane::Reliable, "board", &[], &numbered(n, len));
            sim.run(ms(20));
        }
        sim.run(secs(20));
        let all: Vec<u32> = (0..300).collect();
        for who in ["bob", "cem"] {
            assert_eq!(numbers(&sim.payloads(who, Lane::Reliable)), all, "{who} at {terms}");
            assert!(sim.heard(who).iter().all(|heard| (heard.from.as_str(), heard.topic.as_str()) == ("ann", "board")));
            sound_has_holes_at_most(&sim, who);
        }
        assert!(sim.heard("ann").is_empty(), "nobody hears themselves");
        assert_eq!(sim.notices("ann"), []);
    }
}

#[test]
fn a_lossy_message_that_is_lost_is_gone_and_holds_up_nothing() {
    let mut sim = three(4, talkative());
    sim.way_down("bob", line("delay=30ms,loss=20%"));
    let mut said = Vec::new();
    for n in 0..500 {
        said.push(sim.now());
        sim.say("ann", Lane::Lossy, "cursor", &[], &numbered(n, 20));
        sim.run(ms(20));
    }
    sim.run(secs(2));
    let came: BTreeSet<u32> = numbers(&sim.payloads("bob", Lane::Lossy)).into_iter().collect();
    // A fifth is lost on the way to Bob, and none of it comes a second time.
    assert_eq!(came.len(), sim.payloads("bob", Lane::Lossy).len(), "none came twice");
    assert!((350..=450).contains(&came.len()), "{} of 500", came.len());
    let late = |heard: &sim::Heard| heard.at - said[numbers(std::slice::from_ref(&heard.payload))[0] as usize];
    let slowest = sim.heard("bob").iter().map(late).max().unwrap();
    // The line takes 30 ms each way it has; a retransmission would take three times that.
    assert!(slowest < ms(60), "{slowest:?}");
    assert_eq!(numbers(&sim.payloads("cem", Lane::Lossy)), (0..500).collect::<Vec<_>>());
}

#[test]
fn who_reads_slowly_is_closed_with_a_reason_and_the_others_get_everything() {
    let mut sim = three(5, talkative());
    sim.way_down("bob", line("delay=30ms,rate=200kbps"));
    // 1 Mbit/s of reliable messages, on a line of a fifth of that.
    for n in 0..200 {
        sim.say("ann", Lane::Reliable, "board", &[], &numbered(n, 12_500));
        sim.run(ms(100));
    }
    sim.run(secs(5));
    assert_eq!(numbers(&sim.payloads("cem", Lane::Reliable)), (0..200).collect::<Vec<_>>());
    assert_eq!(sim.notices("bob"), [Notice::TooSlow]);
    assert!(!sim.has_channel("bob", Lane::Reliable), "the channel is closed, and so the page knows");
    let before = numbers(&sim.payloads("bob", Lane::Reliable));
    assert_eq!(before, (0..before.len() as u32).collect::<Vec<_>>(), "what he got is a beginning without a gap");
    assert!(before.len() < 150, "{}", before.len());
    sound_is_whole(&sim, "cem");
    // The other lane goes on, and he may come back.
    sim.say("ann", Lane::Lossy, "cursor", &[], &numbered(1, 20));
    sim.reopen("bob", Lane::Reliable);
    sim.run(secs(2));
    assert!(sim.has_channel("bob", Lane::Reliable));
    sim.say("ann", Lane::Reliable, "board", &[], &numbered(1000, 100));
    sim.run(secs(2));
    assert_eq!(numbers(&sim.payloads("bob", Lane::Lossy)), [1]);
    assert_eq!(numbers(&sim.payloads("bob", Lane::Reliable)).last(), Some(&1000));
}

#[test]
fn of_lossy_messages_a_slow_reader_gets_the_latest_and_nothing_old() {
    let mut sim = three(6, talkative());
    sim.way_down("bob", line("delay=30ms,rate=200kbps"));
    let mut said = Vec::new();
    // 800 kbit/s.
    for n in 0..1000 {
        said.push(sim.now());
        sim.say("ann", Lane::Lossy, "game", &[], &numbered(n, 900));
        sim.run(ms(10));
    }
    sim.run(secs(3));
    let came = numbers(&sim.payloads("bob", Lane::Lossy));
    assert!((50..600).contains(&came.len()), "{}", came.len());
    assert_eq!(came.last(), Some(&999), "the latest comes");
    let late = |heard: &sim::Heard| heard.at - said[numbers(std::slice::from_ref(&heard.payload))[0] as usize];
    let mut all: Vec<_> = sim.heard("bob").iter().map(late).collect();
    all.sort();
    // Half a second of what the sound leaves of this line may wait. A packet that is lost, with all behind it, has SCTP wait for a second.
    let (most, slowest) = (all[all.len() * 9 / 10], all[all.len() - 1]);
    assert!(most < ms(400) && slowest < ms(2000), "{most:?} for nine of ten, {slowest:?} at most");
    assert!(sim.stats(1).drops.get(engine::Drop::MessageOutdated) > 200);
    assert_eq!(sim.payloads("cem", Lane::Lossy).len(), 1000);
    assert_eq!(sim.notices("bob"), []);
}

#[test]
fn a_message_for_some_reaches_them_alone_on_whichever_worker_they_are() {
    let mut sim = three(7, Limits::default());
    sim.say("ann", Lane::Reliable, "hint", &["bob"], b"psst");
    sim.say("bob", Lane::Lossy, "hint", &["ann", "nobody"], b"what");
    sim.run(secs(1));
    let of = |who: &str| -> Vec<(String, bool, Vec<u8>)> {
        sim.heard(who).iter().map(|h| (h.from.clone(), h.is_private, h.payload.clone())).collect()
    };
    assert_eq!(of("bob"), [("ann".to_owned(), true, b"psst".to_vec())]);
    assert_eq!(of("ann"), [("bob".to_owned(), true, b"what".to_vec())]);
    assert_eq!(of("cem"), []);
}

#[test]
fn another_room_hears_nothing_and_who_leaves_hears_nothing_more() {
    let mut sim = three(8, Limits::default());
    sim.talk(0, "other", "dora");
    sim.run(secs(1));
    sim.say("ann", Lane::Reliable, "t", &[], b"one");
    sim.say("ann", Lane::Reliable, "t", &["dora"], b"for dora");
    sim.run(secs(1));
    assert!(sim.heard("dora").is_empty());
    sim.leave("cem");
    sim.say("ann", Lane::Reliable, "t", &[], b"two");
    sim.run(secs(1));
    assert_eq!(sim.payloads("bob", Lane::Reliable), [b"one".to_vec(), b"two".to_vec()]);
    for who in ["ann", "bob", "dora", "mic"] {
        sim.leave(who);
    }
    sim.run(secs(1));
    assert_eq!((sim.stats(0).rooms, sim.stats(1).rooms), (0, 0), "nothing is left of it");
}

#[test]
fn a_message_is_from_whose_session_it_came_over_and_from_nobody_else() {
    let mut sim = three(9, Limits::default());
    // There is no field for a sender. What comes nearest to one is the name of a recipient, and the whole of what others are sent.
    sim.say("cem", Lane::Reliable, "t", &["bob"], b"ann");
    sim.say_raw("cem", Lane::Reliable, b"\x01\x00\x01\x03tannfaked".to_vec());
    sim.run(secs(1));
    let from: BTreeSet<&str> = sim.heard("bob").iter().map(|heard| heard.from.as_str()).collect();
    assert_eq!(from, BTreeSet::from(["cem"]));
    assert!(sim.heard("ann").is_empty());
    // A viewer whom nobody introduced is nobody, whatever its page sends.
    assert_eq!(sim.notices("cem"), [Notice::Fault(Fault::Topic)]);
}

#[test]
fn who_sends_too_much_is_told_and_the_others_are_spared() {
    let rates = DataRates { messages_per_s: 10, bytes_per_s: 20_000 };
    let data = DataLimits { rates, ..DataLimits::default() };
    let mut sim = three(10, Limits { data, ..Limits::default() });
    for n in 0..1000 {
        sim.say("ann", Lane::Lossy, "cursor", &[], &numbered(n, 20));
        sim.run(ms(10));
    }
    sim.run(secs(1));
    let from = |who: &str, of: &str| sim.heard(who).iter().filter(|heard| heard.from == of).count();
    // A burst of twenty, and ten a second for ten seconds.
    assert!((115..=121).contains(&from("bob", "ann")), "{}", from("bob", "ann"));
    let told = sim.notices("ann");
    assert!(told.iter().all(|notice| *notice == Notice::TooFast) && (3..=6).contains(&told.len()), "{told:?}");
    assert_eq!(sim.notices("bob"), []);
}

#[test]
fn what_is_wrong_with_a_message_is_said_and_the_channel_goes_on() {
    let mut sim = three(11, Limits::default());
    sim.say("ann", Lane::Reliable, "weir.secret", &[], b"");
    sim.say("ann", Lane::Lossy, "t", &[], &[0; 961]);
    sim.say_raw("ann", Lane::Reliable, vec![9, 9, 9]);
    sim.introduce("cem", "cem", false);
    sim.say("cem", Lane::Reliable, "t", &[], b"may I?");
    sim.say("ann", Lane::Reliable, "t", &[], b"fine");
    sim.run(secs(1));
    let told: Vec<Notice> = sim.notices("ann").to_vec();
    for fault in [Fault::OwnTopic, Fault::TooLarge, Fault::Malformed] {
        assert!(told.contains(&Notice::Fault(fault)), "{told:?}");
    }
    assert_eq!(sim.notices("cem"), [Notice::NotAllowed]);
    assert_eq!(sim.payloads("bob", Lane::Reliable), [b"fine".to_vec()]);
    assert_eq!(sim.payloads("cem", Lane::Reliable), [b"fine".to_vec()], "who may not send still hears");
}

#[test]
fn when_the_way_to_another_worker_is_full_its_people_are_told_that_something_is_missing() {
    let mut sim = three(12, Limits::default());
    sim.say("ann", Lane::Reliable, "t", &[], b"one");
    sim.run(ms(500));
    sim.cram(true);
    sim.say("ann", Lane::Reliable, "t", &[], b"two");
    sim.run(ms(500));
    assert_eq!(sim.notices("bob"), []);
    sim.cram(false);
    sim.run(ms(500));
    assert_eq!(sim.notices("bob"), [Notice::Torn]);
    assert!(!sim.has_channel("bob", Lane::Reliable));
    assert_eq!(sim.payloads("cem", Lane::Reliable), [b"one".to_vec(), b"two".to_vec()]);
    sim.reopen("bob", Lane::Reliable);
    sim.run(ms(500));
    sim.say("ann", Lane::Reliable, "t", &[], b"three");
    sim.run(ms(500));
    assert_eq!(sim.payloads("bob", Lane::Reliable), [b"one".to_vec(), b"three".to_vec()]);
}

#[test]
fn many_messages_to_many_readers_make_the_sound_no_later() {
    let mut sim = Sim::with_limits(13, 2, talkative()).without_trace();
    sim.publish_with(ROOM, "mic", Publish { is_named: true, has_video: false, ..Publish::default() });
    sim.run(ms(500));
    let people: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
    for (n, who) in people.iter().enumerate() {
        sim.talk(n as u8 % 2, ROOM, who);
    }
    sim.run(secs(1));
    for n in 0..100 {
        for who in &people[..10] {
            sim.say(who, Lane::Lossy, "cursor", &[], &numbered(n, 20));
        }
        sim.run(ms(20));
    }
    sim.run(secs(1));
    for who in &people {
        sound_is_whole(&sim, who);
        assert!(sim.viewer(who).track(Kind::Audio).longest_rest < ms(45), "{who}");
    }
    let came: usize = people.iter().map(|who| sim.heard(who).len()).sum();
    assert_eq!(came, 100 * (10 * 39), "on clean lines nothing is lost");
}
