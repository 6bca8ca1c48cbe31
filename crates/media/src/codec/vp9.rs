//! VP9 in RTP (RFC 9628): the payload descriptor, flexible and non-flexible mode, with spatial and temporal layers.

use crate::codec::{Facts, PictureId};

/// Most spatial layers a scalability structure can name.
pub const SPATIAL_MAX: usize = 8;
/// Most references a packet may list.
const REFERENCES_MAX: usize = 3;

/// The payload descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Descriptor {
    /// P: predicted from earlier pictures.
    pub inter_picture: bool,
    /// F: references are listed rather than implied by the picture group.
    pub flexible: bool,
    /// B and E: first and last packet of a layer frame.
    pub frame_start: bool,
    pub frame_end: bool,
    /// Z: no upper spatial layer of this picture needs this frame.
    pub not_for_upper: bool,
    pub picture_id: Option<PictureId>,
    pub layer: Option<Layer>,
    /// Non-flexible mode only.
    pub tl0: Option<u8>,
    references: [u8; REFERENCES_MAX],
    reference_count: u8,
    pub scalability: Option<Scalability>,
}

/// TID, U, SID and D.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    pub temporal: u8,
    /// A viewer may go up to higher temporal layers after this frame.
    pub switching_up: bool,
    pub spatial: u8,
    /// Predicted from the spatial layer below in the same picture.
    pub inter_layer: bool,
}

/// The scalability structure that comes with key pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scalability {
    /// 1..=8.
    pub spatial_layers: u8,
    /// Width and height per spatial layer, where given.
    pub sizes: Option<[(u16, u16); SPATIAL_MAX]>,
    /// How many pictures the group of non-flexible mode has.
    pub pictures: u8,
}

impl Descriptor {
    /// Reads the descriptor at the front of `payload`; answers it and the VP9 bytes behind it. `None` when it is cut or
    /// lists more references than the format allows.
    pub fn parse(payload: &[u8]) -> Option<(Descriptor, &[u8])> {
        let mut rest = payload;
        let first = take(&mut rest)?;
        let mut descriptor = Descriptor {
            inter_picture: first & 0x40 != 0,
            flexible: first & 0x10 != 0,
            frame_start: first & 0x08 != 0,
            frame_end: first & 0x04 != 0,
            not_for_upper: first & 0x01 != 0,
            ..Descriptor::default()
        };
        if first & 0x80 != 0 {
            let high = take(&mut rest)?;
            descriptor.picture_id = Some(match high & 0x80 {
                0 => PictureId::Bits7(high),
                _ => PictureId::Bits15(u16::from_be_bytes([high & 0x7f, take(&mut rest)?])),
            });
        }
        if first & 0x20 != 0 {
            let byte = take(&mut rest)?;
            descriptor.layer = Some(Layer {
                temporal: byte >> 5,
                switching_up: byte & 0x10 != 0,
                spatial: byte >> 1 & 7,
                inter_layer: byte & 1 != 0,
            });
            if !descriptor.flexible {
                descriptor.tl0 = Some(take(&mut rest)?);
            }
        }
        if descriptor.flexible && descriptor.inter_picture {
            loop {
                let byte = take(&mut rest)?;
                *descriptor.references.get_mut(usize::from(descriptor.reference_count))? = byte >> 1;
                descriptor.reference_count += 1;
                if byte & 1 == 0 {
                    break;
                }
            }
        }
        if first & 0x02 != 0 {
            descriptor.scalability = Some(Scalability::take(&mut rest)?);
        }
        Some((descriptor, rest))
    }

    /// How many pictures back the frame's references lie (flexible mode).
    pub fn references(&self) -> &[u8] {
        &self.references[..usize::from(self.reference_count)]
    }

    pub fn spatial(&self) -> u8 {
        self.layer.map_or(0, |layer| layer.spatial)
    }
}

impl Scalability {
    fn take(rest: &mut &[u8]) -> Option<Scalability> {
        let first = take(rest)?;
        let mut scalability = Scalability { spatial_layers: (first >> 5) + 1, ..Scalability::default() };
        if first & 0x10 != 0 {
            let mut sizes = [(0, 0); SPATIAL_MAX];
            for size in sizes.iter_mut().take(usize::from(scalability.spatial_layers)) {
                let bytes = [take(rest)?, take(rest)?, take(rest)?, take(rest)?];
                *size = (u16::from_be_bytes([bytes[0], bytes[1]]), u16::from_be_bytes([bytes[2], bytes[3]]));
            }
            scalability.sizes = Some(sizes);
        }
        if first & 0x08 != 0 {
            scalability.pictures = take(rest)?;
            for _ in 0..scalability.pictures {
                let references = take(rest)? >> 2 & 3;
                for _ in 0..references {
                    take(rest)?;
                }
            }
        }
        Some(scalability)
    }
}

/// New numbers for a packet of a spliced stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Cut to the width the packet has.
    pub picture_id: u16,
    pub tl0: u8,
}

/// Replaces picture id and tl0 in place; fields the packet lacks stay absent. Answers false, and changes nothing, when
/// the descriptor is cut.
pub fn rewrite(payload: &mut [u8], numbers: Numbers) -> bool {
    let Some((descriptor, _)) = Descriptor::parse(payload) else {
        return false;
    };
    let mut at = 1;
    match descriptor.picture_id {
        Some(PictureId::Bits7(_)) => {
            payload[at] = numbers.picture_id as u8 & 0x7f;
            at += 1;
        }
        Some(PictureId::Bits15(_)) => {
            payload[at] = 0x80 | (numbers.picture_id >> 8) as u8;
            payload[at + 1] = numbers.picture_id as u8;
            at += 2;
        }
        None => {}
    }
    if descriptor.tl0.is_some() {
        payload[at + 1] = numbers.tl0;
    }
    true
}

