//! The first scenarios: publish and watch, on a good line and a bad one, on one worker and across two.

use media::check::Fault;
use media::codec::{Codec, Kind};
use sim::{Publish, Sim, ms, profile, secs};

#[test]
fn a_viewer_sees_what_is_published_packet_by_packet() {
    for video in [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1] {
        let mut sim = Sim::seed(1);
        sim.publish_with("room", "ann", Publish { video, ..Publish::default() });
        sim.run(secs(1));
        sim.watch("room", "bob");
        sim.run(secs(4));
        sim.sees_everything("bob");
        let bob = sim.viewer("bob");
        assert!(bob.track(Kind::Video).report().frames > 90, "{video}: {:?}", bob.track(Kind::Video).report());
        assert!(bob.track(Kind::Audio).tags.len() > 180);
    }
}

#[test]
fn a_keyframe_larger_than_a_burst_comes_whole_and_in_order() {
    for video in [Codec::Vp8, Codec::H264] {
        let mut sim = Sim::with_workers(12, 2);
        sim.publish_with("room", "ann", Publish { video, kbps: 6000, ..Publish::default() });
        sim.run(secs(1));
        sim.watch_on(0, "room", "bob");
        sim.watch_on(1, "room", "zoe");
        sim.run(secs(3));
        for (worker, who) in [(0, "bob"), (1, "zoe")] {
            sim.sees_everything(who);
            assert_eq!(sim.stats(worker).drops.get(engine::Drop::SealedTwice), 0);
        }
    }
}

#[test]
fn a_late_viewer_gets_a_picture_by_one_keyframe_request() {
    let mut sim = Sim::seed(2);
    sim.publish("room", "ann");
    sim.run(secs(4));
    let before = sim.stats(0).keyframe_requests_out;
    for i in 0..20 {
        sim.watch("room", &format!("viewer {i}"));
    }
    sim.run(secs(2));
    for i in 0..20 {
        let bob = sim.viewer(&format!("viewer {i}"));
        let waited = bob.track(Kind::Video).first_keyframe.expect("a picture") - bob.connected.unwrap();
        assert!(waited < ms(150), "a keyframe took {waited:?}");
        sim.sees_everything(&format!("viewer {i}"));
    }
    assert!(sim.stats(0).keyframe_requests_out - before <= 2);
}

#[test]
fn five_percent_loss_and_fifty_milliseconds_are_repaired_on_both_sides() {
    let mut sim = Sim::seed(3);
    sim.publish("room", "ann");
    sim.line("ann", profile("5%loss50ms"));
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.line("bob", profile("5%loss50ms"));
    sim.run(secs(20));
    let video = sim.viewer("bob").track(Kind::Video);
    let report = video.report();
    let lost = report.count(Fault::Gap) + report.count(Fault::IncompleteFrame);
    assert!(lost * 200 < report.packets, "more than 0.5 % was not repaired: {report:?}");
    assert_eq!((video.duplicates, video.corrupt), (0, 0));
    assert!(sim.stats(0).repairs > 50);
    // Audio has no retransmission: what was lost on two lines is lost, and nothing else is.
    let audio = sim.viewer("bob").track(Kind::Audio);
    assert!(audio.missing() * 100 < audio.tags.len() * 15);
    assert_eq!((audio.duplicates, audio.corrupt), (0, 0));
}

#[test]
fn a_publisher_leaves_and_comes_back_and_its_viewers_go_on() {
    let mut sim = Sim::seed(4);
    sim.publish("room", "ann");
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.run(secs(3));
    sim.leave("ann");
    sim.run(secs(5));
    sim.publish("room", "ann again");
    sim.run(secs(3));
    sim.sees_everything("bob");
    let streams: std::collections::BTreeSet<u32> =
        sim.viewer("bob").track(Kind::Video).tags.iter().map(|t| t.stream).collect();
    assert_eq!(streams.len(), 2, "both publications were seen, in one continuous stream");
}

