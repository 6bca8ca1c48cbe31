//! A picture at once: what a viewer gets who joins in the midst of a long group of pictures.

use std::time::Duration;

use engine::Limits;
use engine::gop::{self, Policy};
use media::codec::{Codec, Kind};
use sim::{Publish, Sim, ms, secs};

/// A keyframe each ten seconds, and none on request: whoever is seen at once is seen from memory.
fn stubborn(video: Codec) -> Publish {
    Publish { video, keyframe_every: 300, answers_requests: false, ..Publish::default() }
}

fn first_picture(sim: &Sim, who: &str) -> Duration {
    let viewer = sim.viewer(who);
    viewer.track(Kind::Video).first_keyframe.expect("a picture") - viewer.connected.expect("a connection")
}

fn is_seamless(sim: &Sim, who: &str) {
    let track = sim.viewer(who).track(Kind::Video);
    assert!(track.report().is_clean(), "{who}: {:?}", track.report());
    assert_eq!((track.steps.lost, track.steps.back, track.steps.torn), (0, 0, 0), "{who}: {:?}", track.steps);
}

#[test]
fn a_picture_comes_at_once_on_every_worker_and_nobody_asks_the_publisher() {
    for video in [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1] {
        let mut sim = Sim::with_workers(1, 3);
        sim.publish_with("room", "ann", stubborn(video));
        sim.run(ms(7_700));
        let before = sim.stats(0).keyframe_requests_out;
        for worker in 0..3 {
            sim.watch_on(worker, "room", &format!("viewer {worker}"));
            sim.watch_on(worker, "room", &format!("another {worker}"));
        }
        sim.run(secs(6));
        for worker in 0..3 {
            for who in [format!("viewer {worker}"), format!("another {worker}")] {
                let waited = first_picture(&sim, &who);
                assert!(waited < ms(30), "{video}, {who}: {waited:?}");
                is_seamless(&sim, &who);
            }
        }
        assert_eq!(sim.stats(0).keyframe_requests_out, before, "{video}");
    }
}

#[test]
fn who_catches_up_is_live_soon_and_its_clock_says_so() {
    let mut sim = Sim::with_workers(2, 2);
    sim.publish_with("room", "ann", stubborn(Codec::Vp8));
    sim.run(secs(1));
    sim.watch_on(0, "room", "early");
    sim.run(ms(7_500));
    sim.watch_on(0, "room", "late");
    sim.watch_on(1, "room", "elsewhere");
    let joined = sim.now();
    sim.run(ms(3_000));
    let newest = |sim: &Sim, who: &str| sim.viewer(who).track(Kind::Video).tags.last().expect("packets").counter;
    for who in ["late", "elsewhere"] {
        assert!(newest(&sim, who).abs_diff(newest(&sim, "early")) <= 4, "{who} is live");
        // As much media time has passed for it as time has: a decoder that goes by timestamps is not left behind.
        let track = sim.viewer(who).track(Kind::Video);
        let media = Duration::from_secs_f64(f64::from(track.media_ticks()) / 90_000.0);
        let real = sim.now() - joined;
        assert!(media.abs_diff(real) < ms(120), "{who}: {media:?} of media in {real:?}");
        is_seamless(&sim, who);
    }
}

#[test]
fn who_leaves_while_catching_up_has_a_moment_to_show_what_came() {
    let mut sim = Sim::with_workers(6, 2);
    sim.publish_on(0, "a", "ann", stubborn(Codec::Vp8));
    sim.publish_on(1, "b", "ben", stubborn(Codec::Vp8));
    sim.run(ms(4_000));
    sim.watch_on(0, "a", "bob");
    sim.run(ms(500));
    for n in 0..40 {
        sim.switch("bob", ["b", "a"][n % 2]);
        sim.run(ms(60 + n as u64));
    }
    sim.run(secs(4));
    is_seamless(&sim, "bob");
    let pictures = &sim.viewer("bob").track(Kind::Video).pictures;
    let (mut switches, mut densest) = (0, 0);
    for (n, pair) in pictures.windows(2).enumerate() {
        let rest = pair[1].at - pair[0].at;
        let of_media = Duration::from_secs_f64(f64::from(pair[1].time.wrapping_sub(pair[0].time)) / 90_000.0);
        assert!(of_media.abs_diff(rest) < ms(15), "picture {n}: {of_media:?} of media in {rest:?}");
        if pair[1].stream != pair[0].stream {
            switches += 1;
            assert!(rest >= ms(20) && rest < ms(40), "the keyframe came {rest:?} after what was in a hurry");
        }
        densest = densest.max(pictures[n..].iter().take_while(|later| later.at - pair[0].at < ms(100)).count());
    }
    assert_eq!(switches, 40);
    // Thirty a second, five times as fast.
    assert!((14..=17).contains(&densest), "{densest} pictures in 100 ms");
}

