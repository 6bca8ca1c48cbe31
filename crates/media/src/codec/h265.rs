//! H.265 in RTP (RFC 7798): single NAL units, aggregation packets, fragmentation units and PACI, without decoding order
//! numbers (`sprop-max-don-diff` 0, the only way WebRTC uses it).

use crate::codec::Facts;

/// Types below 32 are slices; of those, 16..=23 are intra random access points.
const RANDOM_ACCESS: std::ops::RangeInclusive<u8> = 16..=23;
const VPS: u8 = 32;
const SPS: u8 = 33;
const PPS: u8 = 34;
const AGGREGATE: u8 = 48;
const FRAGMENT: u8 = 49;
const PACI: u8 = 50;

/// What one packet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    pub vps: bool,
    pub sps: bool,
    pub pps: bool,
    /// A slice of a picture at which decoding can begin.
    pub random_access: bool,
    /// A slice that begins its picture.
    pub picture_start: bool,
    pub slices: bool,
    /// Some slice is referred to by other pictures of its sub-layer.
    pub reference: bool,
    /// Continues a NAL unit that an earlier packet began.
    pub continues: bool,
    /// Leaves its last NAL unit for a later packet to finish.
    pub unfinished: bool,
    pub temporal: u8,
}

impl Summary {
    /// `None` when the payload is not H.265.
    pub fn read(payload: &[u8]) -> Option<Summary> {
        let (header, body) = payload.split_first_chunk::<2>()?;
        if header[0] & 0x80 != 0 || header[1] & 7 == 0 {
            return None; // forbidden bit; temporal id plus one is never zero
        }
        let mut summary = Summary { temporal: (header[1] & 7) - 1, ..Summary::default() };
        match kind(header[0]) {
            AGGREGATE => {
                let mut rest = body;
                while let Some((len, tail)) = rest.split_first_chunk() {
                    let (unit, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
                    let (header, body) = unit.split_first_chunk::<2>()?;
                    summary.add(kind(header[0]), body);
                    rest = tail;
                }
                if !rest.is_empty() || body.is_empty() {
                    return None;
                }
            }
            FRAGMENT => summary.add_fragment(body)?,
            PACI => {
                // A(1) type(6) extension length(5) flags(4), then the extension, then the unit without its header.
                let (fields, body) = body.split_first_chunk::<2>()?;
                let extension_len = usize::from(u16::from_be_bytes(*fields) >> 4 & 0x1f);
                let body = body.get(extension_len..)?;
                match kind(fields[0]) {
                    FRAGMENT => summary.add_fragment(body)?,
                    inner => summary.add(inner, body),
                }
            }
            kind => summary.add(kind, body),
        }
        Some(summary)
    }

    fn add_fragment(&mut self, body: &[u8]) -> Option<()> {
        let (fu, body) = body.split_first()?;
        let (start, end) = (fu & 0x80 != 0, fu & 0x40 != 0);
        if start && end {
            return None; // a fragment is not the whole (RFC 7798 §4.4.3)
        }
        self.continues = !start;
        self.unfinished = !end;
        self.add(fu & 0x3f, if start { body } else { &[] });
        Some(())
    }

    fn add(&mut self, kind: u8, body: &[u8]) {
        match kind {
            VPS => self.vps = true,
            SPS => self.sps = true,
            PPS => self.pps = true,
            0..32 => {
                self.slices = true;
                self.random_access |= RANDOM_ACCESS.contains(&kind);
                // Even types up to 14 are the sub-layer non-reference ones.
                self.reference |= kind > 14 || kind % 2 == 1;
                // first_slice_segment_in_pic_flag is the first bit of a slice header.
                self.picture_start |= body.first().is_some_and(|first| first & 0x80 != 0);
            }
            _ => {}
        }
    }
}

fn kind(first: u8) -> u8 {
    first >> 1 & 0x3f
}

pub(crate) fn facts(payload: &[u8], marker: bool) -> Facts {
    let Some(summary) = Summary::read(payload) else {
        return Facts::default();
    };
    let keyframe = summary.vps || summary.sps || (summary.random_access && summary.picture_start);
    Facts {
        keyframe,
        frame_start: !summary.continues && (summary.picture_start || !summary.slices),
        frame_end: marker,
        temporal: summary.temporal,
        switch_point: keyframe,
        discardable: summary.slices && !summary.reference,
        parameter_sets: summary.vps || summary.sps || summary.pps,
        ..Facts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_sets_in_front_begin_a_key_frame() {
        let aggregate = [0x60, 1, 0, 3, 0x40, 1, 9, 0, 3, 0x42, 1, 9, 0, 3, 0x44, 1, 9];
        let summary = Summary::read(&aggregate).unwrap();
        assert!(summary.vps && summary.sps && summary.pps && !summary.slices);
        assert!(facts(&aggregate, false).keyframe && facts(&aggregate, false).parameter_sets);
    }

    #[test]
    fn a_fragmented_random_access_picture_begins_with_its_first_fragment_only() {
        let (start, middle, end) = ([0x62, 1, 0x93, 0x80], [0x62, 1, 0x13, 0x80], [0x62, 1, 0x53, 0x80]);
        assert!(facts(&start, false).keyframe && facts(&start, false).frame_start);
        assert!(!facts(&middle, false).keyframe && !facts(&middle, false).frame_start);
        assert!(!facts(&end, true).keyframe && facts(&end, true).frame_end);
    }

    #[test]
    fn an_upper_temporal_layer_picture_is_discardable_when_nobody_refers_to_it() {
        let facts = facts(&[0x00, 3, 0x80], true);
        assert!(facts.frame_start && facts.discardable && !facts.keyframe);
        assert_eq!(facts.temporal, 2);
        assert!(!super::facts(&[0x02, 1, 0x80], true).discardable);
        assert!(!super::facts(&[0x02, 1, 0x40], true).frame_start, "a second slice");
    }

    #[test]
    fn a_unit_behind_a_content_information_packet_is_seen() {
        // Type 19 (IDR) with an extension of three bytes.
        let payload = [0x64, 1, 19 << 1, 3 << 4, 7, 7, 7, 0x80];
        assert!(facts(&payload, true).keyframe);
        assert_eq!(facts(&payload[..6], true), Facts::default());
    }

    #[test]
    fn malformed_payloads_say_nothing() {
        for payload in [
            &[][..],
            &[0x26],
            &[0xa6, 1, 0x80],          // forbidden bit
            &[0x26, 0, 0x80],          // temporal id plus one is zero
            &[0x60, 1],                // empty aggregate
            &[0x60, 1, 0, 9, 0x40, 1], // unit beyond the end
            &[0x60, 1, 0, 1, 0x40],    // unit shorter than its header
            &[0x62, 1],                // fragment without its header
            &[0x62, 1, 0xd3, 0x80],    // first and last at once
        ] {
            assert_eq!(facts(payload, true), Facts::default(), "{payload:02x?}");
        }
    }
}
