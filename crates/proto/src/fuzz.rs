//! Entry points for the fuzzer, one per parser of outside bytes.

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
