use media::codec::{Codec, Kind};
use transport::client::{self, Watch};
use transport::srtp::Sealer;
use transport::{Client, CodecChoice, Datagram, Error, Side, demux, rtcp};

use crate::pair::{Pair, Way, h264, ms, vp8};

fn av() -> Watch {
    Watch { audio: vec![CodecChoice::opus()], video: vec![vp8(), h264("42e01f")], ..Watch::default() }
}

fn watching() -> Pair {
    let mut pair = Pair::watch(&av(), Some(&CodecChoice::opus()), Some(&vp8()));
    pair.run_until_connected();
    pair
}

#[test]
fn a_viewer_receives_what_is_sealed_with_the_tapped_keys_across_two_rollovers() {
    let mut pair = watching();
    let (video, audio) = (pair.track(Kind::Video), pair.track(Kind::Audio));
    // Just over 2^17 packets, so that the rollover counter is used in earnest.
    let (first, count) = (65_000u64, 132_000u64);
    for i in 0..count {
        let payload = (first + i).to_be_bytes();
        pair.send(&video, first + i, i as u32 * 9, i % 9 == 8, &payload);
        if i % 90 == 0 {
            pair.send(&audio, 10 + i / 90, i as u32, false, &payload);
        }
        if i % 9 == 8 {
            pair.run(ms(2));
        }
    }
    pair.run(ms(100));
    let received: Vec<_> = pair.client_received.iter().filter(|r| r.codec == Codec::Vp8).collect();
    assert_eq!(received.len() as u64, count);
    for (i, received) in received.iter().enumerate() {
        assert_eq!(received.seq, first + i as u64);
        assert_eq!(&*received.payload, (first + i as u64).to_be_bytes());
    }
    assert!(pair.client_received.iter().any(|r| r.codec == Codec::Opus));
    assert_eq!(pair.egress.retransmitted, 0);
    assert!(pair.egress.reports.iter().any(|block| block.ssrc == video.ssrc && block.lost == 0));
    assert!(pair.egress.transport_arrivals > count / 2, "transport feedback is opened and read");
}

#[test]
fn str0m_sends_nothing_under_a_viewers_keys_even_when_told_to_close() {
    let mut pair = watching();
    let video = pair.track(Kind::Video);
    let seen = std::rc::Rc::new(std::cell::Cell::new(0));
    let count = seen.clone();
    let ours = std::rc::Rc::new(std::cell::Cell::new(0));
    pair.filter = Box::new(move |way, bytes| {
        if way == Way::Down && bytes[0] >= 128 {
            count.set(count.get() + 1);
        }
        true
    });
    for i in 0..300 {
        pair.send(&video, i, i as u32, true, b"frame");
        ours.set(ours.get() + 1);
        pair.run(ms(100));
    }
    pair.peer.close(pair.now);
    pair.run(ms(1000));
    assert_eq!(seen.get(), ours.get(), "each sealed datagram on the wire is the engine's");
    assert_eq!(pair.peer.counters().forbidden, 0);
    assert_eq!(pair.client_closed, Some(transport::Reason::Remote));
}

#[test]
fn a_client_that_leaves_srtp_to_its_caller_sends_nothing_under_those_keys() {
    let now = std::time::Instant::now();
    let setup = client::Setup { now, identity: crate::pair::identity(), address: "198.51.100.1:5000".parse().unwrap() };
    let client = Client::viewer(setup, &av()).unwrap().leave_srtp();
    let (opus, vp8) = (CodecChoice::opus(), vp8());
    let side = Side::Watch { audio: Some(&opus), video: Some(&vp8) };
    let mut pair = Pair::connect(now, client, side, &["192.0.2.1:7000".parse().unwrap()], |sdp| sdp).unwrap();
    let sealed = std::rc::Rc::new(std::cell::Cell::new(0));
    let count = sealed.clone();
    pair.filter = Box::new(move |way, bytes| {
        count.set(count.get() + u32::from(way == Way::Up && !matches!(demux(bytes), Datagram::Stun | Datagram::Dtls)));
        true
    });
    pair.run_until_connected();
    // Media with holes, a report, a wish for a keyframe: all that makes a receiver speak.
    let video = pair.track(Kind::Video);
    for i in (0..300u64).filter(|i| i % 7 != 0) {
        pair.send(&video, i, i as u32, true, b"frame");
        pair.send_report(&video, &rtcp::SenderInfo { ntp: (i + 1) << 32, rtp_time: 0, packets: 1, bytes: 5 });
        pair.client.request_keyframe(Kind::Video);
        pair.run(ms(100));
    }
    pair.client.close(pair.now);
    pair.run(ms(1000));
    assert_eq!((sealed.get(), pair.client_received.len()), (0, 0));
    assert_eq!(pair.server_closed, Some(transport::Reason::Remote), "ICE and DTLS go on");
    // So the caller's first compound has the index 0 for itself.
    let keys = pair.client_keys.take().unwrap();
    let mut report = Vec::new();
    rtcp::receiver_report(&mut report, 1, &[], "caller");
    assert!(Sealer::new(&keys).seal_rtcp(&mut report));
    pair.deliver_up(&report);
    assert_eq!(pair.egress.compounds, 1);
}

