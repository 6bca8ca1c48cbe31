//! Entry points for the fuzzer, one per parser of outside bytes.

use crate::data::{Lane, Member, Post, RECIPIENTS_MAX, Said, Sent, TOPIC_LEN_MAX};
use crate::meeting::{PacketError, parse};

/// What is read of a client's packet is written and read again as the same.
pub fn fuzz_packet(data: &[u8]) {
    if let Ok(packet) = parse(data) {
        let text = serde_json::to_vec(&packet).expect("what was read can be written");
        match parse(&text) {
            Ok(again) => assert_eq!(again, packet),
            // Written with its defaults and escapes a packet may be longer than it was.
            Err(e) => assert!(matches!(e, PacketError::TooLarge(_)), "{e}"),
        }
    }
}

/// The first byte chooses the form. What was read of a peer keeps its bounds, and is written and read again as the same.
pub fn fuzz_message(data: &[u8]) {
    let Some((&form, bytes)) = data.split_first() else { return };
    match form % 4 {
        0 | 1 => {
            let lane = Lane::ALL[usize::from(form % 2)];
            let Ok(sent) = Sent::parse(lane, bytes) else { return };
            assert!(sent.topic.len() <= TOPIC_LEN_MAX && sent.to.len() <= RECIPIENTS_MAX);
            assert!(sent.to.iter().all(|to| to.len() <= Member::LEN_MAX) && sent.payload.len() <= lane.payload_max());
            assert_eq!(sent.encode(), bytes);
        }
        2 => {
            let Some(said) = Said::parse(bytes) else { return };
            assert_eq!(Said::parse(&said.encode()), Some(said));
        }
        _ => {
            let Some(post) = Post::parse(bytes) else { return };
            assert_eq!(Post::parse(&post.encode()), Some(post));
        }
    }
}
