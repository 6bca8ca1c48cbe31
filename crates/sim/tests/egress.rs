//! What leaves us: how much of it when a line eats everything, and whether it stays one stream for hours.

use media::check::Fault;
use media::codec::Kind;
use netsim::Profile;
use sim::{Publish, Sim, ms, profile, secs};

/// What a viewer may have repaired before anything was sent, as `engine`'s downlink has it.
const FIRST_ALLOWANCE_BYTES: u64 = 64 * 1024;

fn line(terms: &str) -> Profile {
    terms.parse().expect("a profile")
}

fn costs_no_more_than_a_fifth(sim: &Sim, who: &str) {
    let (stream, repairs) = sim.video_sent(who);
    assert!(repairs <= stream / 5 + FIRST_ALLOWANCE_BYTES, "{who}: {repairs} bytes of repairs for {stream} of stream");
}

#[test]
fn a_viewer_who_receives_nothing_for_ten_seconds_causes_no_storm() {
    for (seed, weather) in [(1, "delay=20ms,loss=100%"), (2, "delay=20ms,loss=70%"), (3, "delay=20ms,bursts=50%x40")] {
        let mut sim = Sim::seed(seed);
        sim.publish("room", "ann");
        sim.run(secs(1));
        for who in ["bob", "eve"] {
            sim.watch("room", who);
        }
        sim.run(secs(3));
        sim.way_down("eve", line(weather));
        sim.run(secs(10));
        costs_no_more_than_a_fifth(&sim, "eve");
        sim.way_down("eve", line("delay=20ms"));
        let shown = sim.viewer("eve").track(Kind::Video).report().frames;
        sim.run(secs(5));
        costs_no_more_than_a_fifth(&sim, "eve");
        let eve = sim.viewer("eve").track(Kind::Video);
        assert_eq!((eve.duplicates, eve.corrupt), (0, 0));
        assert!(eve.report().frames > shown + 100, "the picture is back: {:?}", eve.report());
        sim.sees_everything("bob");
    }
}

#[test]
fn a_viewer_who_asks_for_everything_again_and_again_gets_a_fifth_at_most() {
    let mut sim = Sim::with_workers(4, 2);
    sim.publish("room", "ann");
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.watch_on(1, "room", "zoe");
    sim.watch("room", "eve");
    sim.run(secs(3));
    sim.way_down("eve", line("delay=20ms,loss=100%"));
    for _ in 0..100 {
        sim.nack_everything("eve");
        sim.run(ms(100));
    }
    let repaired = sim.stats(0).repairs;
    costs_no_more_than_a_fifth(&sim, "eve");
    let (stream, repairs) = sim.video_sent("eve");
    assert!(repairs > stream / 10, "she was heard: {repairs} bytes of repairs for {stream} of stream");
    assert!(sim.stats(0).drops.get(engine::Drop::RepairBudget) > 10 * repaired);
    for who in ["bob", "zoe"] {
        sim.sees_everything(who);
        let (stream, repairs) = sim.video_sent(who);
        assert!(
            repairs < stream / 20,
            "{who} needed no repair; probes of the line are {repairs} bytes beside {stream}"
        );
    }
    assert_eq!(sim.stats(0).drops.get(engine::Drop::SealedTwice), 0);
}

#[test]
fn numbers_roll_over_under_viewers_who_were_there_and_who_come_after() {
    let mut sim = Sim::with_workers(5, 2).without_trace();
    // The publisher's own numbers roll over after some seconds and then every seven minutes; a viewer's in between.
    sim.publish_with("room", "ann", Publish { first_seq: 65_000, kbps: 1200, ..Publish::default() });
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.watch_on(1, "room", "zoe");
    sim.run(secs(1));
    assert!(sim.published("ann").0 < 500, "it lies ahead");
    sim.line("zoe", profile("5%loss50ms"));
    sim.run(secs(10));
    assert!(sim.published("ann").0 > 600, "and is over");
    sim.watch("room", "late");
    sim.run(secs(600));
    for who in ["bob", "late"] {
        sim.sees_everything(who);
        assert!(sim.viewer(who).track(Kind::Video).seq_rollovers >= 1, "{who}");
    }
    let zoe = sim.viewer("zoe").track(Kind::Video);
    assert!(zoe.seq_rollovers >= 1);
    assert_eq!((zoe.duplicates, zoe.corrupt), (0, 0));
    assert!(zoe.missing() * 200 < zoe.tags.len(), "{} of {} packets not repaired", zoe.missing(), zoe.tags.len());
    assert!(sim.stats(1).repairs > 1000);
    costs_no_more_than_a_fifth(&sim, "zoe");
    for worker in 0..2 {
        assert_eq!(sim.stats(worker).drops.get(engine::Drop::SealedTwice), 0);
    }
}

