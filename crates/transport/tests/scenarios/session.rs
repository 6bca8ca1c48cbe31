use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::codec::Kind;
use transport::client::{self, Client, Delivery, Publish, Watch};
use transport::peer::{CONSENT, FIRST_CHECK};
use transport::{CodecChoice, Creds, Fragment, Reason, Side};

use crate::pair::{Pair, Way, identity, ms, vp8};

fn publishing() -> Publish {
    Publish { audio: Some(CodecChoice::opus()), video: Some(vp8()), ..Publish::default() }
}

/// Replaces the fingerprint in SDP by another valid one, when `when` says so.
fn with_wrong_fingerprint(when: fn(&str) -> bool) -> impl Fn(String) -> String {
    move |sdp: String| {
        if !when(&sdp) {
            return sdp;
        }
        let lines = sdp.split_inclusive("\r\n").map(|line| match line.strip_prefix("a=fingerprint:sha-256 ") {
            Some(_) => format!("a=fingerprint:sha-256 {}\r\n", ["AB"; 32].join(":")),
            None => line.to_owned(),
        });
        lines.collect()
    }
}

fn publisher_with_tampered_sdp(tamper: impl Fn(String) -> String) -> Pair {
    let now = Instant::now();
    // An identity of its own, so that the two ends have different certificates.
    let identity = transport::Identity::generate().unwrap();
    let setup = client::Setup { now, identity: &identity, address: "198.51.100.1:5000".parse().unwrap() };
    let client = Client::publisher(setup, &publishing()).unwrap();
    let server = "192.0.2.1:7000".parse().unwrap();
    Pair::connect(now, client, Side::Publish, &[server], tamper).unwrap()
}

#[test]
fn a_client_whose_certificate_is_not_the_offered_one_is_ended() {
    let mut pair = publisher_with_tampered_sdp(with_wrong_fingerprint(|sdp| !sdp.contains("a=ice-lite")));
    pair.run(ms(3000));
    assert_eq!(pair.server_closed, Some(Reason::WrongFingerprint));
    assert!(pair.server_events.is_empty(), "never connected, no keys: {:?}", pair.server_events);
}

#[test]
fn a_server_whose_certificate_is_not_the_answered_one_is_left() {
    let mut pair = publisher_with_tampered_sdp(with_wrong_fingerprint(|sdp| sdp.contains("a=ice-lite")));
    pair.run(ms(3000));
    assert_eq!(pair.client_closed, Some(Reason::WrongFingerprint));
    assert_eq!(pair.profile, None, "the client never connected");
    assert!(pair.received.is_empty());
}

/// As ffmpeg does it: the offerer waits for the handshake, so the answerer begins it.
fn to_passive(sdp: String) -> String {
    sdp.replace("a=setup:actpass", "a=setup:passive")
}

#[test]
fn an_offerer_that_waits_for_the_handshake_is_called() {
    let mut pair = publisher_with_tampered_sdp(to_passive);
    assert!(pair.answer.sdp.contains("a=setup:active\r\n") && !pair.answer.sdp.contains("a=setup:passive"));
    pair.run_until_connected();
    for seq in 0..10 {
        pair.send_up(Kind::Video, None, seq, b"video");
        pair.run(ms(20));
    }
    assert_eq!(pair.received.len(), 10);
}

#[test]
fn certificates_are_checked_when_the_server_calls_too() {
    let offer = with_wrong_fingerprint(|sdp| !sdp.contains("a=ice-lite"));
    let mut pair = publisher_with_tampered_sdp(|sdp| offer(to_passive(sdp)));
    pair.run(ms(3000));
    assert_eq!(pair.server_closed, Some(Reason::WrongFingerprint));
    assert!(pair.server_events.is_empty());

    let answer = with_wrong_fingerprint(|sdp| sdp.contains("a=ice-lite"));
    let mut pair = publisher_with_tampered_sdp(|sdp| answer(to_passive(sdp)));
    pair.run(ms(3000));
    assert_eq!(pair.client_closed, Some(Reason::WrongFingerprint));
    assert!(pair.received.is_empty());
}

