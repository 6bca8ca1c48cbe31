//! H.264 in RTP (RFC 6184): single NAL units, STAP-A and FU-A, the three that packetization mode 1 has.
//!
//! The format marks the end of an access unit but not its beginning, so the beginning is read off the first slice
//! header's first bit: a slice that starts at macroblock 0.

use crate::codec::Facts;

const SLICE: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// What one packet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    pub sps: bool,
    pub pps: bool,
    /// A slice of an instantaneous decoder refresh.
    pub idr: bool,
    /// A slice that begins its picture.
    pub picture_start: bool,
    pub slices: bool,
    /// Some slice is referred to by other pictures.
    pub reference: bool,
    /// Continues a NAL unit that an earlier packet began.
    pub continues: bool,
    /// Leaves its last NAL unit for a later packet to finish.
    pub unfinished: bool,
}

impl Summary {
    /// `None` when the payload is not H.264 of mode 0 or 1.
    pub fn read(payload: &[u8]) -> Option<Summary> {
        let (header, body) = payload.split_first()?;
        let mut summary = Summary::default();
        match header & 0x1f {
            _ if header & 0x80 != 0 => return None,
            1..=23 => summary.add(*header, body),
            STAP_A => {
                let mut rest = body;
                while let Some((len, tail)) = rest.split_first_chunk() {
                    let (unit, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
                    let (header, body) = unit.split_first()?;
                    summary.add(*header, body);
                    rest = tail;
                }
                if !rest.is_empty() || body.is_empty() {
                    return None;
                }
            }
            FU_A => {
                let (fu, body) = body.split_first()?;
                let (start, end) = (fu & 0x80 != 0, fu & 0x40 != 0);
                if start && end {
                    return None; // a fragment is not the whole (RFC 6184 §5.8)
                }
                summary.continues = !start;
                summary.unfinished = !end;
                // The fragment's slice header is in the first fragment only.
                summary.add(header & 0x60 | fu & 0x1f, if start { body } else { &[] });
            }
            _ => return None,
        }
        Some(summary)
    }

    fn add(&mut self, header: u8, body: &[u8]) {
        let kind = header & 0x1f;
        match kind {
            SPS => self.sps = true,
            PPS => self.pps = true,
            SLICE..=IDR => {
                self.slices = true;
                self.idr |= kind == IDR;
                self.reference |= header & 0x60 != 0;
                // first_mb_in_slice is an Exp-Golomb number: a leading 1 bit is zero.
                self.picture_start |= body.first().is_some_and(|first| first & 0x80 != 0);
            }
            _ => {}
        }
    }
}

/// The `a=fmtp` parameters of a stream in packetization mode 1 whose profile and level are in this payload's sequence
/// parameter set; `None` when it holds none.
pub fn fmtp(payload: &[u8]) -> Option<String> {
    let sps = |unit: &[u8]| match unit {
        [header, profile, constraints, level, ..] if header & 0x9f == SPS => Some([*profile, *constraints, *level]),
        _ => None,
    };
    let mut rest = match payload.split_first()? {
        (header, body) if header & 0x1f == STAP_A => body,
        _ => return sps(payload).map(describe),
    };
    while let Some((len, tail)) = rest.split_first_chunk() {
        let (unit, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        if let Some(found) = sps(unit) {
            return Some(describe(found));
        }
        rest = tail;
    }
    None
}

fn describe([profile, constraints, level]: [u8; 3]) -> String {
    let id = format!("{profile:02x}{constraints:02x}{level:02x}");
    format!("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={id}")
}

pub(crate) fn facts(payload: &[u8], marker: bool) -> Facts {
    let Some(summary) = Summary::read(payload) else {
        return Facts::default();
    };
    let keyframe = summary.sps || (summary.idr && summary.picture_start);
    Facts {
        keyframe,
        frame_start: !summary.continues && (summary.picture_start || !summary.slices),
        frame_end: marker,
        switch_point: keyframe,
        discardable: summary.slices && !summary.reference,
        parameter_sets: summary.sps || summary.pps,
        ..Facts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_sets_in_front_begin_a_key_frame() {
        let stap = [0x78, 0, 3, 0x67, 0x42, 0xe0, 0, 2, 0x68, 0xce];
        let facts = facts(&stap, false);
        assert!(facts.keyframe && facts.parameter_sets && facts.frame_start && !facts.frame_end);
        let summary = Summary::read(&stap).unwrap();
        assert!(summary.sps && summary.pps && !summary.idr && !summary.slices);
    }

    #[test]
    fn a_fragmented_idr_begins_with_its_first_fragment_only() {
        let (start, middle, end) = ([0x7c, 0x85, 0x88, 0x80], [0x7c, 0x05, 0x88], [0x7c, 0x45, 0x88]);
        assert!(facts(&start, false).keyframe && facts(&start, false).frame_start);
        assert!(!facts(&middle, false).keyframe && !facts(&middle, false).frame_start);
        assert!(!facts(&end, true).keyframe && facts(&end, true).frame_end);
        assert!(Summary::read(&start).unwrap().unfinished && !Summary::read(&end).unwrap().unfinished);
        assert!(Summary::read(&middle).unwrap().idr);
    }

    #[test]
    fn a_second_slice_does_not_begin_a_picture() {
        assert!(facts(&[0x65, 0x88], false).keyframe);
        let second = facts(&[0x65, 0x48], true);
        assert!(!second.keyframe && !second.frame_start);
        assert!(!facts(&[0x41, 0x9a], true).keyframe && facts(&[0x41, 0x9a], true).frame_start);
    }

    #[test]
    fn a_slice_that_nobody_refers_to_is_discardable() {
        assert!(facts(&[0x01, 0x9a], true).discardable);
        assert!(!facts(&[0x41, 0x9a], true).discardable);
        assert!(!facts(&[0x06, 5], false).discardable, "supplemental information is not a picture");
    }

    #[test]
    fn the_parameters_are_read_from_a_parameter_set_alone_and_aggregated() {
        let expected = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f";
        assert_eq!(fmtp(&[0x67, 0x64, 0x00, 0x1f, 0xac]).as_deref(), Some(expected));
        let stap = [0x78, 0, 2, 0x09, 0xf0, 0, 4, 0x67, 0x64, 0x00, 0x1f];
        assert_eq!(fmtp(&stap).as_deref(), Some(expected));
        for none in [&[][..], &[0x67, 0x64], &[0x65, 1, 2, 3], &[0x78, 0, 9, 0x67]] {
            assert_eq!(fmtp(none), None);
        }
    }

    #[test]
    fn malformed_payloads_say_nothing() {
        for payload in [
            &[][..],
            &[0x00, 1],             // type 0
            &[0xe5, 0x88],          // forbidden bit
            &[0x78],                // empty aggregate
            &[0x78, 0, 9, 0x67],    // unit beyond the end
            &[0x78, 0, 1, 0x67, 0], // half a length
            &[0x78, 0, 0],          // empty unit
            &[0x7c],                // fragment without its header
            &[0x7c, 0xc5, 0x88],    // first and last at once
            &[0x79, 0, 0, 0, 1, 9], // STAP-B is not of mode 1
        ] {
            assert_eq!(facts(payload, true), Facts::default(), "{payload:02x?}");
        }
    }
}
