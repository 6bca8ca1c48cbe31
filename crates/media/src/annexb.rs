//! An H.264 byte stream (H.264 Annex B): NAL units between start codes, the pictures they form, and how they are kept from
//! looking like start codes.
//!
//! A byte stream says nothing about time, and its order is that of decoding. Whoever sends it must know the frame rate, and
//! can use it only when pictures are shown in the order they are decoded: [`shows_later_first`] tells the ones that are not.

use crate::bits::BitReader;

const SLICE: u8 = 1;
const IDR: u8 = 5;
const SEI: u8 = 6;
const SPS: u8 = 7;
const PPS: u8 = 8;
const DELIMITER: u8 = 9;

/// The NAL units of a byte stream, without their start codes and the zeros around them.
#[derive(Debug, Clone)]
pub struct Units<'a> {
    /// What follows the last start code that was found.
    rest: Option<&'a [u8]>,
}

impl<'a> Units<'a> {
    pub fn new(bytes: &'a [u8]) -> Units<'a> {
        Units { rest: find(bytes).map(|at| &bytes[at + 3..]) }
    }
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let rest = self.rest?;
            let end = find(rest);
            self.rest = end.map(|at| &rest[at + 3..]);
            // A NAL unit never ends in a zero byte (7.4.1): those belong to the next start code, or are filling.
            let unit = &rest[..end.unwrap_or(rest.len())];
            let len = unit.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
            if len > 0 {
                return Some(&unit[..len]);
            }
        }
    }
}

/// The pictures of a byte stream: each is the NAL units that belong to one moment (an access unit), in order.
#[derive(Debug, Clone)]
pub struct Pictures<'a> {
    units: std::iter::Peekable<Units<'a>>,
}

impl<'a> Pictures<'a> {
    pub fn new(bytes: &'a [u8]) -> Pictures<'a> {
        Pictures { units: Units::new(bytes).peekable() }
    }
}

impl<'a> Iterator for Pictures<'a> {
    type Item = Vec<&'a [u8]>;

    fn next(&mut self) -> Option<Vec<&'a [u8]>> {
        let mut picture = vec![self.units.next()?];
        let mut has_slice = is_slice(picture[0]);
        while let Some(unit) = self.units.next_if(|unit| !(has_slice && begins_picture(unit))) {
            has_slice |= is_slice(unit);
            picture.push(unit);
        }
        Some(picture)
    }
}

/// The stream that these units are.
pub fn join<'a>(units: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    units.into_iter().flat_map(|unit| [&[0, 0, 0, 1], unit].concat()).collect()
}

pub fn is_slice(unit: &[u8]) -> bool {
    matches!(kind(unit), SLICE..=IDR)
}

pub fn is_idr(unit: &[u8]) -> bool {
    kind(unit) == IDR
}

pub fn is_sps(unit: &[u8]) -> bool {
    kind(unit) == SPS
}

pub fn is_parameter_set(unit: &[u8]) -> bool {
    matches!(kind(unit), SPS | PPS)
}

/// A slice of a picture that is predicted from one shown after it.
pub fn shows_later_first(unit: &[u8]) -> bool {
    const B: u32 = 1;
    let Some((_, header)) = unit.split_first().filter(|_| matches!(kind(unit), SLICE | 2)) else { return false };
    let mut bits = BitReader::new(header);
    let slice_type = bits.ue().and_then(|_first_macroblock| bits.ue());
    // 5 to 9 say that all slices of the picture are alike.
    slice_type.is_some_and(|slice_type| slice_type % 5 == B)
}

/// The first slice of a picture.
pub(crate) fn is_first_slice(unit: &[u8]) -> bool {
    // first_mb_in_slice is an Exp-Golomb number: a leading 1 bit is zero.
    is_slice(unit) && unit.get(1).is_some_and(|first| first & 0x80 != 0)
}

/// 7.4.1.2.3: what may only stand in front of a picture, or the first slice of one.
fn begins_picture(unit: &[u8]) -> bool {
    is_first_slice(unit) || matches!(kind(unit), SEI..=DELIMITER | 14..=18)
}

pub(crate) fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |header| header & 0x1f)
}

/// Kinds of NAL units that a stream needs to be decoded. The others are for files: delimiters, ends, filling.
pub(crate) fn is_needed(unit: &[u8]) -> bool {
    matches!(kind(unit), SLICE..=PPS | 14..=20)
}

/// A NAL unit of these bytes: a 3 goes wherever two zeros would make a start code with what follows (7.4.1).
pub(crate) fn escape(header: &[u8], body: &[u8]) -> Vec<u8> {
    let mut unit = header.to_vec();
    let mut zeros = 0;
    for &byte in body {
        if zeros == 2 && byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        unit.push(byte);
    }
    unit
}

/// The bytes as they were before that.
pub(crate) fn unescape(body: &[u8]) -> Vec<u8> {
    let mut zeros = 0;
    let mut kept = Vec::with_capacity(body.len());
    for &byte in body {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        kept.push(byte);
    }
    kept
}

fn find(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|window| window == [0, 0, 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_lie_between_start_codes_of_either_length() {
        let stream = [0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 0, 1, 0x65, 0x88, 0, 0];
        assert_eq!(Units::new(&stream).collect::<Vec<_>>(), [&[0x67, 1][..], &[0x68, 2], &[0x65, 0x88]]);
        for nothing in [&[][..], &[1, 2, 3], &[0, 0, 1], &[0, 0, 0, 1, 0, 0]] {
            assert_eq!(Units::new(nothing).count(), 0, "{nothing:?}");
        }
    }

    #[test]
    fn a_picture_is_everything_up_to_what_may_only_stand_before_the_next() {
        let units: [&[u8]; 8] = [
            &[0x09, 0xf0],
            &[0x67, 1],
            &[0x68, 1],
            &[0x65, 0x88],
            &[0x65, 0x48], // a second slice
            &[0x41, 0x9a],
            &[0x06, 5, 1],
            &[0x41, 0x9a],
        ];
        let stream = join(units);
        let pictures: Vec<usize> = Pictures::new(&stream).map(|picture| picture.len()).collect();
        assert_eq!(pictures, [5, 1, 2]);
    }

    #[test]
    fn no_unit_holds_a_start_code_and_its_bytes_come_back() {
        for body in [&[0, 0, 1][..], &[0, 0, 0, 0, 0, 3, 9], &[0, 0, 3, 0, 0, 2], &[0, 0, 4], &[7]] {
            let unit = escape(&[0x67], body);
            assert!(!unit.windows(3).any(|three| three[..2] == [0, 0] && three[2] < 3), "{unit:02x?}");
            assert_eq!(unescape(&unit[1..]), body);
        }
    }

    #[test]
    fn pictures_predicted_from_later_ones_are_found() {
        // first_mb 0 (1), slice type 6 (00111), then others of each type.
        assert!(shows_later_first(&[0x01, 0b1001_1100]));
        assert!(shows_later_first(&[0x01, 0b1010_0000]), "type 1");
        assert!(!shows_later_first(&[0x41, 0b1001_1000]), "type 5 is P");
        assert!(!shows_later_first(&[0x65, 0x88]), "type 7 is I, and a refresh");
        assert!(!shows_later_first(&[0x67, 0b1001_1100]) && !shows_later_first(&[]) && !shows_later_first(&[1]));
    }
}
