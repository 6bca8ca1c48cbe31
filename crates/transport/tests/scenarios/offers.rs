//! Offers that programs really made, kept as seeds for the fuzzers, get answers that a parser other than ours reads.

use std::time::Instant;

use media::codec::{Codec, Kind};
use transport::{Accept, Answer, CodecChoice, Creds, Error, Offer, Peer, Role, Side};

use crate::pair::{h264, identity, vp8};

const CHROMIUM: &str = include_str!("../../../../fuzz/corpus/offer/chromium");
const FIREFOX: &str = include_str!("../../../../fuzz/corpus/offer/firefox");
const FFMPEG: &str = include_str!("../../../../fuzz/corpus/offer/ffmpeg");
const FFMPEG_ACTIVE: &str = include_str!("../../../../fuzz/corpus/offer/ffmpeg-active");
const AIORTC_PUBLISH: &str = include_str!("../../../../fuzz/corpus/offer/aiortc-publish");
const AIORTC_WATCH: &str = include_str!("../../../../fuzz/corpus/offer/aiortc-watch");

fn answer(sdp: &str, side: Side<'_>) -> Result<Answer, Error> {
    let offer = Offer::parse(sdp)?;
    let creds = Creds { ufrag: "w0s1g1".into(), pwd: "an-ice-password-of-26-chars".into() };
    let candidates = ["192.0.2.1:7000".parse().unwrap()];
    let now = Instant::now();
    let accept =
        Accept { now, identity: identity(), creds, candidates: &candidates, offer: &offer, side, ssrc_seed: 1 };
    Peer::accept(accept).map(|(_, answer)| answer)
}

#[test]
fn what_publishers_really_offer_is_accepted_whole() {
    for (name, sdp) in [
        ("chromium", CHROMIUM),
        ("firefox", FIREFOX),
        ("ffmpeg", FFMPEG),
        ("ffmpeg-active", FFMPEG_ACTIVE),
        ("aiortc", AIORTC_PUBLISH),
    ] {
        let offer = Offer::parse(sdp).unwrap_or_else(|error| panic!("{name}: {error}"));
        offer.validate(Role::Publish).unwrap_or_else(|error| panic!("{name}: {error}"));
        let answer = answer(sdp, Side::Publish).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!answer.sdp.contains("a=inactive"), "{name}");
        assert_eq!(answer.receivers.len(), sdp.matches("\nm=").count(), "{name}");
        assert!(answer.receivers.iter().all(|track| !track.codecs.is_empty()), "{name}");
        let setup = if sdp.contains("a=setup:passive") { "a=setup:active" } else { "a=setup:passive" };
        assert!(answer.sdp.contains(setup), "{name}");
    }
}

#[test]
fn what_viewers_really_offer_is_answered_with_one_codec() {
    let receive = |sdp: &str| sdp.replace("a=sendonly", "a=recvonly").replace("a=sendrecv", "a=recvonly");
    let opus = CodecChoice::opus();
    for (name, sdp, video) in [
        ("aiortc", AIORTC_WATCH.to_owned(), vp8()),
        ("aiortc", AIORTC_WATCH.to_owned(), h264("42e01f")),
        ("chromium", receive(CHROMIUM), vp8()),
        ("firefox", receive(FIREFOX), vp8()),
    ] {
        let answer = answer(&sdp, Side::Watch { audio: Some(&opus), video: Some(&video) })
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let track = answer.senders.iter().find(|track| track.kind == Kind::Video).unwrap();
        assert_eq!(track.codec, video.codec, "{name}");
        let others = ["VP8/", "H264/", "VP9/", "AV1/"].iter().filter(|codec| answer.sdp.contains(**codec)).count();
        assert_eq!(others, 1, "{name}: {}", answer.sdp);
    }
    assert_eq!(vp8().codec, Codec::Vp8);
}
