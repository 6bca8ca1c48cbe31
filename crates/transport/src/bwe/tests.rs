//! What a viewer on a given path would notice, in virtual time. `WEIR_BWE_FIGURES=1 cargo test ... -- --nocapture` prints
//! what was measured.

mod hostile;
mod world;

use std::time::{Duration, Instant};

use super::{Estimator, Limited, Limits, Sent};
use crate::rtcp::{self, Packet};
use world::{Reports, World};

#[test]
fn a_path_of_any_size_is_found_within_five_seconds_and_not_overdriven() {
    for kbps in [500, 1000, 3000, 10_000] {
        for (seed, start_bps) in [(1, 1_000_000), (2, 1_000_000), (3, 200_000), (4, 200_000), (5, 3_000_000)] {
            let capacity = f64::from(kbps) * 1000.0;
            let mut world = World::one(&format!("delay=20ms,rate={kbps}kbps,queue=300ms"), seed);
            world.flows[0].estimator = Estimator::new(Limits { start_bps, ..Limits::default() });
            world.run(30.0);
            let flow = &world.flows[0];
            let reached = flow.reaches(0.0, 0.9 * capacity);
            let above = flow.falls_to(0.0, 1.15 * capacity);
            let mean = mean(&flow.estimates(5.0, 30.0)) / capacity;
            let sent = flow.sent_bps(5.0, 30.0) / capacity;
            figures(format_args!(
                "{start_bps} to {kbps}k: below {above:.2} s, 90 % after {reached:.2} s, then estimate {mean:.3}, sent {sent:.3}"
            ));
            assert!(reached <= 5.0 && above <= 5.0, "{kbps} kbit/s, seed {seed}: from below {reached}, above {above}");
            assert!((0.85..=1.15).contains(&mean), "{kbps} kbit/s, seed {seed}: on average {mean:.2}");
            assert!((0.85..=1.15).contains(&sent), "{kbps} kbit/s, seed {seed}: sent {sent:.2}");
        }
    }
}

#[test]
fn a_path_that_shrinks_to_a_third_is_noticed_within_a_second_and_its_return_within_ten() {
    for (high, low, lasts) in [(3000, 1000, 20.0), (1500, 500, 15.0), (9000, 3000, 5.0), (6000, 2000, 10.0)] {
        for seed in 1..=4 {
            let path = |kbps: u32| format!("delay=20ms,rate={kbps}kbps,queue=400ms");
            let mut world = World::one(&path(high), seed);
            world.run(20.0);
            world.change(&path(low));
            world.run(lasts);
            world.change(&path(high));
            world.run(20.0);
            let flow = &world.flows[0];
            let fell = flow.falls_to(20.0, f64::from(low) * 1000.0) - 20.0;
            let queue = flow.queue_ms(22.0, 23.0, 50.0);
            let sent = flow.sent_bps(22.0, 20.0 + lasts) / 1000.0 / f64::from(low);
            let back = flow.reaches(20.0 + lasts, 900.0 * f64::from(high)) - 20.0 - lasts;
            figures(format_args!(
                "{high} to {low}: fell in {fell:.2} s, queue after 2 s {queue:.0} ms, sent {sent:.2}, back in {back:.2} s"
            ));
            assert!(fell <= 1.0, "{high} to {low}, seed {seed}: above the path for {fell:.2} s");
            assert!(queue <= 50.0, "{high} to {low}, seed {seed}: {queue:.0} ms wait after 2 s");
            assert!(sent >= 0.7, "{high} to {low}, seed {seed}: only {sent:.2} of the small path used");
            assert!(back <= 10.0, "{high} to {low}, seed {seed}: back after {back:.1} s");
        }
    }
}

#[test]
fn two_viewers_behind_one_bottleneck_get_about_the_same() {
    for (kbps, queue) in [(4000, 300), (2000, 300), (8000, 150)] {
        for begins in [0.0, 5.0, 20.0] {
            for seed in 1..=6 {
                let path = format!("delay=20ms,rate={kbps}kbps,queue={queue}ms");
                let mut world = World::new(&path, seed).flow(Duration::ZERO, PLENTY);
                world = world.flow(Duration::from_secs_f64(begins), PLENTY);
                world.run(90.0);
                let rates: Vec<f64> = world.flows.iter().map(|flow| flow.delivered_bps(60.0, 90.0)).collect();
                let (jain, used) = (jain(&rates), rates.iter().sum::<f64>() / 1000.0 / f64::from(kbps));
                let queue = world.flows[0].queue_ms(60.0, 90.0, 95.0);
                figures(format_args!(
                    "{kbps} kbit/s, {begins} s: Jain {jain:.3}, used {used:.2}, p95 queue {queue:.0} ms"
                ));
                assert!(jain >= 0.9, "{kbps} kbit/s, second after {begins} s, seed {seed}: {rates:.0?}");
                assert!(used >= 0.85, "{kbps} kbit/s, second after {begins} s, seed {seed}: {used:.2} used");
            }
        }
    }
}