#[test]
fn a_room_spans_workers() {
    let mut sim = Sim::with_workers(5, 3);
    sim.publish("room", "ann");
    sim.run(secs(2));
    for worker in 0..3 {
        sim.watch_on(worker, "room", &format!("viewer {worker}"));
    }
    sim.run(secs(4));
    for worker in 0..3 {
        sim.sees_everything(&format!("viewer {worker}"));
    }
    // Pull, never push: nobody watches, nothing crosses.
    for worker in 0..3 {
        sim.leave(&format!("viewer {worker}"));
    }
    sim.run(secs(2));
    let before = sim.stats(0).records_out;
    sim.run(secs(2));
    assert_eq!(sim.stats(0).records_out, before);
    sim.leave("ann");
    sim.run(secs(1));
    for worker in 0..3 {
        let stats = sim.stats(worker);
        assert_eq!((stats.rooms, stats.sources, stats.addresses), (0, 0, 0), "worker {worker}");
    }
}

#[test]
fn a_viewer_of_a_room_without_publisher_is_told_to_come_back() {
    let mut sim = Sim::seed(6);
    assert_eq!(sim.try_watch_on(0, "room", "bob"), Err(engine::Refusal::NotLive));
}

#[test]
fn a_second_publisher_waits_until_the_first_is_silent() {
    let mut sim = Sim::seed(7);
    sim.publish("room", "ann");
    sim.run(secs(3));
    assert!(matches!(sim.try_publish("room", "eve"), Err(engine::Refusal::Occupied(_))));
    sim.watch("room", "bob");
    sim.run(secs(1));
    sim.mute("ann", true);
    sim.run(ms(1900));
    assert!(sim.try_publish("room", "eve").is_err());
    sim.run(ms(300));
    sim.publish("room", "eve");
    sim.run(secs(2));
    sim.sees_everything("bob");
    assert_eq!(sim.stats(0).publishers, 1);
}

#[test]
fn who_vanishes_is_forgotten_when_its_consent_has_expired() {
    let mut sim = Sim::seed(8);
    sim.publish("room", "ann");
    sim.run(secs(2));
    sim.watch("room", "bob");
    sim.run(secs(2));
    sim.vanish("bob");
    sim.run(secs(25));
    assert_eq!(sim.stats(0).viewers, 1);
    sim.run(secs(7));
    assert_eq!(sim.stats(0).viewers, 0);
    sim.vanish("ann");
    sim.run(secs(32));
    let stats = sim.stats(0);
    assert_eq!((stats.publishers, stats.rooms, stats.sources, stats.addresses), (0, 0, 0, 0));
}

#[test]
fn simulcast_viewers_get_the_best_layer_and_another_while_it_stops() {
    for (worker, seed) in (0..12).map(|i| (i % 2, u64::from(i))) {
        let mut sim = Sim::with_workers(seed, 2);
        let publish = Publish { layers: vec!["h", "m", "l"], kbps: 1600, ..Publish::default() };
        sim.publish_with("room", "ann", publish);
        sim.run(secs(3));
        sim.watch_on(worker, "room", "bob");
        sim.run(secs(4));
        sim.stop_layer("ann", "h");
        sim.run(secs(5));
        sim.resume_layer("ann", "h");
        sim.run(secs(5));

        let bob = sim.viewer("bob");
        let video = bob.track(Kind::Video);
        assert!(video.report().is_clean(), "{:?}", video.report());
        assert_eq!((video.duplicates, video.corrupt), (0, 0));
        // Which layers were shown, in order: the lowest byte of a stream's number says which it is.
        let mut shown: Vec<u32> = video.tags.iter().map(|t| t.stream & 0xff).collect();
        shown.dedup();
        assert_eq!(shown, [0, 1, 0], "on worker {worker}");
        assert!(video.report().frames > 14 * 30 - 80, "{:?}", video.report());
    }
}

#[test]
fn one_seed_is_one_run() {
    let trace = |seed| {
        let mut sim = Sim::with_workers(seed, 2);
        sim.publish("room", "ann");
        sim.run(secs(1));
        sim.watch_on(1, "room", "bob");
        sim.run(secs(1));
        sim.line("bob", profile("5%loss50ms"));
        sim.run(secs(5));
        sim.trace().to_vec()
    };
    let first = trace(10);
    assert!(first.len() > 500);
    assert_eq!(first, trace(10));
    assert_ne!(first, trace(11));
}