#[test]
fn a_viewers_lost_packets_are_repaired_by_rtx() {
    let mut pair = watching();
    let video = pair.track(Kind::Video);
    assert!(video.nack && video.rtx.is_some());
    let mut n = 0;
    pair.filter = Box::new(move |way, bytes| {
        if way == Way::Down && bytes[0] >= 128 && !(192..=223).contains(&bytes[1]) {
            n += 1;
            return n % 20 != 0;
        }
        true
    });
    for i in 0..395u64 {
        pair.send(&video, i, i as u32 * 100, true, &i.to_be_bytes());
        pair.run(ms(5));
    }
    pair.filter = Box::new(|_, _| true);
    pair.run(ms(500));
    let mut seqs: Vec<u64> = pair.client_received.iter().map(|r| r.seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (0..395).collect::<Vec<_>>());
    assert!(pair.egress.retransmitted >= 20);
}

#[test]
fn a_viewers_keyframe_request_reaches_us() {
    let mut pair = watching();
    let video = pair.track(Kind::Video);
    pair.send(&video, 0, 0, true, b"frame");
    pair.run(ms(10));
    assert!(pair.client.request_keyframe(Kind::Video));
    pair.run(ms(100));
    assert_eq!(pair.egress.keyframes_wanted, 1);
}

#[test]
fn our_sender_reports_open_at_the_viewer() {
    let mut pair = watching();
    let video = pair.track(Kind::Video);
    for i in 0..30 {
        pair.send(&video, i, i as u32 * 3000, true, b"frame");
        pair.send_report(&video, &rtcp::SenderInfo { ntp: (i + 1) << 32, rtp_time: 0, packets: 1, bytes: 5 });
        pair.run(ms(100));
    }
    // The middle bits of the NTP time come back in the receiver's reports once one has been opened.
    assert!(pair.egress.reports.iter().any(|block| block.ssrc == video.ssrc && block.last_sr != 0));
}

#[test]
fn a_viewer_gets_the_codec_of_the_source_and_nothing_else() {
    let source = h264("42c01f");
    let mut pair = Pair::watch(&av(), None, Some(&source));
    assert!(pair.answer.sdp.contains("m=audio 0 "), "no audio source: rejected");
    assert!(!pair.answer.sdp.contains("VP8"));
    let video = pair.track(Kind::Video);
    assert_eq!((video.codec, video.clock_rate), (Codec::H264, 90_000));
    pair.run_until_connected();
    pair.send(&video, 7, 0, true, b"frame");
    pair.run(ms(10));
    assert_eq!(pair.client_received.len(), 1);
    assert_eq!(pair.client_received[0].codec, Codec::H264);
}

