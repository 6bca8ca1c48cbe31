use media::codec::{Codec, Kind};
use transport::client::{self, Publish};
use transport::{CodecChoice, Role, srtp::Profile};

use crate::pair::{Pair, Way, h264, ms, rid, vp8};

fn av() -> Publish {
    Publish { audio: Some(CodecChoice::opus()), video: Some(vp8()), ..Publish::default() }
}

#[test]
fn a_publisher_connects_and_its_packets_arrive() {
    let mut pair = Pair::publish(&av());
    pair.run_until_connected();
    assert_eq!(pair.profile, Some(Profile::AeadAes256Gcm));
    for seq in 0..200 {
        pair.send_up(Kind::Video, None, 65_500 + seq, format!("video {seq}").as_bytes());
        pair.send_up(Kind::Audio, None, seq, format!("audio {seq}").as_bytes());
        pair.run(ms(20));
    }
    let video: Vec<_> = pair.received.iter().filter(|r| r.codec == Codec::Vp8).collect();
    assert_eq!(video.len(), 200);
    for (i, received) in video.iter().enumerate() {
        assert_eq!(received.seq, 65_500 + i as u64, "extended across the wrap");
        assert_eq!(&*received.payload, format!("video {i}").as_bytes());
        assert!(received.marker && received.rid.is_none());
    }
    assert_eq!(pair.received.iter().filter(|r| r.codec == Codec::Opus).count(), 200);
    assert_eq!(pair.peer.counters().not_authentic, 0);
    assert_eq!(pair.peer.counters().replayed, 0);
    assert!(pair.sender_reports.len() >= 2, "sender reports surface for lip sync");
}

#[test]
fn audio_level_and_dependency_descriptor_come_through() {
    let mut pair = Pair::publish(&av());
    pair.run_until_connected();
    // The first is longer than 16 bytes and forces two-byte extension headers.
    for (seq, dd) in [&[7u8; 40][..], &[1, 2, 3]].into_iter().enumerate() {
        let packet = client::Packet {
            kind: Kind::Video,
            rid: None,
            seq: seq as u64,
            time: 0,
            marker: false,
            payload: b"v",
            audio_level: None,
            dd: Some(dd),
        };
        assert!(pair.client.send_rtp(pair.now, &packet));
        let packet = client::Packet { kind: Kind::Audio, audio_level: Some((30, true)), dd: None, ..packet };
        assert!(pair.client.send_rtp(pair.now, &packet));
        pair.client.handle_timeout(pair.now);
        pair.run(ms(20));
    }
    let dds: Vec<_> = pair.received.iter().filter_map(|r| r.dd.as_deref()).collect();
    assert_eq!(dds, [&[7u8; 40][..], &[1, 2, 3]]);
    let levels: Vec<_> = pair.received.iter().filter_map(|r| r.audio_level).collect();
    assert_eq!(levels, [(30, true), (30, true)]);
}

#[test]
fn simulcast_layers_are_told_apart_and_asked_for_keyframes_apart() {
    let rids = ["f", "h", "q"].map(rid);
    let mut pair = Pair::publish(&Publish { rids: rids.to_vec(), ..av() });
    let track = pair.answer.receivers.iter().find(|track| track.kind == Kind::Video).unwrap();
    assert_eq!(track.rids, rids);
    let mid = track.mid;
    pair.run_until_connected();
    assert!(!pair.peer.request_keyframe(mid, Some(rid("h"))), "nothing of it has arrived");
    for seq in 0..50 {
        for rid in rids {
            pair.send_up(Kind::Video, Some(rid), 100 + seq, format!("{rid} {seq}").as_bytes());
        }
        pair.run(ms(10));
    }
    for rid in rids {
        let layer: Vec<_> = pair.received.iter().filter(|r| r.rid == Some(rid)).collect();
        assert_eq!(layer.len(), 50, "{rid}");
        assert!(layer.iter().all(|r| r.payload.starts_with(rid.as_str().as_bytes())));
    }
    assert!(pair.peer.request_keyframe(mid, Some(rid("h"))));
    pair.run(ms(100));
    assert_eq!(pair.keyframes_requested, [(Kind::Video, Some(rid("h")))]);
}

