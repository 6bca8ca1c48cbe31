//! H.264 as a stream of bytes (H.264 annex B): NAL units with a start code before each.

use crate::codec::h264::Summary;

const SLICE: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;

/// The units, without start codes and without the zeros that may fill up between them. What is before the first start code
/// is left out.
pub fn units(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(bytes);
    std::iter::from_fn(move || {
        let unit = rest?;
        let end = start_code(unit);
        rest = end.map(|at| &unit[at + 3..]);
        let unit = &unit[..end.unwrap_or(unit.len())];
        let len = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Some(&unit[..len])
    })
    .filter(|unit| !unit.is_empty())
}

/// The units of each picture.
pub fn pictures(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut pictures: Vec<Vec<&[u8]>> = Vec::new();
    let mut has_slice = true;
    for unit in units(bytes) {
        let slice = is_slice(unit);
        // §7.4.1.2.3, as far as streams without arbitrary slice order need it: what is not a slice goes before the next
        // picture, and a slice that begins at the first macroblock begins one.
        let begins = has_slice && (!slice || Summary::read(unit).is_some_and(|summary| summary.picture_start));
        if begins || pictures.is_empty() {
            pictures.push(Vec::new());
            has_slice = false;
        }
        has_slice |= slice;
        if let Some(picture) = pictures.last_mut() {
            picture.push(unit);
        }
    }
    pictures
}

/// The stream that these units are.
pub fn join<'a>(units: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    units.into_iter().flat_map(|unit| [&[0, 0, 0, 1], unit].concat()).collect()
}

pub fn is_slice(unit: &[u8]) -> bool {
    matches!(kind(unit), SLICE | IDR)
}

pub fn is_idr(unit: &[u8]) -> bool {
    kind(unit) == IDR
}

pub fn is_sps(unit: &[u8]) -> bool {
    kind(unit) == SPS
}

pub fn is_pps(unit: &[u8]) -> bool {
    kind(unit) == PPS
}

pub fn is_parameter_set(unit: &[u8]) -> bool {
    is_sps(unit) || is_pps(unit)
}

fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |header| header & 0x1f)
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    start_code(bytes).map(|at| &bytes[at + 3..])
}

fn start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|three| three == [0, 0, 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_between_start_codes_of_either_length() {
        let stream = [9, 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 0, 0, 0, 0, 0, 1, 0x65, 0x88];
        assert_eq!(units(&stream).collect::<Vec<_>>(), [&[0x67, 1][..], &[0x68], &[0x65, 0x88]]);
        assert_eq!(units(&[0, 0, 1, 0, 0, 1]).count(), 0);
        assert_eq!(units(&[1, 2, 3]).count(), 0);
    }

    #[test]
    fn pictures_begin_with_their_parameter_sets_or_their_first_slice() {
        let (sps, pps, info) = (&[0x67, 66][..], &[0x68, 1][..], &[6, 5][..]);
        let (idr, idr_second, delta) = (&[0x65, 0x88][..], &[0x65, 0x48][..], &[0x41, 0x9a][..]);
        let stream = join([sps, pps, info, idr, idr_second, delta, delta, sps, pps, idr]);
        let expected = [vec![sps, pps, info, idr, idr_second], vec![delta], vec![delta], vec![sps, pps, idr]];
        assert_eq!(pictures(&stream), expected);
    }
}
