//! Entry points for the fuzzer: the two places where a stranger's bytes come in.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use crate::announce::{Announcement, Track};
use crate::handshake::{Handshake, Step};
use crate::stream::{FeedId, Heard, Streams};

/// What a client writes to the control connection, in pieces as TCP may cut it, with every question answered by yes: that gets
/// furthest.
pub fn fuzz_ftl_handshake(data: &[u8]) {
    let mut handshake = Handshake::new([7; 128]);
    for piece in data.chunks(64) {
        handshake.read(piece);
        while let Some(step) = handshake.poll() {
            match step {
                Step::Say(text) => assert!(text.starts_with("20") && text.ends_with('\n')),
                Step::Claim(claim) => {
                    assert_eq!(claim.proof.len(), 64);
                    handshake.admit();
                }
                Step::Begin(announcement) => {
                    assert!(announcement.video.is_some() || announcement.audio.is_some());
                    handshake.start(8084);
                    assert!(handshake.is_live());
                }
                Step::Left | Step::Refuse(_) => assert!(!handshake.is_live()),
            }
        }
    }
}

/// Datagrams of an address with two sessions, each with its length in front.
pub fn fuzz_ftl_stream(data: &[u8]) {
    let (now, ip) = (Instant::now(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    let mut streams = Streams::default();
    for (feed, audio) in [(1, 77), (2, 0x0102_0304)] {
        let track = |ssrc, payload_type| Some(Track { ssrc, payload_type });
        let vendor = String::new();
        let announcement = Announcement { vendor, video: track(audio + 1, 96), audio: track(audio, 97), size: None };
        streams.add(now, FeedId(feed), audio, ip, &announcement).expect("their SSRCs differ");
    }
    let mut rest = data;
    while let Some((&len, tail)) = rest.split_first() {
        let (datagram, tail) = tail.split_at(usize::from(len).min(tail.len()));
        rest = tail;
        if let Ok(Heard::Media { feed, payload, .. }) = streams.handle(now, ip, datagram) {
            assert!(matches!(feed, FeedId(1 | 2)) && payload.len() + 12 <= datagram.len());
        }
    }
    while let Some(feed) = streams.silent(now + Duration::from_secs(5)) {
        streams.remove(feed);
    }
    assert!(streams.is_empty());
}