#[test]
fn a_keyframe_request_reaches_a_single_stream() {
    let mut pair = Pair::publish(&av());
    let mid = pair.answer.receivers.iter().find(|track| track.kind == Kind::Video).unwrap().mid;
    pair.run_until_connected();
    pair.send_up(Kind::Video, None, 0, b"first");
    assert!(pair.peer.request_keyframe(mid, None));
    pair.run(ms(50));
    assert_eq!(pair.keyframes_requested, [(Kind::Video, None)]);
}

#[test]
fn lost_video_is_repaired_and_never_comes_twice() {
    let mut pair = Pair::publish(&av());
    pair.run_until_connected();
    let mut n = 0;
    // Every 10th RTP datagram from the publisher is lost, repairs included.
    pair.filter = Box::new(move |way, bytes| {
        if way == Way::Up && bytes[0] >= 128 && !(192..=223).contains(&bytes[1]) {
            n += 1;
            return n % 10 != 0;
        }
        true
    });
    for seq in 0..500 {
        pair.send_up(Kind::Video, None, seq, format!("video {seq}").as_bytes());
        pair.run(ms(4));
    }
    pair.filter = Box::new(|_, _| true);
    pair.run(ms(500));
    assert_eq!(pair.received_seqs(), (0..500).collect::<Vec<_>>());
    for received in &pair.received {
        assert_eq!(&*received.payload, format!("video {}", received.seq).as_bytes());
    }
}

#[test]
fn a_publisher_that_names_neither_ssrc_nor_section_is_understood_by_payload_type() {
    let now = std::time::Instant::now();
    let setup = client::Setup { now, identity: crate::pair::identity(), address: "198.51.100.1:5000".parse().unwrap() };
    let client = client::Client::publisher(setup, &av()).unwrap();
    // Neither the SSRC lines nor the header extensions reach the server.
    let strip = |sdp: String| {
        let keep = |line: &&str| !["a=ssrc", "a=extmap"].iter().any(|start| line.starts_with(start));
        sdp.split_inclusive('\n').filter(keep).collect::<String>()
    };
    let server = "192.0.2.1:7000".parse().unwrap();
    let mut pair = Pair::connect(now, client, transport::Side::Publish, &[server], strip).unwrap();
    pair.run_until_connected();
    for seq in 0..20 {
        pair.send_up(Kind::Video, None, seq, b"video");
        pair.send_up(Kind::Audio, None, seq, b"audio");
        pair.run(ms(10));
    }
    assert_eq!(pair.received.iter().filter(|r| r.codec == Codec::Vp8).count(), 20);
    assert_eq!(pair.received.iter().filter(|r| r.codec == Codec::Opus).count(), 20);
}

#[test]
fn a_publisher_on_ipv6_connects() {
    let mut pair = Pair::publish_at(&av(), "[2001:db8::1]:7000", "[2001:db8::2]:5000");
    assert!(pair.answer.sdp.contains("c=IN IP6 2001:db8::1"));
    pair.run_until_connected();
    pair.send_up(Kind::Video, None, 1, b"six");
    assert_eq!(pair.received.len(), 1);
}

#[test]
fn every_codec_we_name_is_accepted_from_a_publisher() {
    let choice = |codec, fmtp: &str| CodecChoice { codec, fmtp: fmtp.to_owned() };
    let codecs = [
        choice(Codec::Vp9, "profile-id=0"),
        h264("42001f"),
        h264("42e01f"),
        h264("4d001f"),
        h264("64001f"),
        choice(Codec::H265, "profile-id=1;tier-flag=0;level-id=93"),
        choice(Codec::Av1, "profile=0;level-idx=5;tier=0"),
    ];
    for codec in codecs {
        let mut pair = Pair::publish(&Publish { video: Some(codec.clone()), ..Publish::default() });
        pair.run_until_connected();
        pair.send_up(Kind::Video, None, 1, b"frame");
        assert_eq!(pair.received.len(), 1, "{codec}");
        assert_eq!(pair.received[0].codec, codec.codec);
        let [(pt, offered)] = &pair.answer.receivers[0].codecs[..] else { panic!("{:?}", pair.answer.receivers) };
        assert_eq!((*pt, offered.to_string()), (pair.received[0].pt, codec.to_string()));
    }
}