#[test]
fn the_right_certificates_connect() {
    let mut pair = publisher_with_tampered_sdp(|sdp| sdp);
    pair.run_until_connected();
}

#[test]
fn ice_restarts_under_running_media() {
    let mut pair = Pair::publish(&publishing());
    pair.run_until_connected();
    for seq in 0..50 {
        pair.send_up(Kind::Video, None, seq, b"before");
        pair.run(ms(20));
    }

    let ours = Creds { ufrag: "newufrag".into(), pwd: "a-new-password-of-the-client".into() };
    let theirs = Creds { ufrag: "w0s1g2".into(), pwd: "a-new-password-of-the-server".into() };
    let request = Fragment::parse(&pair.client.restart_ice(&ours).write()).unwrap();
    assert!(request.candidates.iter().all(|candidate| pair.peer.add_remote_candidate(candidate)));
    let (ufrag, pwd) = (request.ufrag.unwrap(), request.pwd.unwrap());
    pair.peer.restart_ice(theirs.clone(), &ufrag, &pwd).unwrap();
    let response = Fragment::parse(&pair.peer.answer_fragment()).unwrap();
    assert_eq!(response.ufrag.as_deref(), Some("w0s1g2"));
    pair.client.finish_restart(&response).unwrap();
    let refused = pair.peer.counters().stun_refused;

    // Long enough for consent to run out, had the new checks not been accepted.
    for seq in 50..2100 {
        pair.send_up(Kind::Video, None, seq, b"after");
        pair.run(ms(20));
    }
    assert_eq!(pair.received_seqs(), (0..2100).collect::<Vec<_>>());
    assert_eq!(pair.peer.creds(), &theirs);
    assert!(pair.peer.counters().stun_refused <= refused + 1, "{:?}", pair.peer.counters());
    assert!(pair.server_closed.is_none() && pair.client_closed.is_none());
    assert!(pair.now - pair.peer.heard_at().unwrap() < ms(100));
}

#[test]
fn a_client_that_moves_is_followed() {
    let mut pair = Pair::watch(
        &Watch { audio: vec![CodecChoice::opus()], video: vec![vp8()], ..Watch::default() },
        Some(&CodecChoice::opus()),
        Some(&vp8()),
    );
    pair.run_until_connected();
    assert_eq!(pair.peer.remote(), Some(pair.client_seen_at));
    pair.run(ms(5000));
    let moved: SocketAddr = "203.0.113.9:6000".parse().unwrap();
    pair.client_seen_at = moved;
    pair.run(Duration::from_secs(10));
    assert_eq!(pair.moved_to, Some(moved));
    assert_eq!(pair.peer.remote(), Some(moved));
    let video = pair.track(Kind::Video);
    pair.send(&video, 1, 0, true, b"still here");
    pair.run(ms(20));
    assert_eq!(pair.client_received.len(), 1);
}

#[test]
fn data_channels_open_and_carry_messages_both_ways() {
    let mut pair = Pair::publish(&Publish { channel: Some("chat".into()), ..publishing() });
    assert!(pair.answer.sdp.contains("m=application 7000 UDP/DTLS/SCTP webrtc-datachannel"));
    pair.run_until_connected();
    pair.run(ms(500));
    assert!(pair.server_events.contains(&"open chat".to_owned()), "{:?}", pair.server_events);
    let (ours, theirs) = (pair.server_channels[0], pair.client_channels[0]);
    assert!(pair.client.send_message(theirs, false, b"hello"));
    assert!(pair.peer.send_message(ours, false, b"welcome"));
    pair.run(ms(500));
    assert!(pair.server_events.contains(&"message hello".to_owned()));
    assert!(pair.client_events.contains(&"message welcome".to_owned()));
    pair.send_up(Kind::Video, None, 1, b"beside media");
    assert_eq!(pair.received.len(), 1);
}