#[test]
fn a_steady_path_gives_a_steady_rate() {
    for (kbps, seed) in [(1000, 1), (1000, 2), (3000, 3), (3000, 4), (10_000, 5)] {
        let capacity = f64::from(kbps) * 1000.0;
        let mut world = World::one(&format!("delay=30ms,rate={kbps}kbps,queue=200ms"), seed);
        world.run(65.0);
        let flow = &world.flows[0];
        let estimates = flow.estimates(5.0, 65.0);
        let deviation = deviation(&estimates) / capacity;
        let (drops, sent) = (flow.drops(5.0, 65.0), flow.sent_bps(5.0, 65.0) / capacity);
        figures(format_args!("{kbps} kbit/s: deviation {deviation:.3}, {drops} drops in a minute, sent {sent:.3}"));
        assert!(deviation <= 0.08, "{kbps} kbit/s, seed {seed}: deviates by {deviation:.3} of the path");
        assert!(drops <= 12, "{kbps} kbit/s, seed {seed}: {drops} drops in a minute");
        assert!(sent >= 0.85, "{kbps} kbit/s, seed {seed}: sent {sent:.2}");
    }
}

#[test]
fn loss_that_is_not_of_our_making_costs_little() {
    for (loss, least) in [("loss=2%", 0.8), ("loss=5%", 0.8), ("loss=8%", 0.75), ("bursts=4%x5", 0.7)] {
        for seed in 1..=3 {
            let mut world = World::one(&format!("delay=20ms,rate=3000kbps,queue=300ms,{loss}"), seed);
            world.run(60.0);
            let sent = world.flows[0].sent_bps(5.0, 60.0) / 3e6;
            figures(format_args!("{loss}: sent {sent:.3}"));
            assert!(sent >= least, "{loss}, seed {seed}: sent {sent:.2}");
        }
    }
}

#[test]
fn a_queue_too_short_to_be_felt_is_noticed_by_its_losses() {
    let mut world = World::one("delay=20ms,rate=3000kbps,queue=30ms", 3);
    world.run(60.0);
    let (sent, delivered) = (world.flows[0].sent_bps(5.0, 60.0) / 3e6, world.flows[0].delivered_bps(5.0, 60.0) / 3e6);
    figures(format_args!("30 ms of queue: sent {sent:.3}, delivered {delivered:.3}"));
    assert!(sent <= 1.1 && delivered >= 0.85, "sent {sent:.2}, delivered {delivered:.2}");
}

#[test]
fn a_deep_queue_stays_short() {
    for (kbps, queue, delay) in [(3000, 200, 15), (3000, 1500, 15), (1000, 1500, 20), (3000, 1500, 100)] {
        for seed in 1..=3 {
            let mut world = World::one(&format!("delay={delay}ms,rate={kbps}kbps,queue={queue}ms"), seed);
            world.run(60.0);
            let flow = &world.flows[0];
            let (wait, sent) = (flow.queue_ms(0.0, 60.0, 95.0), flow.sent_bps(5.0, 60.0) / 1000.0 / f64::from(kbps));
            figures(format_args!("{kbps} kbit/s, {queue} ms deep, {delay} ms long: p95 {wait:.0} ms, sent {sent:.3}"));
            assert!(wait <= 100.0, "{kbps} kbit/s, {queue} ms deep, seed {seed}: p95 {wait:.0} ms");
            assert!(sent >= 0.85, "{kbps} kbit/s, {queue} ms deep, seed {seed}: sent {sent:.2}");
        }
    }
}

