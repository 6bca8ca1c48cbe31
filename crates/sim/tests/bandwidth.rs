//! What a viewer's line carries decides what it is sent, and nobody else notices.

use std::time::{Duration, Instant};

use media::codec::Kind;
use netsim::Profile;
use proto::LayerChoice;
use proto::api::Verdict;
use sim::{Publish, Sim, ms, secs};

fn line(text: &str) -> Profile {
    text.parse().expect("a line of the network model")
}

/// 1,600, 400 and 100 kbit/s.
fn simulcast() -> Publish {
    Publish { layers: vec!["h", "m", "l"], kbps: 1600, ..Publish::default() }
}

/// The layer on show: the lowest byte of a stream's number says which it is.
fn shown(sim: &Sim, who: &str) -> u32 {
    sim.viewer(who).track(Kind::Video).tags.last().expect("a picture").stream & 0xff
}

#[test]
fn a_line_that_gets_narrow_gets_a_smaller_layer_and_the_best_one_back() {
    for (worker, seed) in [(0, 1), (1, 2), (0, 3)] {
        let mut sim = Sim::with_workers(seed, 2);
        sim.publish_with("room", "ann", simulcast());
        sim.run(secs(3));
        sim.watch_on(worker, "room", "bob");
        sim.watch_on(worker, "room", "zoe");
        sim.run(secs(5));
        assert_eq!((shown(&sim, "bob"), shown(&sim, "zoe")), (0, 0));

        sim.line("bob", line("delay=20ms,rate=700kbps,queue=300ms"));
        sim.run(secs(6));
        assert_ne!(shown(&sim, "bob"), 0, "seed {seed}: 1,600 kbit/s do not fit into 700");
        let before = sim.viewer("bob").track(Kind::Video).tags.len();
        sim.run(secs(10));
        let video = sim.viewer("bob").track(Kind::Video);
        assert!(
            video.tags.len() - before > 250,
            "seed {seed}: and the smaller layer goes on: {}",
            video.tags.len() - before
        );

        sim.line("bob", line("delay=20ms"));
        sim.run(secs(15));
        assert_eq!(shown(&sim, "bob"), 0, "seed {seed}: the line is wide again");
        let audio = sim.viewer("bob").track(Kind::Audio);
        assert!(
            audio.missing() * 20 < audio.tags.len(),
            "seed {seed}: audio is not starved: {} missing",
            audio.missing()
        );
        sim.sees_everything("zoe");
    }
}

/// 2,500, 625 and 156 kbit/s, and no keyframe that nobody asked for.
fn large_simulcast() -> Publish {
    Publish { layers: vec!["h", "m", "l"], kbps: 2500, keyframe_every: 0, ..Publish::default() }
}

/// A line of 5 Mbit/s falls to 0.4 for 20 s, where a router queues `queue_ms`. Says when it fell and when it came back.
fn fall_and_rise(sim: &mut Sim, who: &str, queue_ms: u32) -> (Instant, Instant) {
    let at = |rate: &str| line(&format!("delay=20ms,rate={rate},queue={queue_ms}ms"));
    let fell = sim.now();
    sim.line(who, at("400kbps"));
    sim.run(secs(20));
    let rose = sim.now();
    sim.line(who, at("5mbps"));
    sim.run(secs(12));
    (fell, rose)
}

