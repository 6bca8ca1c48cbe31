//! An H.264 byte stream (H.264 Annex B): NAL units between start codes, and the pictures they form.
//!
//! A byte stream says nothing about time, and its order is that of decoding. Whoever sends it must know the frame rate, and
//! can use it only when pictures are shown in the order they are decoded: [`shows_later_first`] tells the ones that are not.

use crate::bits::BitReader;

const SLICE: u8 = 1;
const IDR: u8 = 5;
const SEI: u8 = 6;
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

pub fn is_slice(unit: &[u8]) -> bool {
    matches!(kind(unit), SLICE..=IDR)
}

/// A slice of a picture that is predicted from one shown after it.
pub fn shows_later_first(unit: &[u8]) -> bool {
    const B: u32 = 1;
    let Some((_, header)) = unit.split_first().filter(|_| matches!(kind(unit), SLICE | 2)) else { return false };
    let mut bits = BitReader::new(header);
    let slice_type = golomb(&mut bits).and_then(|_first_macroblock| golomb(&mut bits));
    // 5 to 9 say that all slices of the picture are alike.
    slice_type.is_some_and(|slice_type| slice_type % 5 == B)
}

/// 7.4.1.2.3: what may only stand in front of a picture, or the first slice of one.
fn begins_picture(unit: &[u8]) -> bool {
    match kind(unit) {
        // first_mb_in_slice is an Exp-Golomb number: a leading 1 bit is zero.
        SLICE..=IDR => unit.get(1).is_some_and(|first| first & 0x80 != 0),
        SEI..=DELIMITER | 14..=18 => true,
        _ => false,
    }
}

pub(crate) fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |header| header & 0x1f)
}

/// Kinds of NAL units that a stream needs to be decoded. The others are for files: delimiters, ends, filling.
pub(crate) fn is_needed(unit: &[u8]) -> bool {
    matches!(kind(unit), SLICE..=PPS | 14..=20)
}

/// An unsigned Exp-Golomb number (9.1).
fn golomb(bits: &mut BitReader<'_>) -> Option<u32> {
    let mut zeros = 0;
    while !bits.bit()? {
        zeros += 1;
        if zeros > 31 {
            return None;
        }
    }
    Some((1u32 << zeros) - 1 + if zeros == 0 { 0 } else { bits.bits(zeros)? })
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
        let mut stream = Vec::new();
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
        for unit in units {
            stream.extend_from_slice(&[0, 0, 0, 1]);
            stream.extend_from_slice(unit);
        }
        let pictures: Vec<usize> = Pictures::new(&stream).map(|picture| picture.len()).collect();
        assert_eq!(pictures, [5, 1, 2]);
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