#[test]
fn a_viewer_that_cannot_play_the_source_is_told_what_it_is() {
    let now = std::time::Instant::now();
    let offer = |watch: &Watch| {
        let address = "198.51.100.1:5000".parse().unwrap();
        let setup = transport::client::Setup { now, identity: crate::pair::identity(), address };
        transport::Client::viewer(setup, watch).unwrap()
    };
    let av1 = CodecChoice { codec: Codec::Av1, fmtp: "profile=0".into() };
    let server = ["192.0.2.1:7000".parse().unwrap()];
    let side = transport::Side::Watch { audio: None, video: Some(&av1) };
    let Err(error) = Pair::connect(now, offer(&av()), side, &server, |sdp| sdp) else { panic!("AV1 was not offered") };
    assert!(matches!(error, Error::CodecMismatch { .. }));
    let text = error.to_string();
    assert!(text.contains("AV1 profile 0") && text.contains("VP8, H264 constrained baseline"), "{text}");

    let side = transport::Side::Watch { audio: None, video: None };
    let Err(error) = Pair::connect(now, offer(&av()), side, &server, |sdp| sdp) else { panic!("nothing to send") };
    assert_eq!(error, Error::NothingToSend);
}

#[test]
fn the_answer_has_what_whep_asks_for() {
    let pair = Pair::watch(&av(), Some(&CodecChoice::opus()), Some(&vp8()));
    let sdp = &pair.answer.sdp;
    let sections: Vec<&str> = sdp.split("\r\nm=").skip(1).collect();
    assert_eq!(sections.len(), 2);
    let mut streams = Vec::new();
    for section in &sections {
        for line in ["a=rtcp-mux-only\r\n", "a=sendonly\r\n", "a=setup:passive\r\n", "a=ssrc:"] {
            assert!(section.contains(line), "{line} in {section}");
        }
        let msid = section.split("a=msid:").nth(1).unwrap();
        streams.push(msid.split(' ').next().unwrap());
    }
    assert_eq!(streams[0], streams[1], "one MediaStream");
    let (video, audio) = (pair.track(Kind::Video), pair.track(Kind::Audio));
    assert_ne!(video.ssrc, audio.ssrc);
    assert_eq!(video.cname, audio.cname);
    assert!(video.transport_cc && video.pli && !audio.nack);
    use media::ext::Kind::*;
    for kind in [Mid, TransportSeq, DependencyDescriptor, Orientation] {
        assert!(video.ext.id(kind).is_some(), "{kind:?}");
    }
    assert!(video.ext.id(AbsSendTime).is_none(), "who reports arrivals needs no send times");
    assert!(video.ext.id(AudioLevel).is_none() && audio.ext.id(AudioLevel).is_some());
    assert!(video.ext.id(Rid).is_none(), "layers are our business");
}

#[test]
fn a_viewer_who_offers_to_take_redundant_audio_may_be_sent_it() {
    let now = std::time::Instant::now();
    let offer = |red: &'static str| {
        move |sdp: String| {
            if sdp.contains("a=sendonly") {
                return sdp;
            }
            let line = |line: &str| {
                if line.starts_with("m=audio") { line.trim_end().to_owned() + " 63\r\n" + red } else { line.to_owned() }
            };
            sdp.split_inclusive('\n').map(line).collect()
        }
    };
    let answer = |red: &'static str| {
        let setup =
            client::Setup { now, identity: crate::pair::identity(), address: "198.51.100.1:5000".parse().unwrap() };
        let client = Client::viewer(setup, &av()).unwrap();
        let side = Side::Watch { audio: Some(&CodecChoice::opus()), video: Some(&vp8()) };
        let mut pair = Pair::connect(now, client, side, &["192.0.2.1:7000".parse().unwrap()], offer(red)).unwrap();
        pair.run_until_connected();
        (pair.track(Kind::Audio), pair.answer.sdp)
    };
    // Opus is 96 in the client's offer.
    let (track, sdp) = answer("a=rtpmap:63 red/48000/2\r\na=fmtp:63 96/96\r\n");
    assert_eq!((track.pt, track.red), (96, Some(63)));
    assert!(sdp.contains("a=rtpmap:63 red/48000/2\r\na=fmtp:63 96/96\r\n"), "{sdp}");
    for other in ["a=fmtp:63 96/0\r\n", "a=fmtp:63 0/0\r\n", ""] {
        let text = format!("a=rtpmap:63 red/48000/2\r\n{other}");
        let (track, sdp) = answer(Box::leak(text.into_boxed_str()));
        assert!(track.red.is_none() && !sdp.contains("red/"), "{other}");
    }
}
