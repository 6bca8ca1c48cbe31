//! How viewers begin, as a node counts it.

use media::check::Fault;
use media::codec::{Codec, Kind};
use media::testing::ParameterSets;
use sim::{Publish, Sim, ms, secs};

#[test]
fn beginnings_out_of_memory_waits_and_idle_viewers_are_counted() {
    let mut sim = Sim::seed(5);
    let silent = Publish { video: Codec::Vp8, keyframe_every: 300, answers_requests: false, ..Publish::default() };
    sim.publish_with("room", "ann", silent);
    sim.run(secs(1));
    sim.watch("room", "first");
    sim.run(secs(5));
    for n in 0..3 {
        sim.watch("room", &format!("late {n}"));
    }
    sim.run(secs(2));
    let stats = sim.stats(0);
    assert!(stats.replays >= 3, "who came late began at once: {}", stats.replays);
    assert_eq!((stats.replays + stats.keyframe_waits, stats.viewers_idle), (4, 0));
    assert_eq!(stats.first_picture.count, 4);
    let before = stats.ring_bytes;
    assert!(before > 100_000, "a few seconds of video: {before}");
    sim.mute("ann", true);
    sim.run(secs(3));
    let stats = sim.stats(0);
    assert_eq!(stats.viewers_idle, 4, "all see the idle screen");
    assert_eq!((stats.replays + stats.keyframe_waits, stats.first_picture.count), (4, 4), "which is no beginning");
    for n in 0..3 {
        assert!(sim.viewer(&format!("late {n}")).track(Kind::Video).report().is_clean());
    }
    sim.leave("ann");
    sim.run(ms(200));
    assert!(sim.stats(0).ring_bytes < before, "and nothing is kept of a source that is gone");
}

/// A picture at once, without a fault, for viewers of H.264 whose parameter sets come like this.
fn late_viewers_can_decode(parameter_sets: ParameterSets) {
    let mut sim = Sim::with_workers(6, 2);
    let publish = Publish {
        video: Codec::H264,
        keyframe_every: 150,
        answers_requests: false,
        parameter_sets,
        ..Publish::default()
    };
    sim.publish_with("room", "ann", publish);
    sim.run(ms(7_700));
    for (worker, who) in [(0, "bob"), (1, "zoe")] {
        sim.watch_on(worker, "room", who);
    }
    sim.run(secs(5));
    for who in ["bob", "zoe"] {
        let track = sim.viewer(who).track(Kind::Video);
        assert!(track.report().is_clean(), "{parameter_sets:?}, {who}: {:?}", track.report());
        assert_eq!((track.steps.lost, track.steps.back, track.steps.torn), (0, 0, 0), "{who}: {:?}", track.steps);
        let waited = track.first_keyframe.expect("a picture") - sim.viewer(who).connected.expect("a connection");
        assert!(waited < ms(30), "{parameter_sets:?}, {who}: {waited:?}");
        assert!(track.report().keyframes >= 2, "{who}");
    }
}

#[test]
fn parameter_sets_that_come_with_each_keyframe_in_one_packet() {
    late_viewers_can_decode(ParameterSets::Aggregated);
}

#[test]
fn parameter_sets_that_come_with_each_keyframe_in_packets_of_their_own() {
    late_viewers_can_decode(ParameterSets::Single);
}

#[test]
fn parameter_sets_that_come_only_once() {
    late_viewers_can_decode(ParameterSets::Once);
}

#[test]
fn parameter_sets_that_come_only_once_survive_a_line_that_loses() {
    let mut sim = Sim::seed(7);
    let parameter_sets = ParameterSets::Once;
    let publish = Publish { video: Codec::H264, keyframe_every: 60, parameter_sets, ..Publish::default() };
    sim.publish_with("room", "ann", publish);
    sim.run(ms(3_100));
    let viewers: Vec<String> = (0..60).map(|n| format!("viewer {n}")).collect();
    for who in &viewers {
        sim.watch("room", who);
    }
    // The clients' stack does not ask for what it loses in its first moments.
    sim.run(secs(1));
    for who in &viewers {
        sim.line(who, sim::profile("5%loss50ms"));
    }
    sim.run(secs(6));
    let (mut without, mut gaps) = (0, 0);
    for who in &viewers {
        let track = sim.viewer(who).track(Kind::Video);
        assert_eq!((track.duplicates, track.corrupt, track.steps.torn), (0, 0, 0), "{who}");
        gaps += track.report().count(Fault::Gap);
        without += track.report().count(Fault::MissingParameterSets);
    }
    assert_eq!(without, 0);
    // Of some 180 packets of sets nine are lost at first. Without their repair each would be a gap.
    assert!(gaps <= 3, "{gaps}");
    assert!(sim.stats(0).repairs > 0);
}
