//! Coded pictures as RTP payloads: H.264 with packetization mode 1 (RFC 6184), VP8 (RFC 7741).

use crate::codec::PictureId;
use crate::codec::vp8::{DESCRIPTOR_LEN_MAX, Descriptor};

/// Leaves room in 1,200 bytes, libwebrtc's packet size, for an RTP header with extensions.
pub const PAYLOAD_LEN_MAX: usize = 1_150;

const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const FU_START: u8 = 0x80;
const FU_END: u8 = 0x40;

/// An access unit's payloads. `sets` are the parameter sets that go before it in one packet, none where it needs none.
pub fn h264(sets: &[&[u8]], units: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    if !sets.is_empty() {
        payloads.push(aggregate(sets));
    }
    for unit in units {
        if unit.len() <= PAYLOAD_LEN_MAX {
            payloads.push(unit.to_vec());
        } else {
            fragment(unit, &mut payloads);
        }
    }
    payloads
}

/// A frame's payloads. Its number in the loop is its picture id, which whoever splices the stream replaces.
pub fn vp8(frame: &[u8], picture_id: u16) -> Vec<Vec<u8>> {
    let descriptor = Descriptor { picture_id: Some(PictureId::Bits15(picture_id & 0x7fff)), ..Descriptor::default() };
    let room = PAYLOAD_LEN_MAX - descriptor.encoded_len();
    let payload = |(n, part): (usize, &[u8])| {
        let mut bytes = [0; DESCRIPTOR_LEN_MAX];
        let len = Descriptor { partition_start: n == 0, ..descriptor }.write(&mut bytes);
        [&bytes[..len.expect("there is room for the longest")], part].concat()
    };
    evenly(frame, room).enumerate().map(payload).collect()
}

/// STAP-A. Its importance is the greatest of the units in it.
fn aggregate(units: &[&[u8]]) -> Vec<u8> {
    let importance = units.iter().filter_map(|unit| unit.first()).map(|header| header & 0x60).max().unwrap_or(0);
    let mut payload = vec![importance | STAP_A];
    for unit in units {
        payload.extend_from_slice(&(unit.len() as u16).to_be_bytes());
        payload.extend_from_slice(unit);
    }
    payload
}

/// FU-A. The unit's header is spread over both bytes in front of each part.
fn fragment(unit: &[u8], payloads: &mut Vec<Vec<u8>>) {
    let Some((header, body)) = unit.split_first() else { return };
    let first = payloads.len();
    for part in evenly(body, PAYLOAD_LEN_MAX - 2) {
        payloads.push([&[header & 0x60 | FU_A, header & 0x1f], part].concat());
    }
    payloads[first][1] |= FU_START;
    if let Some(last) = payloads.last_mut() {
        last[1] |= FU_END;
    }
}

/// In as few parts as fit, none much shorter than another: packets of one length leave in one message.
fn evenly(bytes: &[u8], len_max: usize) -> impl Iterator<Item = &[u8]> {
    let parts = bytes.len().div_ceil(len_max).max(1);
    bytes.chunks(bytes.len().div_ceil(parts).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::h264::Summary;

    #[test]
    fn a_small_unit_is_a_packet_and_sets_share_one() {
        let (sps, pps, idr) = ([0x67, 1, 2], [0x68, 3], [0x65, 0x88, 9]);
        let payloads = h264(&[&sps, &pps], &[&idr]);
        assert_eq!(payloads, [vec![0x78, 0, 3, 0x67, 1, 2, 0, 2, 0x68, 3], idr.to_vec()]);
    }

    #[test]
    fn a_large_unit_comes_back_from_its_fragments() {
        for len in [1_151, 1_152, 2_297, 5_000] {
            let unit: Vec<u8> = (0..len).map(|i| if i == 0 { 0x65 } else { i as u8 | 0x80 }).collect();
            let payloads = h264(&[], &[&unit]);
            let mut again = vec![payloads[0][0] & 0xe0 | payloads[0][1] & 0x1f];
            for (n, payload) in payloads.iter().enumerate() {
                assert!(payload.len() <= PAYLOAD_LEN_MAX);
                let summary = Summary::read(payload).unwrap();
                assert_eq!((summary.continues, summary.unfinished), (n > 0, n + 1 < payloads.len()));
                again.extend_from_slice(&payload[2..]);
            }
            assert_eq!(again, unit);
        }
    }

    #[test]
    fn a_vp8_frame_comes_back_from_its_packets() {
        for len in [1, 1_146, 1_147, 4_000] {
            let frame: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let mut again = Vec::new();
            for (n, payload) in vp8(&frame, 300).iter().enumerate() {
                assert!(payload.len() <= PAYLOAD_LEN_MAX);
                let (descriptor, part) = Descriptor::parse(payload).unwrap();
                assert_eq!(descriptor.frame_start(), n == 0);
                assert_eq!(descriptor.picture_id, Some(PictureId::Bits15(300)));
                again.extend_from_slice(part);
            }
            assert_eq!(again, frame);
        }
    }
}