#[test]
fn what_is_lost_of_a_replay_is_repaired() {
    let mut sim = Sim::seed(3);
    sim.publish_with("room", "ann", stubborn(Codec::Vp8));
    sim.run(ms(8_500));
    sim.watch("room", "bob");
    sim.line("bob", sim::profile("wifi"));
    sim.run(secs(6));
    let track = sim.viewer("bob").track(Kind::Video);
    assert_eq!((track.steps.lost, track.steps.torn, track.duplicates), (0, 0, 0), "{:?}", track.steps);
    assert!(sim.stats(0).repairs > 0, "the line lost something");
}

#[test]
fn a_group_that_is_too_old_is_not_replayed_and_one_request_goes_out_for_all() {
    let mut sim = Sim::seed(4);
    sim.publish_with("room", "ann", Publish { keyframe_every: 1000, ..Publish::default() });
    sim.run(secs(14));
    let before = sim.stats(0).keyframe_requests_out;
    for n in 0..20 {
        sim.watch("room", &format!("viewer {n}"));
    }
    sim.run(secs(1));
    for n in 0..20 {
        assert!(first_picture(&sim, &format!("viewer {n}")) < ms(150));
        is_seamless(&sim, &format!("viewer {n}"));
    }
    assert!((1..=2).contains(&(sim.stats(0).keyframe_requests_out - before)));
}

#[test]
fn a_switch_to_a_room_without_a_fresh_keyframe_shows_the_old_one_until_it_comes() {
    let mut sim = Sim::seed(5);
    sim.publish("a", "ann");
    sim.publish_with("b", "ben", Publish { keyframe_every: 900, ..Publish::default() });
    sim.run(secs(14));
    sim.watch("a", "bob");
    sim.run(secs(2));
    sim.switch("bob", "b");
    sim.run(secs(2));
    is_seamless(&sim, "bob");
    let track = sim.viewer("bob").track(Kind::Video);
    assert_eq!(track.steps.splices, 1);
    assert!(track.longest_rest < ms(60), "nothing was shown for {:?}", track.longest_rest);
}

fn with_policy(seed: u64, policy: Policy) -> Sim {
    let gop = gop::Limits { policy, ..gop::Limits::default() };
    Sim::with_limits(seed, 1, Limits { gop, ..Limits::default() })
}

#[test]
fn whoever_prefers_a_cut_sees_the_past_as_it_was_and_then_the_next_keyframe_live() {
    let mut sim = with_policy(6, Policy::Cut);
    sim.publish_with("room", "ann", Publish { keyframe_every: 150, ..stubborn(Codec::Vp8) });
    sim.run(secs(3));
    sim.watch("room", "early");
    sim.run(secs(5));
    sim.watch("room", "late");
    sim.run(secs(1));
    let newest = |sim: &Sim, who: &str| sim.viewer(who).track(Kind::Video).tags.last().expect("packets").counter;
    let behind = newest(&sim, "early") - newest(&sim, "late");
    assert!(behind > 60, "it is {behind} packets behind");
    assert!(first_picture(&sim, "late") < ms(30));
    sim.run(secs(6));
    assert_eq!(newest(&sim, "early"), newest(&sim, "late"), "and live since the next keyframe");
    is_seamless(&sim, "late");
    assert_eq!(sim.viewer("late").track(Kind::Video).steps.splices, 1);
}

#[test]
fn without_memory_a_viewer_waits_for_a_keyframe_that_is_asked_for() {
    let mut sim = with_policy(7, Policy::Off);
    sim.publish("room", "ann");
    sim.run(secs(3));
    let before = sim.stats(0).keyframe_requests_out;
    sim.watch("room", "bob");
    sim.run(secs(1));
    assert_eq!(sim.stats(0).keyframe_requests_out, before + 1);
    is_seamless(&sim, "bob");
}

#[test]
fn a_move_to_a_room_that_nobody_here_watches_is_seen_at_once_and_so_is_the_way_back() {
    let mut sim = Sim::with_workers(8, 2);
    for (room, who) in [("a", "ann"), ("b", "ben")] {
        sim.publish_on(0, room, who, Publish { keyframe_every: 300, ..stubborn(Codec::Vp8) });
    }
    // So that the last keyframes are older than what counts as silence when the move comes.
    sim.run(ms(5_500));
    sim.watch_on(1, "a", "bob");
    sim.run(ms(1_310));
    let asked = sim.stats(0).keyframe_requests_out;
    let stream = |sim: &Sim| sim.viewer("bob").track(Kind::Video).tags.last().expect("packets").stream;
    let before = stream(&sim);
    sim.switch("bob", "b");
    sim.run(ms(40));
    assert_ne!(stream(&sim), before);
    // Until nobody here wants the first room any more, and then back, in the same group of pictures.
    sim.run(ms(1_150));
    sim.switch("bob", "a");
    sim.run(ms(40));
    assert_eq!(stream(&sim), before);
    sim.run(secs(3));
    is_seamless(&sim, "bob");
    assert_eq!(sim.stats(0).keyframe_requests_out, asked, "what is remembered elsewhere is not asked for");
}
