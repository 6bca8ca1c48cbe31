//! How viewers begin, as a node counts it.

use media::codec::{Codec, Kind};
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
