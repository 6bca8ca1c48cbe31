//! Nothing comes in: viewers see the clip, and the source again when it is back, in one stream.

use media::codec::{Codec, Kind};
use proto::api::Verdict;
use sim::{Publish, Sim, ms, secs};

/// What `who` saw has no fault, and no packet of it was torn from another.
fn is_seamless(sim: &Sim, who: &str) {
    let track = sim.viewer(who).track(Kind::Video);
    assert!(track.report().is_clean(), "{who}: {:?}", track.report());
    assert_eq!((track.steps.lost, track.steps.back, track.steps.torn), (0, 0, 0), "{who}: {:?}", track.steps);
}

fn verdict(sim: &mut Sim, who: &str) -> Verdict {
    let view = sim.look(who);
    view.tracks.into_iter().find(|t| t.kind == proto::api::TrackKind::Video).expect("a video track").verdict
}

#[test]
fn viewers_of_a_publisher_that_falls_silent_see_the_clip_and_then_the_publisher_again() {
    for video in [Codec::Vp8, Codec::H264] {
        let mut sim = Sim::with_workers(1, 2);
        sim.publish_with("room", "ann", Publish { video, ..Publish::default() });
        sim.run(secs(1));
        sim.watch_on(0, "room", "bob");
        sim.watch_on(1, "room", "zoe");
        sim.run(secs(2));
        sim.mute("ann", true);
        sim.run(ms(900));
        assert_ne!(verdict(&mut sim, "bob"), Verdict::IdleClip, "{video}: not yet");
        sim.run(secs(4));
        for who in ["bob", "zoe"] {
            assert_eq!(verdict(&mut sim, who), Verdict::IdleClip, "{video}, {who}");
            let seen = sim.viewer(who).track(Kind::Video);
            let rested = sim.now() - seen.last_arrival.expect("something was seen");
            assert!(rested < ms(400), "{video}, {who}: the clip plays; its last packet came {rested:?} ago");
        }
        sim.mute("ann", false);
        sim.run(ms(600));
        for who in ["bob", "zoe"] {
            assert_eq!(verdict(&mut sim, who), Verdict::Playing, "{video}, {who}");
        }
        sim.run(secs(2));
        for who in ["bob", "zoe"] {
            is_seamless(&sim, who);
            let tags = &sim.viewer(who).track(Kind::Video).tags;
            assert!(tags.len() > 100, "{video}, {who}: and the publisher is seen again");
        }
    }
}

#[test]
fn a_publisher_leaves_and_another_comes_with_the_clip_in_between() {
    let mut sim = Sim::seed(2);
    sim.publish("room", "ann");
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.run(secs(2));
    sim.leave("ann");
    sim.run(secs(3));
    assert_eq!(verdict(&mut sim, "bob"), Verdict::IdleClip);
    sim.publish("room", "eve");
    sim.run(ms(300));
    assert_eq!(verdict(&mut sim, "bob"), Verdict::Playing, "within 300 ms of its first keyframe");
    sim.run(secs(2));
    is_seamless(&sim, "bob");
}

#[test]
fn a_publisher_that_is_back_within_a_second_is_seen_again_without_the_clip() {
    let mut sim = Sim::seed(3);
    sim.publish("room", "ann");
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.run(secs(2));
    sim.leave("ann");
    sim.run(ms(500));
    sim.publish("room", "ann again");
    sim.run(ms(300));
    assert_eq!(verdict(&mut sim, "bob"), Verdict::Playing);
    sim.run(secs(2));
    is_seamless(&sim, "bob");
    assert_eq!(sim.viewer("bob").track(Kind::Video).report().keyframes, 2, "one at the join, one at the return");
}

#[test]
fn a_codec_that_the_viewer_did_not_negotiate_ends_its_session_with_the_reason() {
    let mut sim = Sim::seed(4);
    sim.publish_with("room", "ann", Publish { video: Codec::H264, ..Publish::default() });
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.run(secs(1));
    sim.leave("ann");
    sim.publish_with("room", "ann again", Publish { video: Codec::Vp8, ..Publish::default() });
    sim.run(secs(1));
    let ended = sim.stats(0).ended[engine::EndReason::CodecChanged as usize];
    assert_eq!(ended, 1);
}

#[test]
fn a_room_in_which_somebody_speaks_without_a_camera_lacks_nothing() {
    let mut sim = Sim::seed(5);
    sim.publish_with("room", "ann", Publish { has_video: false, ..Publish::default() });
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.run(secs(4));
    assert_eq!(verdict(&mut sim, "bob"), Verdict::NoSource);
    assert!(sim.viewer("bob").track(Kind::Audio).tags.len() > 150);
    sim.mute("ann", true);
    sim.run(secs(3));
    assert_eq!(verdict(&mut sim, "bob"), Verdict::IdleClip, "now nothing comes at all");
}