pub(crate) fn facts(payload: &[u8]) -> Facts {
    let Some((descriptor, frame)) = Descriptor::parse(payload) else {
        return Facts::default();
    };
    if frame.is_empty() {
        return Facts::default();
    }
    let inter_layer = descriptor.layer.is_some_and(|layer| layer.inter_layer);
    let begins_intra = descriptor.frame_start && !descriptor.inter_picture && !inter_layer && descriptor.spatial() == 0;
    let keyframe = begins_intra && header_says_key(frame).unwrap_or(true);
    Facts {
        keyframe,
        frame_start: descriptor.frame_start,
        frame_end: descriptor.frame_end,
        spatial: descriptor.spatial(),
        temporal: descriptor.layer.map_or(0, |layer| layer.temporal),
        switch_point: keyframe || !descriptor.inter_picture || descriptor.layer.is_some_and(|layer| layer.switching_up),
        picture_id: descriptor.picture_id,
        tl0: descriptor.tl0,
        inter_layer,
        frees_above: descriptor.layer.is_some_and(|layer| layer.switching_up),
        ..Facts::default()
    }
}

/// Whether the frame header calls itself a key frame. `None` when this is not a VP9 frame header, as when the payload is
/// encrypted end to end. An intra-only frame has P clear too, but a decoder cannot begin there.
fn header_says_key(frame: &[u8]) -> Option<bool> {
    let first = *frame.first()?;
    if first >> 6 != 0b10 {
        return None;
    }
    let profile_3 = first & 0x30 == 0x30;
    let flags = if profile_3 { first << 5 } else { first << 4 };
    let shows_existing = flags & 0x80 != 0;
    let inter = flags & 0x40 != 0;
    Some(!shows_existing && !inter)
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Non-flexible, 15-bit id, layer 0/0, tl0 9, structure of one 320x180 layer with a group of one picture.
    const KEY: [u8; 17] = [
        0b1010_1110,
        0x81,
        0x02,
        0x00,
        9,
        0b0001_1000,
        0x01,
        0x40,
        0x00,
        0xb4,
        1,
        0b0000_0100,
        1, //
        0x82,
        0x49,
        0x83,
        0x42,
    ];

    #[test]
    fn a_key_frame_of_non_flexible_mode_is_read() {
        let facts = facts(&KEY);
        assert!(facts.keyframe && facts.frame_start && facts.frame_end && facts.switch_point);
        assert_eq!((facts.picture_id, facts.tl0), (Some(PictureId::Bits15(0x102)), Some(9)));
        let (descriptor, frame) = Descriptor::parse(&KEY).unwrap();
        assert_eq!(frame, &KEY[13..]);
        let scalability = descriptor.scalability.unwrap();
        assert_eq!((scalability.spatial_layers, scalability.pictures), (1, 1));
        assert_eq!(scalability.sizes.unwrap()[0], (320, 180));
    }

    #[test]
    fn references_of_flexible_mode_are_read() {
        let payload = [0b1111_1000, 5, 0b0100_0011, 0b0000_0011, 0b0000_0100, 0x86];
        let (descriptor, frame) = Descriptor::parse(&payload).unwrap();
        assert_eq!((descriptor.references(), frame), (&[1u8, 2][..], &[0x86u8][..]));
        let facts = facts(&payload);
        assert_eq!((facts.temporal, facts.spatial, facts.inter_layer), (2, 1, true));
        assert_eq!((facts.picture_id, facts.tl0), (Some(PictureId::Bits7(5)), None));
        assert!(!facts.keyframe);
    }

    #[test]
    fn a_fourth_reference_is_malformed() {
        assert_eq!(Descriptor::parse(&[0b0101_1000, 3, 3, 3, 2, 0x86]), None);
    }

    #[test]
    fn the_upper_layer_of_a_key_picture_is_no_place_to_begin() {
        let upper = [0b1010_1000, 5, 0b0000_0011, 9, 0x82];
        assert!(!facts(&upper).keyframe && facts(&upper).switch_point && facts(&upper).inter_layer);
    }

    #[test]
    fn an_intra_only_frame_is_no_place_to_begin_but_an_unreadable_one_is_trusted() {
        let intra_only = [0b0000_1000, 0x86];
        assert!(!facts(&intra_only).keyframe);
        let encrypted = [0b0000_1000, 0x13];
        assert!(facts(&encrypted).keyframe);
        let profile_3 = [0b0000_1000, 0b1011_0001];
        assert!(facts(&profile_3).keyframe);
    }

    #[test]
    fn a_cut_descriptor_says_nothing() {
        for len in 0..=13 {
            assert_eq!(facts(&KEY[..len]), Facts::default(), "{len}");
        }
    }

    proptest! {
        #[test]
        fn a_rewritten_packet_carries_the_new_numbers(payload in proptest::collection::vec(any::<u8>(), 1..24), picture_id: u16, tl0: u8) {
            let mut payload = payload;
            let before = Descriptor::parse(&payload).map(|(descriptor, _)| descriptor);
            prop_assert_eq!(rewrite(&mut payload, Numbers { picture_id, tl0 }), before.is_some());
            if let Some(before) = before {
                let (after, _) = Descriptor::parse(&payload).unwrap();
                let expected = Descriptor {
                    picture_id: before.picture_id.map(|id| match id {
                        PictureId::Bits7(_) => PictureId::Bits7(picture_id as u8 & 0x7f),
                        PictureId::Bits15(_) => PictureId::Bits15(picture_id & 0x7fff),
                    }),
                    tl0: before.tl0.map(|_| tl0),
                    ..before
                };
                prop_assert_eq!(after, expected);
            }
        }
    }
}
