//! Entry points for fuzzing: each takes whatever bytes come, must not panic, and asserts what has to hold for all input.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::bwe::{Estimator, Limits, Sent};
use crate::rtcp::{self, Packet};
use crate::srtp::{Keys, Opener, Profile, Sealer};
use crate::stun::Request;
use crate::{Accept, CodecChoice, Creds, Datagram, Dial, Fragment, Identity, Offer, Peer, Reply, Side, demux};

/// Demultiplexing and binding requests.
pub fn fuzz_demux_stun(data: &[u8]) {
    let kind = demux(data);
    if let Some(request) = Request::parse(data) {
        assert_eq!(kind, Datagram::Stun);
        assert!(!request.local_ufrag.contains(':'));
        // The integrity of an arbitrary request under an arbitrary password holds for nobody.
        let _ = request.verify(request.remote_ufrag);
    }
}

/// Compound RTCP packets: every iterator is walked, and what can be written again reads the same.
pub fn fuzz_rtcp(data: &[u8]) {
    let mut bytes_read = 0;
    for packet in rtcp::read(data) {
        bytes_read += 4;
        match packet {
            Packet::SenderReport { ssrc, info, blocks } => {
                let blocks: Vec<_> = blocks.collect();
                assert!(blocks.len() <= 31);
                let mut again = Vec::new();
                rtcp::sender_report(&mut again, ssrc, &info, &blocks, "cname");
                let Some(Packet::SenderReport { ssrc: s, info: i, blocks: b }) = rtcp::read(&again).next() else {
                    panic!("a written sender report reads as one");
                };
                assert_eq!((s, i, b.collect::<Vec<_>>()), (ssrc, info, blocks));
            }
            Packet::ReceiverReport { blocks, .. } => assert!(blocks.count() <= 31),
            Packet::Bye(ssrcs) => assert!(ssrcs.count() <= 31),
            Packet::Nack { lost, .. } => {
                // 17 numbers from each four bytes at most.
                assert!(lost.count() <= data.len() / 4 * 17);
            }
            Packet::Fir { requests, .. } => assert!(requests.count() <= data.len() / 8),
            Packet::Twcc(twcc) => assert!(twcc.arrivals().count() <= usize::from(twcc.status_count)),
            Packet::Sdes(_) | Packet::Pli { .. } | Packet::Remb { .. } | Packet::Other { .. } => {}
        }
    }
    assert!(bytes_read <= data.len());
}

/// Offers, through the answers of both sides to what str0m makes of them.
pub fn fuzz_offer(data: &[u8]) {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(offer) = Offer::parse(text) else {
        return;
    };
    let identity = IDENTITY.get_or_init(|| Identity::generate().expect("a certificate can be made"));
    let candidates: [SocketAddr; 2] = [([192, 0, 2, 1], 7000).into(), ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 7000).into()];
    let (audio, video) = (CodecChoice::opus(), offer.codecs(media::codec::Kind::Video).next());
    let sides = [Side::Publish, Side::Watch { audio: Some(&audio), video: video.as_ref() }];
    for side in sides {
        let creds = Creds { ufrag: "fuzz".to_owned(), pwd: "0123456789012345678901".to_owned() };
        let now = Instant::now();
        let accept = Accept { now, identity, creds, candidates: &candidates, offer: &offer, side, ssrc_seed: 7 };
        let Ok((mut peer, answer)) = Peer::accept(accept) else {
            continue;
        };
        assert!(answer.sdp.lines().all(|line| !line.contains('\n')));
        assert_eq!(answer.sdp.matches("\r\nm=").count(), offer.sections.len());
        assert_eq!(answer.sdp.matches("a=rtcp-mux-only").count(), answer.senders.len() + answer.receivers.len());
        peer.handle_timeout(now);
        while peer.poll().is_some() {}
        peer.close(now);
        while peer.poll().is_some() {}
        assert!(peer.is_closed());
    }
}

