//! What a generated payload says about itself: whose it is, which one, and whether a byte of it changed on the way.
//!
//! The tag sits at the payload's end, where every codec here has entropy-coded bytes. It is written in groups of seven
//! bits with the top bit set, so it can neither contain a start code nor need escaping, and it ends in 0x80, which
//! H.264 and H.265 want as the last byte of a unit.

use crate::Codec;
use crate::codec::{vp8, vp9};

const MAGIC: u64 = 0x2d5b;
const MAGIC_LEN: usize = 2;
const STREAM_LEN: usize = 5;
const COUNTER_LEN: usize = 10;
const HASH_LEN: usize = 5;
const END: u8 = 0x80;

/// Bytes a payload gives up for its tag.
pub const TAG_LEN: usize = MAGIC_LEN + STREAM_LEN + COUNTER_LEN + HASH_LEN + 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag {
    pub stream: u32,
    /// Counts the tagged packets of a stream from 0.
    pub counter: u64,
    hash: u32,
}

/// The tag of a payload; `None` for one that was not generated here, or was cut.
pub fn read_tag(_codec: Codec, payload: &[u8]) -> Option<Tag> {
    let (_, tag) = payload.split_last_chunk::<TAG_LEN>()?;
    let mut rest = &tag[..];
    let mut take = |len: usize| {
        let (group, tail) = rest.split_at(len);
        rest = tail;
        ungroup(group)
    };
    let (magic, stream) = (take(MAGIC_LEN)?, take(STREAM_LEN)?);
    let (counter, hash) = (take(COUNTER_LEN)?, take(HASH_LEN)?);
    (magic == MAGIC && tag[TAG_LEN - 1] == END).then_some(())?;
    Some(Tag { stream: u32::try_from(stream).ok()?, counter, hash: u32::try_from(hash).ok()? })
}

/// Whether the payload is tagged and its bytes are those that were tagged. What a server may rewrite (the payload
/// descriptors of VP8 and VP9) does not count.
pub fn tag_is_intact(codec: Codec, payload: &[u8]) -> bool {
    read_tag(codec, payload).is_some_and(|tag| tag.hash == hash_of(codec, payload))
}

/// Overwrites the end of `payload`, which is at least [`TAG_LEN`] long behind its descriptor.
pub(super) fn write_tag(codec: Codec, payload: &mut [u8], stream: u32, counter: u64) {
    let start = payload.len() - TAG_LEN;
    let tag = &mut payload[start..];
    let (magic, rest) = tag.split_at_mut(MAGIC_LEN);
    let (stream_at, rest) = rest.split_at_mut(STREAM_LEN);
    let (counter_at, rest) = rest.split_at_mut(COUNTER_LEN);
    group(MAGIC, magic);
    group(u64::from(stream), stream_at);
    group(counter, counter_at);
    rest[HASH_LEN] = END;
    let hash = hash_of(codec, payload);
    group(u64::from(hash), &mut payload[start + TAG_LEN - HASH_LEN - 1..start + TAG_LEN - 1]);
}

fn hash_of(codec: Codec, payload: &[u8]) -> u32 {
    let media = match codec {
        Codec::Vp8 => vp8::Descriptor::parse(payload).map_or(payload, |(_, media)| media),
        Codec::Vp9 => vp9::Descriptor::parse(payload).map_or(payload, |(_, media)| media),
        _ => payload,
    };
    hash(&media[..media.len().saturating_sub(HASH_LEN + 1)])
}

/// Finds accidents, not attacks. Four words side by side, because every viewer of a load test hashes every packet.
fn hash(bytes: &[u8]) -> u32 {
    const PRIME: u64 = 0x9fb2_1c65_1e98_df25;
    let mix = |state: u64, word: u64| (state.rotate_left(29) ^ word).wrapping_mul(PRIME);
    let mut lanes = [PRIME, !PRIME, PRIME >> 1, bytes.len() as u64];
    let (blocks, rest) = bytes.as_chunks::<32>();
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane = mix(*lane, u64::from_le_bytes(*word));
        }
    }
    let state = lanes.into_iter().fold(0, mix);
    let state = rest.iter().fold(state, |state, byte| mix(state, u64::from(*byte)));
    (state ^ state >> 32) as u32
}

fn group(value: u64, out: &mut [u8]) {
    for (i, byte) in out.iter_mut().rev().enumerate() {
        *byte = 0x80 | (value >> (7 * i)) as u8;
    }
}

fn ungroup(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0, |value, byte| (byte & 0x80 != 0).then_some(value << 7 | u64::from(byte & 0x7f)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged() -> Vec<u8> {
        let mut payload = vec![0xfc; 60];
        write_tag(Codec::Opus, &mut payload, u32::MAX - 1, u64::MAX - 2);
        payload
    }

    #[test]
    fn a_tag_comes_back_as_it_was_written() {
        let payload = tagged();
        let tag = read_tag(Codec::Opus, &payload).unwrap();
        assert_eq!((tag.stream, tag.counter), (u32::MAX - 1, u64::MAX - 2));
        assert!(tag_is_intact(Codec::Opus, &payload));
        assert!(payload.iter().all(|byte| *byte >= 0x80), "nothing that looks like a start code");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let payload = tagged();
        for i in 0..payload.len() {
            for bit in 0..8 {
                let mut changed = payload.clone();
                changed[i] ^= 1 << bit;
                assert!(!tag_is_intact(Codec::Opus, &changed), "bit {bit} of byte {i}");
            }
        }
        assert!(!tag_is_intact(Codec::Opus, &payload[1..]) && !tag_is_intact(Codec::Opus, &payload[..59]));
    }

    #[test]
    fn a_payload_without_a_tag_has_none() {
        assert_eq!(read_tag(Codec::Opus, &[0xfc; 80]), None);
        assert_eq!(read_tag(Codec::Opus, &[0xfc; 5]), None);
    }

    #[test]
    fn a_rewritten_descriptor_does_not_break_the_tag() {
        let mut payload = vec![0x90, 0xf0, 0x92, 0x34, 7, 0x21];
        payload.resize(90, 0x91);
        write_tag(Codec::Vp8, &mut payload, 1, 2);
        assert!(vp8::rewrite(&mut payload, vp8::Numbers { picture_id: 9, tl0: 9, keyidx: 9 }));
        assert!(tag_is_intact(Codec::Vp8, &payload));
    }
}