#[test]
fn the_answer_has_what_whip_asks_for() {
    let pair = Pair::publish(&Publish { rids: vec![rid("a"), rid("b")], ..av() });
    let sdp = &pair.answer.sdp;
    let sections: Vec<&str> = sdp.split("\r\nm=").skip(1).collect();
    assert_eq!(sections.len(), 2);
    for section in &sections {
        for line in ["a=rtcp-mux\r\n", "a=rtcp-mux-only\r\n", "a=recvonly", "a=setup:passive", "a=fingerprint:sha-256 "]
        {
            assert!(section.contains(line), "{line} in {section}");
        }
        assert!(!section.contains("a=msid:"));
        assert!(!section.split_whitespace().nth(1).unwrap().eq("0"), "no rejected section");
    }
    assert!(sections[0].contains("a=candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host\r\n"));
    assert!(sections[0].contains("a=end-of-candidates"));
    assert!(sdp.contains("a=ice-lite\r\n") && sdp.contains("a=ice-ufrag:w0s1g1\r\n"));
    assert!(sdp.contains("a=simulcast:recv a;b\r\n") && sdp.contains("a=rid:b recv\r\n"));
    assert!(sdp.contains("nack pli") && sdp.contains("transport-cc") && sdp.contains("rtx/90000"));
    assert!(transport::Offer::parse(sdp).unwrap().validate(Role::Watch).is_err(), "an answer is no offer");
}

/// The client's Opus becomes RED on its way to the server, and plain Opus gets another number; back again in the answer.
fn with_red(sdp: String) -> String {
    let opus =
        |line: &str| line.strip_prefix("a=rtpmap:").and_then(|l| l.strip_suffix(" opus/48000/2")?.parse::<u8>().ok());
    let pt = sdp.lines().find_map(opus).unwrap();
    let audio = |line: &&str| line.starts_with("m=audio");
    let format = format!(" {pt}");
    if sdp.contains("a=recvonly") {
        // The answer, without what it says of the other payload type.
        let (red, other) = (sdp.lines().find_map(|l| l.strip_suffix(" red/48000/2")).unwrap(), pt);
        let keep = |line: &&str| !line.contains(&format!(":{other} "));
        let names = |line: &str| {
            line.replace(" red/48000/2", " opus/48000/2").replace(&format!("{other}/{other}"), "minptime=10")
        };
        let lines = sdp.split_inclusive('\n').filter(keep).map(names);
        let lines = lines.map(|line| if audio(&&*line) { line.replace(&format, "") } else { line });
        assert!(red.starts_with("a=rtpmap:"));
        return lines.collect();
    }
    let names = |line: &str| {
        let line = if audio(&line) { line.replace(&format, &format!("{format} 63")) } else { line.to_owned() };
        let plain = format!("a=rtpmap:63 opus/48000/2\r\na=rtpmap:{pt} red/48000/2\r\na=fmtp:{pt} 63/63\r\n");
        match line.trim_end() {
            line if opus(line).is_some() => plain,
            other if other.starts_with(&format!("a=fmtp:{pt} ")) => line.replace(&format!(":{pt} "), ":63 "),
            _ => line,
        }
    };
    sdp.split_inclusive('\n').map(names).collect()
}

#[test]
fn a_publisher_that_sends_redundant_audio_is_understood() {
    let now = std::time::Instant::now();
    let setup = client::Setup { now, identity: crate::pair::identity(), address: "198.51.100.1:5000".parse().unwrap() };
    let client = client::Client::publisher(setup, &av()).unwrap();
    let server = "192.0.2.1:7000".parse().unwrap();
    let mut pair = Pair::connect(now, client, transport::Side::Publish, &[server], with_red).unwrap();
    let (red, opus) = pair.answer.receivers[0].red.unwrap();
    assert_eq!(opus, 63);
    let audio = pair.answer.sdp.lines().find(|line| line.starts_with("m=audio")).unwrap();
    assert!(audio.ends_with(&format!(" {red} 63")), "redundancy is first where it was offered first: {audio}");
    assert!(pair.answer.sdp.contains(&format!("a=rtpmap:{red} red/48000/2\r\na=fmtp:{red} 63/63\r\n")));
    pair.run_until_connected();
    let mut payload = Vec::new();
    media::red::write(63, &[(960, b"before")], b"now", &mut payload);
    pair.send_up(Kind::Audio, None, 1, &payload);
    pair.send_up(Kind::Audio, None, 2, b"\xff\xff");
    pair.run(ms(50));
    let [received] = &pair.received[..] else { panic!("what is no RED is no audio: {:?}", pair.received) };
    assert_eq!((received.codec, received.pt, &*received.payload), (Codec::Opus, 63, &b"now"[..]));
    assert_eq!(received.red.as_deref(), Some(&payload[..]));
}
