//! VP8 in RTP (RFC 7741): the payload descriptor in front of each packet, and the frame header behind the first.

use crate::codec::{Facts, PictureId};

/// The longest a descriptor gets: first byte, extension byte, two of picture id, tl0, tid/keyidx.
pub const DESCRIPTOR_LEN_MAX: usize = 6;

/// The payload descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Descriptor {
    /// N: no other frame refers to this one.
    pub non_reference: bool,
    /// S: the packet begins a partition.
    pub partition_start: bool,
    /// PID, 0..8.
    pub partition: u8,
    pub picture_id: Option<PictureId>,
    pub tl0: Option<u8>,
    pub layer: Option<Layer>,
    pub keyidx: Option<u8>,
}

/// TID and Y.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    pub temporal: u8,
    /// Depends on the base layer only, so a viewer may enter the layer here.
    pub sync: bool,
}

impl Descriptor {
    /// Reads the descriptor at the front of `payload`; answers it and the VP8 bytes behind it. `None` when it is cut.
    pub fn parse(payload: &[u8]) -> Option<(Descriptor, &[u8])> {
        let (first, mut rest) = payload.split_first()?;
        let mut descriptor = Descriptor {
            non_reference: first & 0x20 != 0,
            partition_start: first & 0x10 != 0,
            partition: first & 0x07,
            ..Descriptor::default()
        };
        if first & 0x80 == 0 {
            return Some((descriptor, rest));
        }
        let present = take(&mut rest)?;
        if present & 0x80 != 0 {
            let high = take(&mut rest)?;
            descriptor.picture_id = Some(match high & 0x80 {
                0 => PictureId::Bits7(high),
                _ => PictureId::Bits15(u16::from_be_bytes([high & 0x7f, take(&mut rest)?])),
            });
        }
        if present & 0x40 != 0 {
            descriptor.tl0 = Some(take(&mut rest)?);
        }
        if present & 0x30 != 0 {
            let both = take(&mut rest)?;
            if present & 0x20 != 0 {
                descriptor.layer = Some(Layer { temporal: both >> 6, sync: both & 0x20 != 0 });
            }
            if present & 0x10 != 0 {
                descriptor.keyidx = Some(both & 0x1f);
            }
        }
        Some((descriptor, rest))
    }

    pub fn frame_start(&self) -> bool {
        self.partition_start && self.partition == 0
    }

    pub fn encoded_len(&self) -> usize {
        let id = match self.picture_id {
            None => 0,
            Some(PictureId::Bits7(_)) => 1,
            Some(PictureId::Bits15(_)) => 2,
        };
        let fields = id + usize::from(self.tl0.is_some()) + usize::from(self.has_layer_byte());
        1 + usize::from(fields > 0) + fields
    }

    /// Writes the descriptor to the front of `out`; answers how many bytes that took, `None` when there is no room.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let len = self.encoded_len();
        let out = out.get_mut(..len)?;
        out[0] =
            bit(len > 1, 0x80) | bit(self.non_reference, 0x20) | bit(self.partition_start, 0x10) | self.partition & 7;
        if len == 1 {
            return Some(len);
        }
        out[1] = bit(self.picture_id.is_some(), 0x80)
            | bit(self.tl0.is_some(), 0x40)
            | bit(self.layer.is_some(), 0x20)
            | bit(self.keyidx.is_some(), 0x10);
        let mut at = 2;
        let mut push = |byte| {
            out[at] = byte;
            at += 1;
        };
        match self.picture_id {
            Some(PictureId::Bits7(id)) => push(id & 0x7f),
            Some(PictureId::Bits15(id)) => {
                push(0x80 | (id >> 8) as u8);
                push(id as u8);
            }
            None => {}
        }
        if let Some(tl0) = self.tl0 {
            push(tl0);
        }
        if self.has_layer_byte() {
            let layer = self.layer.map_or(0, |layer| layer.temporal << 6 | bit(layer.sync, 0x20));
            push(layer | self.keyidx.unwrap_or(0) & 0x1f);
        }
        Some(len)
    }

    fn has_layer_byte(&self) -> bool {
        self.layer.is_some() || self.keyidx.is_some()
    }
}

/// New numbers for a packet of a spliced stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Cut to the width the packet has.
    pub picture_id: u16,
    pub tl0: u8,
    /// Cut to five bits.
    pub keyidx: u8,
}

/// Replaces the numbers that the packet's descriptor carries, in place; fields it lacks stay absent. Answers false, and
/// changes nothing, when the descriptor is cut.
pub fn rewrite(payload: &mut [u8], numbers: Numbers) -> bool {
    if Descriptor::parse(payload).is_none() {
        return false;
    }
    if payload[0] & 0x80 == 0 {
        return true;
    }
    let present = payload[1];
    let mut at = 2;
    if present & 0x80 != 0 {
        if payload[at] & 0x80 == 0 {
            payload[at] = numbers.picture_id as u8 & 0x7f;
            at += 1;
        } else {
            payload[at] = 0x80 | (numbers.picture_id >> 8) as u8;
            payload[at + 1] = numbers.picture_id as u8;
            at += 2;
        }
    }
    if present & 0x40 != 0 {
        payload[at] = numbers.tl0;
        at += 1;
    }
    if present & 0x10 != 0 {
        payload[at] = payload[at] & 0xe0 | numbers.keyidx & 0x1f;
    }
    true
}

/// Width and height, from the frame header of a key frame (`frame` is what follows the descriptor).
pub fn resolution(frame: &[u8]) -> Option<(u16, u16)> {
    let header: &[u8; 10] = frame.first_chunk()?;
    let key = header[0] & 1 == 0 && header[3..6] == [0x9d, 0x01, 0x2a];
    let size = |i: usize| u16::from_le_bytes([header[i], header[i + 1]]) & 0x3fff;
    key.then(|| (size(6), size(8)))
}

