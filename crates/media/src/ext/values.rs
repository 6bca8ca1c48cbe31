//! A block of extensions read through a peer's map of ids.

use crate::ext::{Block, Kind, Map};

/// Longest mid or rid we take: what fits a one-byte element, and more than any browser makes.
const LABEL_LEN_MAX: usize = 16;

/// What a packet's extensions say. An element that is malformed or was not negotiated is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Values<'a> {
    pub mid: Option<&'a str>,
    pub rid: Option<&'a str>,
    pub repaired_rid: Option<&'a str>,
    /// Units of 2^-18 seconds, modulo 64 s.
    pub abs_send_time: Option<u32>,
    pub transport_seq: Option<u16>,
    pub audio_level: Option<AudioLevel>,
    /// For a [`crate::dd::Parser`].
    pub dependency_descriptor: Option<&'a [u8]>,
    /// For [`crate::ext::layers::Allocation::parse`].
    pub layers_allocation: Option<&'a [u8]>,
    pub playout_delay: Option<PlayoutDelay>,
    /// The byte of 3GPP TS 26.114: camera, flip, and rotation in quarter turns.
    pub orientation: Option<u8>,
}

/// How loud the sender says the audio in a packet is (RFC 6464).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioLevel {
    /// Decibels below overload: 0 is the loudest, 127 is silence.
    pub level: u8,
    pub voice: bool,
}

/// What the sender asks of the receiver's jitter buffer, in steps of 10 ms up to 40.95 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayoutDelay {
    pub min_ms: u16,
    pub max_ms: u16,
}

impl<'a> Values<'a> {
    pub fn read(block: Block<'a>, map: &Map) -> Values<'a> {
        let mut values = Values::default();
        for (id, data) in block.elements() {
            let Some(kind) = map.kind(id) else { continue };
            match kind {
                Kind::Mid => values.mid = label(data),
                Kind::Rid => values.rid = label(data),
                Kind::RepairedRid => values.repaired_rid = label(data),
                Kind::AbsSendTime => {
                    values.abs_send_time = data.first_chunk().map(|[a, b, c]| u32::from_be_bytes([0, *a, *b, *c]))
                }
                Kind::TransportSeq => values.transport_seq = data.first_chunk().map(|b| u16::from_be_bytes(*b)),
                Kind::AudioLevel => values.audio_level = data.first().map(|byte| AudioLevel::decode(*byte)),
                Kind::DependencyDescriptor => values.dependency_descriptor = Some(data),
                Kind::LayersAllocation => values.layers_allocation = Some(data),
                Kind::PlayoutDelay => values.playout_delay = data.first_chunk().map(|b| PlayoutDelay::decode(*b)),
                Kind::Orientation => values.orientation = data.first().copied(),
            }
        }
        values
    }
}

impl AudioLevel {
    fn decode(byte: u8) -> AudioLevel {
        AudioLevel { level: byte & 0x7f, voice: byte & 0x80 != 0 }
    }
}

impl PlayoutDelay {
    fn decode([a, b, c]: [u8; 3]) -> PlayoutDelay {
        let both = u32::from_be_bytes([0, a, b, c]);
        PlayoutDelay { min_ms: (both >> 12) as u16 * 10, max_ms: (both & 0xfff) as u16 * 10 }
    }

    pub(crate) fn encode(self) -> [u8; 3] {
        let step = |ms: u16| u32::from(ms / 10).min(0xfff);
        let both = (step(self.min_ms) << 12 | step(self.max_ms)).to_be_bytes();
        [both[1], both[2], both[3]]
    }
}

/// Mids and rids are SDP tokens, so anything beyond visible ASCII is somebody playing.
fn label(data: &[u8]) -> Option<&str> {
    if data.is_empty() || data.len() > LABEL_LEN_MAX || !data.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    std::str::from_utf8(data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ext::Form;

    fn map() -> Map {
        Kind::ALL.into_iter().zip(1..).fold(Map::new(), |map, (kind, id)| map.with(kind, id))
    }

    #[test]
    fn a_chrome_video_packet_is_read() {
        // mid "0", abs-send-time, transport sequence, rid "h".
        let bytes = [0x10, b'0', 0x42, 1, 2, 3, 0x51, 0xff, 0xfe, 0x20, b'h', 0];
        let values = Values::read(Block::new(Form::OneByte, &bytes), &map());
        assert_eq!((values.mid, values.rid), (Some("0"), Some("h")));
        assert_eq!(values.abs_send_time, Some(0x0001_0203));
        assert_eq!(values.transport_seq, Some(0xfffe));
    }

    #[test]
    fn short_or_unprintable_elements_are_absent() {
        let bytes = [0x10, 7, 0x40, 1, 0x50, 9, 0x90, 1, 0];
        assert_eq!(Values::read(Block::new(Form::OneByte, &bytes), &map()), Values::default());
        let long = [&[1, 17][..], &[b'a'; 17]].concat();
        assert_eq!(Values::read(Block::new(Form::TwoByte, &long), &map()).mid, None);
    }

    #[test]
    fn unknown_ids_are_stepped_over() {
        let bytes = [0xe0, 1, 0x60, 0x80 | 40, 0xa0, 3];
        let values = Values::read(Block::new(Form::OneByte, &bytes), &map());
        assert_eq!(values.audio_level, Some(AudioLevel { level: 40, voice: true }));
        assert_eq!(values.orientation, Some(3));
    }

    #[test]
    fn playout_delays_are_in_steps_of_ten_milliseconds() {
        assert_eq!(PlayoutDelay::decode([0x00, 0xa0, 0x14]), PlayoutDelay { min_ms: 100, max_ms: 200 });
        let longest = PlayoutDelay { min_ms: 40_950, max_ms: 65_535 };
        assert_eq!(PlayoutDelay::decode(longest.encode()), PlayoutDelay { min_ms: 40_950, max_ms: 40_950 });
    }
}
