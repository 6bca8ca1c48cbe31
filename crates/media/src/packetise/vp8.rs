//! VP8 into RTP (RFC 7741).

use super::evenly;
use crate::codec::PictureId;
use crate::codec::vp8::{DESCRIPTOR_LEN_MAX, Descriptor};

/// The payloads of one frame, none longer than `payload_max`, which is more than a descriptor; the last one gets the marker bit.
/// Only the lowest 15 bits of the picture id are sent.
pub fn packetise(frame: &[u8], picture_id: u16, payload_max: usize) -> Vec<Vec<u8>> {
    let descriptor = Descriptor { picture_id: Some(PictureId::Bits15(picture_id & 0x7fff)), ..Descriptor::default() };
    let room = payload_max.saturating_sub(descriptor.encoded_len()).max(1);
    let payload = |(n, part): (usize, &[u8])| {
        let mut bytes = [0; DESCRIPTOR_LEN_MAX];
        let len = Descriptor { partition_start: n == 0, ..descriptor }.write(&mut bytes);
        [&bytes[..len.expect("there is room for the longest")], part].concat()
    };
    evenly(frame, room).enumerate().map(payload).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_from_its_packets() {
        for len in [1, 1_146, 1_147, 4_000] {
            let frame: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let mut again = Vec::new();
            for (n, payload) in packetise(&frame, 300, 1_150).iter().enumerate() {
                assert!(payload.len() <= 1_150);
                let (descriptor, part) = Descriptor::parse(payload).unwrap();
                assert_eq!(descriptor.frame_start(), n == 0);
                assert_eq!(descriptor.picture_id, Some(PictureId::Bits15(300)));
                again.extend_from_slice(part);
            }
            assert_eq!(again, frame);
        }
    }
}