#[test]
fn a_line_that_falls_to_a_twelfth_freezes_for_less_than_half_a_second_and_gets_the_best_layer_back() {
    let (mut stills, mut seed) = (Vec::new(), 0);
    for queue_ms in [200, 250, 300] {
        // At any moment between two frames, and between two reports of the viewer.
        for fall_ms in [0, 7, 14, 21, 28, 250, 611, 900] {
            seed += 1;
            // On the publisher's worker; and on another one, which is told first what the small layer has sent since its last keyframe.
            let workers = 1 + (seed % 2) as u8;
            let mut sim = Sim::with_workers(seed, workers);
            let keyframe_every = if workers > 1 { 100 } else { 0 };
            sim.publish_with("room", "ann", Publish { keyframe_every, ..large_simulcast() });
            sim.run(ms(100));
            sim.watch("room", "zoe");
            sim.run(secs(3));
            sim.watch_on(workers - 1, "room", "bob");
            sim.run(secs(5));
            sim.line("bob", line("delay=20ms,rate=5mbps,queue=250ms"));
            sim.run(secs(7) + ms(fall_ms));
            assert_eq!(shown(&sim, "bob"), 0);
            let (fell, rose) = fall_and_rise(&mut sim, "bob", queue_ms);
            let video = sim.viewer("bob").track(Kind::Video);
            let (still, small) = (video.longest_still(fell), video.first_of(2, fell).unwrap_or(Duration::MAX));
            let best = video.first_of(0, rose).unwrap_or(Duration::MAX);
            println!("seed {seed}, {queue_ms} ms: still {still:?}, small after {small:?}, best after {best:?}");
            stills.push(still);
            assert!(small < ms(700), "seed {seed}: the smallest layer is there after {small:?}");
            assert!(best < secs(8), "seed {seed}: the best layer is back after {best:?}");
            assert_eq!(sim.stats(0).drops.get(engine::Drop::HeldTooLong), 0);
            sim.sees_everything("zoe");
        }
    }
    stills.sort();
    let (median, most) = (stills[stills.len() / 2], stills[stills.len() - 1]);
    println!("still: median {median:?}, at most {most:?}");
    assert!(median < ms(330) && most < ms(500), "{stills:?}");
}

#[test]
fn who_gets_another_layer_from_another_worker_goes_on_with_what_is_live() {
    for (seed, layer) in [(41, "m"), (42, "l"), (43, "m"), (44, "l")] {
        let mut sim = Sim::with_workers(seed, 2);
        sim.publish_with("room", "ann", Publish { keyframe_every: 150, ..large_simulcast() });
        sim.run(secs(3));
        sim.watch_on(1, "room", "bob");
        // The layer has sent nearly a whole group of pictures that this worker has not been told of.
        sim.run(secs(6) + ms(500));
        let asked = sim.now();
        let choice = LayerChoice { rid: Some(layer.into()), ..LayerChoice::default() };
        sim.choose("bob", choice).expect("a layer that is sent");
        sim.run(secs(2));
        let video = sim.viewer("bob").track(Kind::Video);
        let index = if layer == "m" { 1 } else { 2 };
        let after = video.first_of(index, asked).expect("the layer is there");
        assert!(after < ms(400), "seed {seed}: after {after:?}");
        let since = asked + after;
        let shown = video.pictures.iter().filter(|p| p.at >= since && p.at < since + secs(1)).count();
        assert!((28..=32).contains(&shown), "seed {seed}: {shown} pictures in a second of thirty");
    }
}