#[test]
fn a_queue_that_grows_too_slowly_for_a_slope_is_drained() {
    let mut estimator = Estimator::new(Limits::default());
    let (mut now, mut report) = (Instant::now(), Vec::new());
    // 1 Mbit/s, a packet each 10 ms, and 10 ms more of queue in each second.
    for tenth in 0..120_i64 {
        let arrivals: Vec<Option<i64>> = (0..10)
            .map(|n| {
                estimator.sent(now, 1250, Sent::Media);
                now += Duration::from_millis(10);
                let sent_ms = 100 * tenth + 10 * n;
                Some(4 * sent_ms + sent_ms / 25)
            })
            .collect();
        report.clear();
        rtcp::transport_feedback(&mut report, (1, 2), (10 * tenth as u16, tenth as u8), &arrivals);
        let Some(Packet::Twcc(report)) = rtcp::read(&report).next() else { panic!("it is a report") };
        estimator.feedback(now, &report);
    }
    let view = estimator.view();
    figures(format_args!("queue of {:?} after 12 s, {} bit/s", view.queue, view.bps));
    assert!(view.bps <= 900_000, "{view:?}");
}

#[test]
fn a_path_that_becomes_longer_for_good_is_not_given_up() {
    let mut world = World::one("delay=20ms,rate=3000kbps,queue=300ms", 2);
    world.run(20.0);
    world.change("delay=170ms,rate=3000kbps,queue=300ms");
    world.run(40.0);
    let flow = &world.flows[0];
    let (least, sent) =
        (flow.estimates(20.0, 60.0).into_iter().fold(f64::MAX, f64::min), flow.sent_bps(30.0, 60.0) / 3e6);
    figures(format_args!("longer path: at least {least:.0}, after 10 s sent {sent:.3}"));
    assert!(sent >= 0.8, "10 s later sent {sent:.2}, least {least:.0}");
}

#[test]
fn who_sends_little_keeps_an_estimate_and_a_probe_finds_more() {
    // Jitter stretches a burst, so each probe reads less than there is, and it takes more of them.
    for (jitter, seconds) in [("", 3.0), (",jitter=5ms", 3.0), (",jitter=15ms", 15.0)] {
        let mut world = World::one(&format!("delay=20ms,rate=10000kbps,queue=300ms{jitter}"), 5);
        world.flows[0].max_bps = 300_000;
        world.flows[0].wanted_bps = 0;
        world.run(30.0);
        let flow = &mut world.flows[0];
        let estimates = flow.estimates(0.0, 30.0);
        assert!(estimates.iter().all(|bps| (300e3..=1.1e6).contains(bps)), "nothing is proven, nothing was taken away");
        assert_eq!(flow.probe_bytes, 0, "nobody asked for more");
        assert_eq!(flow.estimator.view().limited, Limited::Application);

        flow.wanted_bps = 2_500_000;
        world.run(60.0);
        let flow = &world.flows[0];
        let found = flow.reaches(30.0, 2.5e6) - 30.0;
        let least = flow.estimates(33.0, 90.0).into_iter().fold(f64::MAX, f64::min);
        let share = flow.probe_bytes as f64 * 8.0 / 60.0 / 2.5e6;
        figures(format_args!("2.5 Mbit/s found after {found:.2} s, kept {least:.0}, probes are {share:.4} of it"));
        assert!(found <= seconds, "found after {found:.1} s");
        assert!(least >= 1.5e6, "lost again: {least:.0}");
        assert!(share <= 0.02, "probes take {share:.3} of what is wanted");
    }
}

#[test]
fn an_estimate_from_better_times_is_corrected_before_it_is_used() {
    let mut world = World::one("delay=20ms,rate=10000kbps,queue=300ms", 5);
    world.run(10.0);
    assert!(world.flows[0].estimator.bps() > 7_000_000);
    world.flows[0].max_bps = 300_000;
    world.change("delay=20ms,rate=2000kbps,queue=300ms");
    world.flows[0].wanted_bps = 7_000_000;
    world.run(20.0);
    let bps = world.flows[0].estimator.bps();
    figures(format_args!("{bps} bit/s left of 8 Mbit/s on 2 Mbit/s, without media to show it"));
    assert!(bps <= 2_300_000, "{bps}");
}

#[test]
fn without_reports_the_estimate_decays_and_comes_back_with_them() {
    let mut world = World::one("delay=20ms,rate=3000kbps,queue=300ms", 5);
    world.run(20.0);
    let before = world.flows[0].estimator.bps() as f64;
    world.cut_reports(true);
    world.run(5.0);
    let low = world.flows[0].estimator.bps() as f64;
    assert_eq!(world.flows[0].estimator.view().limited, Limited::Silence);
    world.run(60.0);
    assert_eq!(world.flows[0].estimator.bps(), Limits::default().min_bps, "after a minute");
    world.cut_reports(false);
    world.run(15.0);
    let back = world.flows[0].reaches(85.0, 0.9 * before) - 85.0;
    figures(format_args!("silence: {before:.0}, after 5 s {low:.0}, back from the minimum in {back:.2} s"));
    assert!((0.05..0.4).contains(&(low / before)), "{before} became {low}");
    assert!(back <= 10.0, "back after {back:.1} s");
}

