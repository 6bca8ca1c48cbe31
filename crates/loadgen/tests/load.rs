//! A whole load test against a small server: clean when it does right, and each wrong seen as what it is.

mod support;

use std::time::Duration;

use loadgen::load::{Options, Weight, run};
use loadgen::report::Report;
use media::codec::Codec;
use support::{Fault, Server};

fn load(codec: Codec, fault: Fault) -> Report {
    load_with(Weight::Full, codec, fault)
}

fn load_with(weight: Weight, codec: Codec, fault: Fault) -> Report {
    let server = Server::start(fault);
    let options = Options {
        viewers: 3,
        duration: Duration::from_millis(1500),
        patience: Duration::from_secs(3),
        drain: Duration::from_millis(500),
        codec,
        video_kbps: 800,
        server_pid: Some(std::process::id()),
        threads: 1,
        weight,
        ..Options::new(server.url.parse().unwrap(), "demo")
    };
    run(options).unwrap()
}

#[test]
fn a_server_that_does_right_is_found_clean() {
    let full = [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1].map(|codec| (Weight::Full, codec));
    for (weight, codec) in full.into_iter().chain([(Weight::Light, Codec::Av1)]) {
        let report = load_with(weight, codec, Fault::None);
        assert!(report.clean, "{report}");
        assert_eq!((report.joins.asked, report.joins.failed), (3, 0), "{report}");
        // 1.5 s and more, 30 frames and 50 Opus packets per second, three viewers.
        assert!(report.packets.received > 3 * 120, "{report}");
        assert!(report.check.frames > 3 * 100, "{report}");
        assert!(report.joins.first_frame.count == 3 && report.joins.first_frame.p50_ms > 0.0, "{report}");
        assert!(report.forwarding_delay.count > 10 && report.forwarding_delay.p50_ms > 0.0, "{report}");
        assert!(report.server.unwrap().cpu_us_per_packet > 0.0, "{report}");
    }
}

#[test]
fn packets_that_vanish_are_lost_whether_or_not_the_numbers_show_it() {
    let report = load(Codec::Vp8, Fault::Lose(50));
    assert!(!report.clean && report.packets.lost >= 3 * 3 && report.check.errors > 0, "{report}");
    for weight in [Weight::Full, Weight::Light] {
        let report = load_with(weight, Codec::Vp8, Fault::LoseSilently(50));
        assert!(!report.clean && report.packets.lost >= 3 * 3, "{report}");
    }
}

#[test]
fn packets_that_come_twice_or_in_another_order_are_counted() {
    let report = load(Codec::Vp8, Fault::Repeat(50));
    assert!(!report.clean && report.packets.duplicated >= 3 * 3 && report.packets.lost == 0, "{report}");
    let report = load(Codec::Vp8, Fault::Swap(50));
    assert!(!report.clean && report.packets.reordered >= 3 * 3 && report.packets.lost == 0, "{report}");
}

#[test]
fn a_number_that_is_used_twice_is_seen_though_clients_hide_it() {
    let report = load(Codec::Vp8, Fault::SealTwice(50));
    assert!(!report.clean && report.packets.duplicated == 0, "{report}");
    assert!(report.packets.numbers_used_twice >= 3 * 3, "{report}");
}

#[test]
fn payloads_that_changed_on_the_way_are_corrupt() {
    let report = load(Codec::Vp8, Fault::Corrupt(50));
    assert!(!report.clean && report.packets.corrupt >= 3 * 3, "{report}");
}

#[test]
fn viewers_that_see_nothing_or_are_refused_are_failed_joins_with_a_reason() {
    let report = load(Codec::Vp8, Fault::Silence);
    assert!(!report.clean && report.joins.failed == 3, "{report}");
    assert!(report.errors[0].contains("never had a whole keyframe"), "{report}");

    let report = load(Codec::Vp8, Fault::Refuse(1));
    assert!(!report.clean && report.joins.failed == 1 && report.packets.lost == 0, "{report}");
    assert!(report.errors[0].contains("503: the room is full"), "{report}");
}