#[test]
fn who_asks_why_hears_what_the_line_carries_and_what_it_would_take() {
    let mut sim = Sim::seed(31);
    sim.publish_with("room", "ann", large_simulcast());
    sim.run(secs(3));
    sim.watch("room", "bob");
    sim.run(secs(5));
    let verdict = |sim: &mut Sim| {
        let tracks = sim.look("bob").tracks;
        tracks.into_iter().find(|track| track.codec == "VP8").map(|track| track.verdict)
    };
    assert_eq!(verdict(&mut sim), Some(Verdict::Playing));
    sim.line("bob", line("delay=20ms,rate=400kbps,queue=250ms"));
    sim.run(secs(10));
    match verdict(&mut sim) {
        Some(Verdict::PausedForBandwidth { needs_kbps, has_kbps }) => {
            assert!((250..450).contains(&has_kbps), "the line carries {has_kbps}");
            assert!((2_500..4_000).contains(&needs_kbps), "the best layer needs {needs_kbps}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_layer_that_its_publisher_had_stopped_is_back_for_good_when_the_line_is_wide_again() {
    for seed in 1..=8 {
        let mut sim = Sim::seed(seed);
        sim.publish_with("room", "ann", Publish { is_thrifty: true, ..large_simulcast() });
        sim.run(secs(3));
        sim.watch("room", "bob");
        sim.run(secs(12) + ms(111 * seed));
        let (_, rose) = fall_and_rise(&mut sim, "bob", 250);
        let video = sim.viewer("bob").track(Kind::Video);
        let best = video.first_of(0, rose).unwrap_or(Duration::MAX);
        assert!(best < secs(10), "seed {seed}: the best layer is back after {best:?}");
        // In the second in which it goes on, it has been measured to be small.
        let lost = video.pictures.iter().find(|picture| picture.at > rose + best && picture.stream & 0xff != 0);
        assert!(lost.is_none(), "seed {seed}: and given up again {:?} later", lost.map(|lost| lost.at - rose - best));
    }
}

#[test]
fn a_keyframe_does_not_flood_a_line_that_just_carries_the_stream() {
    let mut sim = Sim::seed(5);
    sim.publish_with("room", "ann", Publish { kbps: 800, keyframe_every: 60, ..Publish::default() });
    sim.run(secs(2));
    sim.watch("room", "bob");
    // The keyframes are several times a frame: in one burst they would not fit into 40 ms of queue.
    sim.line("bob", line("delay=15ms,rate=1300kbps,queue=40ms"));
    sim.run(secs(10));
    let before = sim.stats(0).nacks;
    sim.run(secs(30));
    let lost = sim.stats(0).nacks - before;
    // Sent in bursts they cost more than 400.
    assert!(lost < 100, "15 keyframes cost {lost} packets");
    assert_eq!(sim.stats(0).drops.get(engine::Drop::HeldTooLong), 0);
}

#[test]
fn a_stream_with_one_layer_goes_on_whatever_the_line_says() {
    let mut sim = Sim::seed(6);
    sim.publish_with("room", "ann", Publish { kbps: 2000, ..Publish::default() });
    sim.run(secs(2));
    sim.watch("room", "bob");
    sim.watch("room", "zoe");
    sim.line("bob", line("delay=20ms,rate=500kbps,queue=200ms"));
    sim.run(secs(20));
    let (_, repairs) = sim.video_sent("bob");
    // A quarter of the line would be 312 kB; a fifth of the stream is a megabyte.
    assert!(repairs < 400_000, "{} bytes of repairs on a line that is full", repairs);
    sim.line("bob", line("delay=20ms"));
    sim.run(secs(5));
    let before = sim.viewer("bob").track(Kind::Video).tags.len();
    sim.run(secs(5));
    let after = sim.viewer("bob").track(Kind::Video).tags.len();
    assert!(after - before > 5 * 30 * 5, "five packets and more of each frame come again: {}", after - before);
    sim.sees_everything("zoe");
}

#[test]
fn more_is_looked_for_only_when_somebody_could_use_it() {
    let mut sim = Sim::seed(7);
    sim.publish_with("room", "ann", Publish { kbps: 300, ..Publish::default() });
    sim.run(secs(2));
    sim.watch("room", "bob");
    sim.run(secs(30));
    let stats = sim.stats(0);
    assert!(
        stats.probe_bytes * 50 < stats.bytes_out,
        "{} bytes of probes beside {}",
        stats.probe_bytes,
        stats.bytes_out
    );
    sim.sees_everything("bob");

    // The estimate begins at 1 Mbit/s; 2.5 Mbit/s are there to be had.
    let mut sim = Sim::seed(8);
    sim.publish_with("room", "ann", Publish { layers: vec!["h", "l"], kbps: 2500, ..Publish::default() });
    sim.run(secs(3));
    sim.watch("room", "bob");
    sim.run(secs(4));
    let before = sim.stats(0).probe_bytes;
    assert!(before > 0);
    assert_eq!(shown(&sim, "bob"), 0);
    sim.run(secs(60));
    let more = sim.stats(0).probe_bytes - before;
    assert!(more < 400_000, "a line that carries everything is left alone: {more} bytes of probes in a minute");
    sim.sees_everything("bob");
}

#[test]
fn a_viewer_that_gets_nothing_through_costs_little_and_comes_back() {
    let mut sim = Sim::seed(9);
    sim.publish("room", "ann");
    sim.run(secs(2));
    sim.watch("room", "bob");
    sim.watch("room", "zoe");
    sim.run(secs(3));
    sim.line("bob", line("partition"));
    sim.run(secs(8));
    sim.line("bob", line("delay=10ms"));
    sim.run(secs(4));
    let before = sim.viewer("bob").track(Kind::Video).tags.len();
    sim.run(ms(1000));
    assert!(sim.viewer("bob").track(Kind::Video).tags.len() > before + 60);
    sim.sees_everything("zoe");
}