/// Answers of other servers, through to what str0m makes of them.
pub fn fuzz_reply(data: &[u8]) {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(reply) = Reply::parse(text) else {
        return;
    };
    let identity = IDENTITY.get_or_init(|| Identity::generate().expect("a certificate can be made"));
    let creds = Creds { ufrag: "fuzz".to_owned(), pwd: "0123456789012345678901".to_owned() };
    let candidates: [SocketAddr; 1] = [([192, 0, 2, 1], 7000).into()];
    let now = Instant::now();
    let dial = Dial { now, identity, creds, candidates: &candidates, seed: 7 };
    let (mut peer, _) = Peer::dial(dial).expect("there is a candidate");
    if let Ok(tracks) = peer.accept_answer(now, &reply) {
        assert!((1..=2).contains(&tracks.len()) && tracks.iter().all(|track| !track.codecs.is_empty()));
    }
    peer.handle_timeout(now);
    while peer.poll().is_some() {}
    peer.close(now);
    while peer.poll().is_some() {}
    assert!(peer.is_closed());
}

/// Trickle fragments, read and written.
pub fn fuzz_fragment(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(fragment) = Fragment::parse(text) {
        for candidate in &fragment.candidates {
            crate::fragment::is_usable_candidate(candidate);
        }
        assert_eq!(Fragment::parse(&fragment.write()), Ok(fragment));
    }
}

/// Opening SRTP and SRTCP: nothing forged opens, everything sealed opens exactly once.
pub fn fuzz_srtcp(data: &[u8]) {
    for profile in [Profile::AeadAes128Gcm, Profile::AeadAes256Gcm, Profile::Aes128CmSha1_80] {
        let material = [7; 88];
        let material = &material[..2 * (profile.key_len() + profile.salt_len())];
        let keys = |client| Keys::from_dtls(profile, material, client).expect("the length is right");
        let mut out = Vec::new();
        let mut opener = Opener::new(&keys(true));
        assert!(opener.open_rtp(data, &mut out).is_err(), "forged");
        assert!(opener.open_rtcp(data, &mut out).is_err(), "forged");

        let mut sealer = Sealer::new(&keys(false));
        let mut packet = data.to_vec();
        packet.truncate(1500);
        let Some(first) = packet.first_mut() else { continue };
        *first = 0x80 | (*first & 0x3f);
        let clear = packet.clone();
        if sealer.seal_rtcp(&mut packet) {
            assert_eq!(opener.open_rtcp(&packet, &mut out), Ok(()));
            assert_eq!(out, clear);
            assert!(opener.open_rtcp(&packet, &mut out).is_err(), "replayed");
        }
    }
}

/// What a viewer reports, while something is sent: the estimate stays within its limits, and probes are bounded.
pub fn fuzz_bwe(data: &[u8]) {
    let limits = Limits::default();
    let mut estimator = Estimator::new(limits);
    let mut now = Instant::now();
    for packet in rtcp::read(data).take(64) {
        // 40 packets in 80 ms, about 5 Mbit/s: the seeds were made for this.
        for _ in 0..40 {
            estimator.sent(now, 1200, Sent::Media);
            now += Duration::from_millis(2);
        }
        match packet {
            Packet::Twcc(report) => estimator.feedback(now, &report),
            Packet::Remb { bitrate, .. } => estimator.remb(now, bitrate),
            Packet::SenderReport { blocks, .. } | Packet::ReceiverReport { blocks, .. } => {
                blocks.for_each(|block| {
                    estimator.receiver_report(now, &block, Some(Duration::from_millis(block.delay.into())));
                });
            }
            // Time in which nothing is heard.
            Packet::Other { kind } => now += Duration::from_millis(u64::from(kind) * 10),
            _ => {}
        }
        estimator.tick(now);
        if let Some(probe) = estimator.probe(now, u64::MAX) {
            assert!(probe.bytes <= 100_000 && (1..=100).contains(&probe.packets), "{probe:?}");
            for _ in 0..probe.packets {
                estimator.sent(now, probe.bytes.div_ceil(probe.packets), Sent::Probe(probe.id));
            }
        }
        assert!((limits.min_bps..=limits.max_bps).contains(&estimator.bps()), "{:?}", estimator.view());
        assert!((0.0..=1.0).contains(&estimator.view().loss), "{:?}", estimator.view());
    }
}