#[test]
fn a_viewer_that_only_says_what_it_can_take_is_believed() {
    let mut world = World::one("delay=20ms,rate=3000kbps,queue=100ms", 5);
    for bps in [2_000_000, 500_000, 2_500_000] {
        world.flows[0].reports = Reports::Remb(bps);
        world.run(5.0);
        assert_eq!(world.flows[0].estimator.bps(), bps);
        assert_eq!(world.flows[0].estimator.view().limited, Limited::Receiver);
    }
    world.run(60.0);
    assert_eq!(world.flows[0].probe_bytes, 0, "a probe would not be answered");
}

#[test]
fn a_viewer_that_only_reports_loss_is_served_by_it() {
    for (kbps, seed) in [(500, 5), (3000, 6)] {
        let mut world = World::one(&format!("delay=20ms,rate={kbps}kbps,queue=100ms"), seed);
        world.flows[0].reports = Reports::Loss;
        world.run(90.0);
        let capacity = 1000.0 * f64::from(kbps);
        let sent = world.flows[0].sent_bps(30.0, 90.0) / capacity;
        let delivered = world.flows[0].delivered_bps(30.0, 90.0) / capacity;
        figures(format_args!("{kbps} kbit/s by loss: sent {sent:.3}, delivered {delivered:.3}"));
        assert!((0.8..=1.2).contains(&sent), "{kbps} kbit/s: sent {sent:.2}");
        assert!(delivered >= 0.8, "{kbps} kbit/s: delivered {delivered:.2}");
    }
}

#[test]
fn a_radio_that_jitters_is_not_taken_for_a_full_one() {
    for jitter in ["jitter=10ms", "jitter=20ms", "jitter=15ms,reorder", "jitter=40ms"] {
        for (kbps, seed) in [(1000, 1), (3000, 2), (3000, 3), (10_000, 4)] {
            let mut world = World::one(&format!("delay=50ms,{jitter},rate={kbps}kbps,queue=300ms"), seed);
            world.run(60.0);
            let sent = world.flows[0].sent_bps(5.0, 60.0) / 1000.0 / f64::from(kbps);
            figures(format_args!("{jitter}, {kbps} kbit/s: sent {sent:.3}"));
            assert!(sent >= 0.8, "{jitter}, {kbps} kbit/s, seed {seed}: sent {sent:.2}");
        }
    }
}

#[test]
fn the_presets_of_the_network_model_are_used_well() {
    for name in ["wifi-poor", "lte-up", "3g", "bufferbloat", "satellite", "intercontinental"] {
        let mut world = World::one(name, 1);
        world.run(60.0);
        let flow = &world.flows[0];
        let capacity = world.link.profile().rate.map_or(PLENTY as f64, |rate| 1000.0 * f64::from(rate.kbps.get()));
        let capacity = capacity.min(PLENTY as f64);
        let (sent, wait) = (flow.sent_bps(10.0, 60.0) / capacity, flow.queue_ms(10.0, 60.0, 95.0));
        figures(format_args!("{name}: sent {sent:.3}, p95 queue {wait:.0} ms"));
        assert!(sent >= 0.75 && wait <= 150.0, "{name}: sent {sent:.2}, p95 queue {wait:.0} ms");
    }
}

#[test]
fn an_idle_estimator_is_small() {
    // Beside the ring, which begins with 1 kB at the first packet and ends at 16 kB.
    // 1,280 and what it takes to see how a path serves (`Services`), and that it breaks down (`Plunge`).
    assert!(size_of::<Estimator>() <= 1408, "{} bytes", size_of::<Estimator>());
}

/// More than any path of these tests.
const PLENTY: u64 = 20_000_000;

fn figures(line: std::fmt::Arguments<'_>) {
    if std::env::var_os("WEIR_BWE_FIGURES").is_some() {
        println!("{line}");
    }
}

/// 1 when all get the same, 1/n when one gets all.
fn jain(rates: &[f64]) -> f64 {
    rates.iter().sum::<f64>().powi(2) / rates.len() as f64 / rates.iter().map(|rate| rate * rate).sum::<f64>()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}