pub(crate) fn facts(payload: &[u8], marker: bool) -> Facts {
    let Some((descriptor, frame)) = Descriptor::parse(payload) else {
        return Facts::default();
    };
    let Some(first) = frame.first() else {
        return Facts::default();
    };
    let frame_start = descriptor.frame_start();
    // The P bit of the frame header is inverted: clear means key frame (RFC 6386 §9.1).
    let keyframe = frame_start && first & 1 == 0;
    Facts {
        keyframe,
        frame_start,
        frame_end: marker,
        temporal: descriptor.layer.map_or(0, |layer| layer.temporal),
        switch_point: keyframe || descriptor.layer.is_some_and(|layer| layer.sync),
        picture_id: descriptor.picture_id,
        tl0: descriptor.tl0,
        keyidx: descriptor.keyidx,
        discardable: descriptor.non_reference,
        ..Facts::default()
    }
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    Some(*first)
}

fn bit(set: bool, mask: u8) -> u8 {
    if set { mask } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As libwebrtc sends it: 15-bit id, tl0, tid with sync, keyidx; then a key frame of 640x360.
    const KEY: [u8; 16] =
        [0x90, 0xf0, 0x92, 0x34, 0x07, 0x21, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];

    #[test]
    fn a_browser_key_frame_is_read() {
        let facts = facts(&KEY, false);
        assert!(facts.keyframe && facts.frame_start && facts.switch_point && !facts.frame_end && !facts.discardable);
        assert_eq!(facts.picture_id, Some(PictureId::Bits15(0x1234)));
        assert_eq!((facts.tl0, facts.temporal, facts.keyidx), (Some(7), 0, Some(1)));
        let (descriptor, frame) = Descriptor::parse(&KEY).unwrap();
        assert_eq!(descriptor.encoded_len(), DESCRIPTOR_LEN_MAX);
        assert_eq!(resolution(frame), Some((640, 360)));
    }

    #[test]
    fn only_the_packet_that_begins_partition_zero_can_be_a_key_frame() {
        let middle = [0x80, 0x80, 0x11, 0x10];
        assert!(!facts(&middle, true).keyframe && facts(&middle, true).frame_end);
        let second_partition = [0x11, 0x10];
        assert!(!facts(&second_partition, false).frame_start);
        let delta = [0x10, 0x11];
        assert!(facts(&delta, false).frame_start && !facts(&delta, false).keyframe);
    }

    #[test]
    fn an_upper_temporal_layer_frame_is_read() {
        let facts = facts(&[0xb0, 0xe0, 0x05, 0x09, 0x80, 0x01], true);
        assert_eq!((facts.temporal, facts.switch_point, facts.discardable), (2, false, true));
        assert_eq!((facts.picture_id, facts.keyidx), (Some(PictureId::Bits7(5)), None));
    }

    #[test]
    fn a_cut_descriptor_says_nothing() {
        for len in 0..6 {
            assert_eq!(facts(&KEY[..len], true), Facts::default());
            assert!(!rewrite(&mut KEY[..len].to_vec(), Numbers { picture_id: 0, tl0: 0, keyidx: 0 }));
        }
    }

    #[test]
    fn numbers_are_rewritten_in_their_width_and_nothing_else_changes() {
        let mut payload = KEY;
        assert!(rewrite(&mut payload, Numbers { picture_id: 0xffff, tl0: 200, keyidx: 0xff }));
        assert_eq!(payload[..6], [0x90, 0xf0, 0xff, 0xff, 200, 0x3f]);
        assert_eq!(payload[6..], KEY[6..]);
        let mut short = [0x90, 0x80, 0x05, 0x01];
        assert!(rewrite(&mut short, Numbers { picture_id: 0x1283, tl0: 9, keyidx: 9 }));
        assert_eq!(short, [0x90, 0x80, 0x03, 0x01]);
        let mut bare = [0x10, 0x01];
        assert!(rewrite(&mut bare, Numbers { picture_id: 1, tl0: 1, keyidx: 1 }));
        assert_eq!(bare, [0x10, 0x01]);
    }

    proptest! {
        #[test]
        fn a_descriptor_means_the_same_after_writing_it(payload in proptest::collection::vec(any::<u8>(), 1..12)) {
            if let Some((descriptor, _)) = Descriptor::parse(&payload) {
                let mut out = [0; DESCRIPTOR_LEN_MAX];
                let len = descriptor.write(&mut out).unwrap();
                prop_assert_eq!(Descriptor::parse(&out[..len]), Some((descriptor, &[][..])));
            }
        }

        #[test]
        fn a_rewritten_packet_carries_the_new_numbers(payload in proptest::collection::vec(any::<u8>(), 1..12), picture_id: u16, tl0: u8, keyidx in 0u8..32) {
            let mut payload = payload;
            let before = Descriptor::parse(&payload).map(|(descriptor, _)| descriptor);
            prop_assert_eq!(rewrite(&mut payload, Numbers { picture_id, tl0, keyidx }), before.is_some());
            if let Some(before) = before {
                let (after, _) = Descriptor::parse(&payload).unwrap();
                let expected = Descriptor {
                    picture_id: before.picture_id.map(|id| match id {
                        PictureId::Bits7(_) => PictureId::Bits7(picture_id as u8 & 0x7f),
                        PictureId::Bits15(_) => PictureId::Bits15(picture_id & 0x7fff),
                    }),
                    tl0: before.tl0.map(|_| tl0),
                    keyidx: before.keyidx.map(|_| keyidx),
                    ..before
                };
                prop_assert_eq!(after, expected);
            }
        }
    }
}
