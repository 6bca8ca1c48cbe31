//! A client to whom the server makes the offer. Our `Peer` never does that, so the other end is a publisher's offer that
//! nobody answers but us.

use transport::client::{Publish, Setup, Watch};
use transport::{Client, CodecChoice, Error};

use crate::pair::{h264, identity, vp8};

fn setup() -> Setup<'static> {
    Setup { now: std::time::Instant::now(), identity: identity(), address: "198.51.100.1:5000".parse().unwrap() }
}

#[test]
fn a_viewer_that_is_offered_media_answers_with_what_it_can_play() {
    let publish = Publish { audio: Some(CodecChoice::opus()), video: Some(vp8()), ..Publish::default() };
    let server = Client::publisher(setup(), &publish).unwrap();
    let watch = Watch { audio: vec![CodecChoice::opus()], video: vec![h264("42e01f"), vp8()], ..Watch::default() };
    let (client, answer) = Client::answerer(setup(), &watch, server.offer()).unwrap();
    assert!(answer.contains("VP8") && answer.contains("opus") && !answer.contains("H264"), "{answer}");
    assert_eq!(answer.matches("a=recvonly").count(), 2, "{answer}");
    assert!(answer.contains("198.51.100.1 5000 typ host") && client.offer().is_empty(), "{answer}");
    let mut server = server;
    server.accept_answer(&answer).unwrap();
}

#[test]
fn what_is_no_offer_is_refused() {
    let watch = Watch { audio: vec![CodecChoice::opus()], ..Watch::default() };
    let Err(error) = Client::answerer(setup(), &watch, "hello") else { panic!("a greeting is no offer") };
    assert!(matches!(error, Error::Answer(_)), "{error}");
}