#[test]
fn a_channel_says_when_it_is_drained_and_is_closed_alone() {
    let mut pair = Pair::publish(&Publish { channel: Some("chat".into()), ..publishing() });
    pair.run_until_connected();
    pair.run(ms(500));
    let ours = pair.server_channels[0];
    pair.peer.set_low_mark(ours, 1_000);
    for _ in 0..20 {
        assert!(pair.peer.send_message(ours, true, &[7; 1_000]));
    }
    assert!(pair.peer.unconfirmed(ours) >= 10_000, "{} bytes", pair.peer.unconfirmed(ours));
    pair.run(ms(2_000));
    assert_eq!(pair.peer.unconfirmed(ours), 0);
    assert!(pair.server_events.contains(&"channel drained".to_owned()), "{:?}", pair.server_events);
    pair.peer.close_channel(ours);
    pair.run(ms(500));
    assert!(pair.client_events.contains(&"channel closed".to_owned()), "{:?}", pair.client_events);
    assert!(!pair.peer.send_message(ours, true, b"gone"));
    // The media go on, and so may another channel.
    pair.send_up(Kind::Video, None, 1, b"beside media");
    assert_eq!(pair.received.len(), 1);
    pair.client.open_channel("lossy", Delivery::Lossy);
    pair.run(ms(500));
    assert!(pair.server_events.contains(&"open lossy".to_owned()), "{:?}", pair.server_events);
}

#[test]
fn a_goodbye_of_either_side_ends_the_other() {
    let mut pair = Pair::publish(&publishing());
    pair.run_until_connected();
    pair.client.close(pair.now);
    pair.run(ms(500));
    assert_eq!(pair.server_closed, Some(Reason::Remote));

    let mut pair = Pair::publish(&publishing());
    pair.run_until_connected();
    pair.peer.close(pair.now);
    pair.run(ms(500));
    assert_eq!(pair.server_closed, Some(Reason::Local));
    assert_eq!(pair.client_closed, Some(Reason::Remote));
    assert!(pair.peer.is_closed());
}

#[test]
fn a_session_that_nobody_comes_to_ends() {
    let mut pair = Pair::publish(&publishing());
    pair.filter = Box::new(|_, _| false);
    pair.run(FIRST_CHECK - ms(10));
    assert_eq!(pair.server_closed, None);
    pair.run(ms(20));
    assert_eq!(pair.server_closed, Some(Reason::Unreachable));
}

#[test]
fn a_viewer_that_stops_answering_loses_consent() {
    let watch = Watch { video: vec![vp8()], ..Watch::default() };
    let mut pair = Pair::watch(&watch, None, Some(&vp8()));
    pair.run_until_connected();
    pair.run(Duration::from_secs(60));
    assert_eq!(pair.server_closed, None, "an idle viewer that checks stays");
    pair.filter = Box::new(|way, _| way == Way::Down);
    pair.run(CONSENT + Duration::from_secs(5));
    assert_eq!(pair.server_closed, Some(Reason::ConsentExpired));
}

#[test]
fn media_alone_keeps_a_publisher_that_sends_no_more_checks() {
    let mut pair = Pair::publish(&publishing());
    pair.run_until_connected();
    // Some encoders check once, at the start.
    pair.filter = Box::new(|way, bytes| way == Way::Down || bytes[0] >= 20);
    for seq in 0..60 {
        pair.send_up(Kind::Video, None, seq, b"video");
        pair.run(ms(1000));
    }
    assert_eq!(pair.server_closed, None);
    assert_eq!(pair.received.len(), 60);
}

#[test]
fn no_candidate_at_all_is_an_error() {
    let now = Instant::now();
    let setup = client::Setup { now, identity: identity(), address: "198.51.100.1:5000".parse().unwrap() };
    let client = Client::publisher(setup, &publishing()).unwrap();
    let unusable = ["0.0.0.0:7000".parse().unwrap()];
    let result = Pair::connect(now, client, Side::Publish, &unusable, |sdp| sdp);
    assert_eq!(result.err(), Some(transport::Error::NoCandidate));
}
