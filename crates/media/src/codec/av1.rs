//! AV1 in RTP (AOM's payload specification): the aggregation header and the OBU elements behind it.
//!
//! A browser's AV1 comes with a dependency descriptor, which says more; this is what the payload says by itself.

use crate::codec::Facts;

const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const METADATA: u8 = 5;
const FRAME: u8 = 6;

/// What one packet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// N: first packet of a coded video sequence.
    pub new_sequence: bool,
    /// Z: the first element continues the last one of the packet before.
    pub continues: bool,
    /// Y: the last element continues in the next packet.
    pub unfinished: bool,
    pub sequence_header: bool,
    /// A frame (or its header) begins in this packet.
    pub frame: bool,
    /// The first element that begins here is one that can come first in a frame.
    pub leads: bool,
    pub temporal: u8,
    pub spatial: u8,
}

impl Summary {
    /// `None` when the payload is not well-formed AV1.
    pub fn read(payload: &[u8]) -> Option<Summary> {
        let (header, mut rest) = payload.split_first()?;
        let mut summary = Summary {
            new_sequence: header & 0x08 != 0,
            continues: header & 0x80 != 0,
            unfinished: header & 0x40 != 0,
            ..Summary::default()
        };
        if summary.new_sequence && summary.continues {
            return None;
        }
        // W counts the elements, and then the last one has no length; 0 means that each has one.
        let count = header >> 4 & 3;
        let mut index = 0;
        let mut first_begins = true;
        while !rest.is_empty() {
            index += 1;
            let element = if count != 0 && index == count {
                std::mem::take(&mut rest)
            } else {
                let len = leb128(&mut rest)?;
                let (element, tail) = rest.split_at_checked(len)?;
                rest = tail;
                element
            };
            if index == 1 && summary.continues {
                continue;
            }
            // A packet may end in an empty element: a fragment that is all still to come.
            let Some(first) = element.first() else { continue };
            if first & 0x80 != 0 {
                return None;
            }
            let kind = first >> 3 & 0x0f;
            if first_begins {
                first_begins = false;
                summary.leads = [SEQUENCE_HEADER, TEMPORAL_DELIMITER, FRAME_HEADER, METADATA, FRAME].contains(&kind);
                if first & 0x04 != 0 {
                    let layers = *element.get(1)?;
                    summary.temporal = layers >> 5;
                    summary.spatial = layers >> 3 & 3;
                }
            }
            summary.sequence_header |= kind == SEQUENCE_HEADER;
            summary.frame |= kind == FRAME || kind == FRAME_HEADER;
        }
        (index > 0 && (count == 0 || index == count)).then_some(summary)
    }
}

pub(crate) fn facts(payload: &[u8], marker: bool) -> Facts {
    let Some(summary) = Summary::read(payload) else {
        return Facts::default();
    };
    let keyframe = summary.new_sequence || (summary.sequence_header && !summary.continues);
    Facts {
        keyframe,
        frame_start: summary.leads && !summary.continues,
        frame_end: marker,
        spatial: summary.spatial,
        temporal: summary.temporal,
        switch_point: keyframe,
        parameter_sets: summary.sequence_header,
        ..Facts::default()
    }
}

/// A length of at most 32 bits; longer ones cannot be inside a packet.
fn leb128(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0u64;
    for shift in (0..35).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_frame_begins_with_a_sequence_header() {
        // N, two elements: sequence header of 3 bytes, then a frame that continues.
        let payload = [0b0110_1000, 3, 0x08, 0, 0, 0x30, 1, 2];
        let facts = facts(&payload, false);
        assert!(facts.keyframe && facts.frame_start && facts.parameter_sets && !facts.frame_end);
        let summary = Summary::read(&payload).unwrap();
        assert!(summary.unfinished && summary.frame && summary.new_sequence);
    }

    #[test]
    fn a_continuation_is_no_beginning_whatever_its_bytes() {
        let payload = [0b1001_0000, 0x08, 1, 2];
        assert!(!facts(&payload, true).keyframe && !facts(&payload, true).frame_start);
        assert!(facts(&payload, true).frame_end);
    }

    #[test]
    fn layers_are_read_from_the_first_header() {
        let payload = [0b0001_0000, 0x34, 0b0100_1000, 9];
        let facts = facts(&payload, true);
        assert_eq!((facts.temporal, facts.spatial, facts.frame_start), (2, 1, true));
        let tile_group = [0b0001_0000, 0x20, 9];
        assert!(!super::facts(&tile_group, true).frame_start);
    }

    #[test]
    fn elements_with_lengths_are_walked_to_the_end() {
        let payload = [0b0000_0000, 2, 0x10, 0, 0x83, 0x00, 0x30, 1, 2];
        assert!(Summary::read(&payload).unwrap().frame);
    }

    #[test]
    fn malformed_payloads_say_nothing() {
        for payload in [
            &[][..],
            &[0x10],                       // announces an element, has none
            &[0b1001_1000, 1],             // a new sequence that continues
            &[0b0000_0000, 9, 0x30],       // element beyond the end
            &[0b0011_0000, 1, 0x30, 0x30], // two of three elements
            &[0b0001_0000, 0xb0],          // forbidden bit
            &[0b0000_0000, 0xff, 0xff, 0xff, 0xff, 0xff, 0x30],
            &[0b0001_0000, 0x34], // layer byte missing
        ] {
            assert_eq!(facts(payload, true), Facts::default(), "{payload:02x?}");
        }
    }
}
