//! A whole load test against a small server: clean when it does right, and each wrong seen as what it is.

mod support;

use std::time::Duration;

use loadgen::load::{Options, Weight, run};
use loadgen::report::Report;
use media::codec::Codec;
use support::{Fault, Heard, Server};

fn load(codec: Codec, fault: Fault) -> Report {
    load_with(Weight::Full, codec, fault)
}

fn load_with(weight: Weight, codec: Codec, fault: Fault) -> Report {
    load_and_hear(weight, codec, fault).0
}

/// The report, and what the server heard from the viewers.
fn load_and_hear(weight: Weight, codec: Codec, fault: Fault) -> (Report, Heard) {
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
    (run(options).unwrap(), server.heard())
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
fn a_light_viewer_tells_the_server_all_that_a_full_one_does_and_never_under_a_used_index() {
    for weight in [Weight::Full, Weight::Light] {
        let (report, heard) = load_and_hear(weight, Codec::Vp8, Fault::None);
        assert!(report.clean, "{report}");
        assert_eq!((heard.indexes_used_twice, heard.foreign), (0, 0), "{weight:?}: {heard:?}");
        // A report a second and feedback every tenth of one, for three viewers and two streams.
        assert!(heard.blocks >= 3 && heard.lost == 0, "{weight:?}: {heard:?}");
        assert!(heard.arrivals > report.packets.received / 2, "{weight:?}: {heard:?} of {report}");
        assert_eq!(report.feedback.is_some(), weight == Weight::Light);
    }
}

#[test]
fn a_light_viewers_nack_gets_the_repair_and_nothing_is_lost() {
    let (report, heard) = load_and_hear(Weight::Light, Codec::Vp8, Fault::LoseUntilAsked(30));
    let feedback = report.feedback.unwrap();
    // Of video alone: for audio nobody negotiates NACK, and a lost packet stays lost.
    assert!(feedback.repaired >= 3 * 5 && feedback.repaired <= heard.nacks, "{feedback:?} {heard:?}");
    assert!(report.packets.reordered >= feedback.repaired && report.packets.duplicated == 0, "{report}");
    assert_eq!((feedback.given_up, report.packets.numbers_used_twice, heard.indexes_used_twice), (0, 0, 0));
    assert!(report.packets.lost <= 3 * 10, "audio alone: {report}");
}

#[test]
fn a_light_viewer_asks_for_the_keyframe_that_it_lacks() {
    let (report, heard) = load_and_hear(Weight::Light, Codec::Vp8, Fault::BeginAnywhere);
    // The keyframe that the first one gets is everybody's.
    assert!(heard.plis >= 1 && report.feedback.unwrap().keyframes_asked >= heard.plis, "{report} {heard:?}");
    assert_eq!((report.joins.failed, report.joins.first_frame.count), (0, 3), "{report}");
    // What is never repaired breaks the picture, and is answered by a new one.
    let (report, heard) = load_and_hear(Weight::Light, Codec::Vp8, Fault::Lose(100));
    let feedback = report.feedback.unwrap();
    assert!(feedback.given_up > 0 && heard.plis > 0 && heard.lost > 0, "{feedback:?} {heard:?}");
}

#[test]
fn silent_publishers_leave_the_cost_of_joining() {
    let server = Server::start(Fault::None);
    let options = Options {
        viewers: 40,
        duration: Duration::from_secs(1),
        drain: Duration::ZERO,
        silent: true,
        server_pid: Some(std::process::id()),
        threads: 1,
        weight: Weight::Light,
        ..Options::new(server.url.parse().unwrap(), "demo")
    };
    let report = run(options).unwrap();
    assert!(report.clean && report.packets.received == 0 && report.joins.connected.count == 40, "{report}");
    // Server and viewers are one process here; a handshake alone is about a millisecond for both.
    assert!(report.joins.server_cpu_ms.is_some_and(|ms| (0.3..50.0).contains(&ms)), "{report}");
    assert_eq!(report.srtp, ["AEAD_AES_256_GCM"], "{report}");
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