#[test]
fn bursts_of_loss_on_a_line_that_reorders_are_repaired() {
    for seed in 10..16 {
        let mut sim = Sim::seed(seed);
        sim.publish("room", "ann");
        sim.run(secs(1));
        sim.watch("room", "bob");
        // The client's stack drops whatever its very first packet overtook, which no server can mend.
        sim.run(secs(1));
        sim.line("bob", line("delay=30ms,jitter=15ms,reorder,bursts=5%x4"));
        sim.run(secs(30));
        let video = sim.viewer("bob").track(Kind::Video);
        let report = video.report();
        assert_eq!((video.duplicates, video.corrupt), (0, 0));
        let holes = report.count(Fault::Gap) + report.count(Fault::IncompleteFrame);
        assert!(holes * 100 < report.packets, "seed {seed}: more than 1 % was not repaired: {report:?}");
        assert!(sim.stats(0).repairs > 100, "seed {seed}");
        costs_no_more_than_a_fifth(&sim, "bob");
        let audio = sim.viewer("bob").track(Kind::Audio);
        assert_eq!((audio.duplicates, audio.corrupt), (0, 0));
    }
}

#[test]
fn ten_hours_are_one_clean_stream_and_leave_nothing_behind() {
    const HOUR: u64 = 3600;
    let mut sim = Sim::seed(20).without_trace();
    // One small picture a second: the hours are in the sound, 50 packets a second. Timestamps wrap after an hour of
    // the picture's 90 kHz clock, and after almost two of the sound's 48 kHz.
    let first_time = Some(u32::MAX - 90_000 * HOUR as u32);
    let publish = Publish { fps: 1, kbps: 8, keyframe_every: 60, first_time, ..Publish::default() };
    sim.publish_with("room", "ann", publish);
    sim.run(secs(2));
    sim.watch("room", "bob");
    sim.run(secs(60));
    let early = sim.stats(0);
    for _ in 0..10 {
        sim.run(secs(HOUR));
        let now = sim.stats(0);
        let sizes = |s: &engine::Stats| (s.publishers, s.viewers, s.sources, s.rooms, s.addresses);
        assert_eq!(sizes(&now), sizes(&early));
        assert!(now.timers <= early.timers + 8, "{} timers, {} at first", now.timers, early.timers);
        assert_eq!((now.panics, now.drops.get(engine::Drop::SealedTwice)), (0, 0));
    }
    sim.sees_everything("bob");
    let (video, audio) = (sim.viewer("bob").track(Kind::Video), sim.viewer("bob").track(Kind::Audio));
    assert!(audio.tags.len() as u64 > 10 * HOUR * 50 && video.report().frames > 10 * HOUR);
    assert!((27..=28).contains(&audio.seq_rollovers), "{} rollovers", audio.seq_rollovers);
    assert_eq!((video.time_wraps, audio.time_wraps), (1, 1));
    sim.leave("bob");
    sim.leave("ann");
    sim.run(secs(20));
    let stats = sim.stats(0);
    assert_eq!((stats.rooms, stats.sources, stats.addresses, stats.timers), (0, 0, 0, 0));
}

#[test]
fn a_worker_that_got_no_cpu_sends_what_it_owes_in_portions() {
    /// What is full, and what one viewer's visit may add: the credit of a replay.
    const PORTION_BYTES: usize = 512 * 1024 + 64 * 1024 + 1500;
    let mut sim = Sim::seed(11).without_trace();
    let silent = Publish { keyframe_every: 300, answers_requests: false, kbps: 4000, ..Publish::default() };
    sim.publish_with("room", "ann", silent);
    sim.run(secs(4));
    let audience: Vec<_> = (0..40).map(|n| format!("viewer {n}")).collect();
    for who in &audience {
        sim.watch("room", who);
    }
    sim.run(ms(300));
    assert!(sim.stats(0).replays > 30, "they are given the past: {}", sim.stats(0).replays);
    sim.starve(ms(300));
    sim.run(secs(6));
    assert!(sim.outbox_max > PORTION_BYTES / 2, "there was much to send: {}", sim.outbox_max);
    assert!(sim.outbox_max <= PORTION_BYTES, "{} bytes at once", sim.outbox_max);
    assert_eq!(sim.stats(0).drops.get(engine::Drop::OutboxFull), 0);
    for who in &audience {
        let track = sim.viewer(who).track(Kind::Video);
        assert!(track.report().is_clean() && track.report().frames > 250, "{who}: {:?}", track.report());
    }
}
