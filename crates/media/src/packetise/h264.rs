//! H.264 into RTP (RFC 6184, packetization mode 1): small NAL units share a packet (STAP-A), large ones span several (FU-A).

use crate::annexb;

const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Shorter payloads leave no room for a fragment and its header.
pub const PAYLOAD_MIN: usize = 64;

/// The payloads of one picture, none longer than `payload_max` (which is raised to [`PAYLOAD_MIN`]); the last one gets the
/// marker bit. NAL units that only a file needs are left out.
pub fn packetise(picture: &[&[u8]], payload_max: usize) -> Vec<Vec<u8>> {
    let payload_max = payload_max.max(PAYLOAD_MIN);
    let mut payloads = Vec::new();
    let mut together: Vec<&[u8]> = Vec::new();
    for &unit in picture.iter().filter(|unit| annexb::is_needed(unit)) {
        if unit.len() > payload_max {
            join(&mut together, &mut payloads);
            fragment(unit, payload_max, &mut payloads);
            continue;
        }
        if aggregate_len(&together) + 2 + unit.len() > payload_max {
            join(&mut together, &mut payloads);
        }
        together.push(unit);
    }
    join(&mut together, &mut payloads);
    payloads
}

/// The length of an aggregate of these units.
fn aggregate_len(units: &[&[u8]]) -> usize {
    1 + units.iter().map(|unit| 2 + unit.len()).sum::<usize>()
}

/// One packet for the units that were put together; a unit alone travels as it is.
fn join(units: &mut Vec<&[u8]>, payloads: &mut Vec<Vec<u8>>) {
    match units[..] {
        [] => {}
        [unit] => payloads.push(unit.to_vec()),
        _ => {
            // §5.7.1: the forbidden bit of any, the highest importance of all.
            let forbidden = units.iter().fold(0, |bit, unit| bit | unit[0] & 0x80);
            let importance = units.iter().map(|unit| unit[0] & 0x60).max().unwrap_or(0);
            let mut payload = vec![forbidden | importance | STAP_A];
            for unit in &*units {
                payload.extend_from_slice(&(unit.len() as u16).to_be_bytes());
                payload.extend_from_slice(unit);
            }
            payloads.push(payload);
        }
    }
    units.clear();
}

/// Packets of nearly one length each: equal ones leave a machine in one message.
fn fragment(unit: &[u8], payload_max: usize, payloads: &mut Vec<Vec<u8>>) {
    let (header, body) = (unit[0], &unit[1..]);
    let pieces = body.len().div_ceil(payload_max - 2);
    let mut pieces = body.chunks(body.len().div_ceil(pieces)).peekable();
    let mut start = 0x80;
    while let Some(piece) = pieces.next() {
        let end = if pieces.peek().is_none() { 0x40 } else { 0 };
        let mut payload = vec![header & 0xe0 | FU_A, start | end | header & 0x1f];
        payload.extend_from_slice(piece);
        payloads.push(payload);
        start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::h264::Summary;

    #[test]
    fn parameter_sets_share_a_packet_and_a_picture_is_cut_into_equal_pieces() {
        let idr: Vec<u8> = [0x65, 0x88].into_iter().chain((0..2500).map(|n| n as u8 | 1)).collect();
        let payloads = packetise(&[&[0x09, 0xf0], &[0x67, 0x42, 0xe0, 0x1f], &[0x68, 0xce], &idr], 1200);
        assert_eq!(payloads[0], [0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 2, 0x68, 0xce]);
        assert_eq!(payloads.len(), 4);
        let lens: Vec<usize> = payloads[1..].iter().map(Vec::len).collect();
        assert_eq!(lens, [836, 836, 835]);
        let read: Vec<Summary> = payloads.iter().map(|p| Summary::read(p).expect("mode 1")).collect();
        assert!(read[0].sps && read[0].pps && !read[0].slices);
        assert!(read[1].picture_start && read[1].unfinished && !read[1].continues);
        assert!(read[3].continues && !read[3].unfinished && read[3].idr);
        let joined: Vec<u8> = payloads[1..].iter().flat_map(|p| p[2..].to_vec()).collect();
        assert_eq!(joined, idr[1..]);
    }

    #[test]
    fn what_does_not_fit_together_travels_apart() {
        let (a, b) = (vec![0x67; 700], vec![0x41; 600]);
        assert_eq!(packetise(&[&a, &b], 1200), [a, b]);
        assert_eq!(packetise(&[], 1200), Vec::<Vec<u8>>::new());
        assert_eq!(packetise(&[&[0x0c, 0xff], &[0x09, 0x10]], 1200), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_unit_of_exactly_the_limit_is_not_cut() {
        let unit = vec![0x41; 100];
        assert_eq!(packetise(&[&unit], 100).len(), 1);
        assert_eq!(packetise(&[&unit], 99).len(), 2);
    }
}
