//! The parameter sets in H.264 and H.265 payloads: found, named, and put into a payload of their own.
//!
//! Of a set it reads the id only. Other codecs have none that stay in force (an AV1 sequence header goes with each keyframe).

use crate::bits::BitReader;
use crate::packetise;

use super::Codec;

/// The type of NAL unit that holds a sequence parameter set.
pub const H264_SPS: u8 = 7;

/// Parameter sets of one kind and id replace each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The type of NAL unit. Those that others refer to have the lower one.
    pub kind: u8,
    pub id: u32,
}

/// Hands each whole parameter set in the payload to `each`, as a NAL unit.
pub fn each(codec: Codec, payload: &[u8], mut each: impl FnMut(Name, &[u8])) {
    let name = match codec {
        Codec::H264 => h264,
        Codec::H265 => h265,
        _ => return,
    };
    let mut rest = match (codec, payload) {
        (Codec::H264, [header, body @ ..]) if header & 0x1f == 24 => body,
        (Codec::H265, [header, _, body @ ..]) if header >> 1 & 0x3f == 48 => body,
        _ => return name(payload).map_or((), |name| each(name, payload)),
    };
    while let Some((len, tail)) = rest.split_first_chunk()
        && let Some((unit, tail)) = tail.split_at_checked(usize::from(u16::from_be_bytes(*len)))
    {
        if let Some(name) = name(unit) {
            each(name, unit);
        }
        rest = tail;
    }
}

/// One payload of these units; `None` when there are none, or more than fit into `len_max` bytes.
pub fn aggregate(codec: Codec, units: &[&[u8]], len_max: usize) -> Option<Vec<u8>> {
    let payload = match (codec, units) {
        (_, []) => return None,
        (Codec::H264, _) => {
            let mut payloads = packetise::h264::packetise(units, len_max);
            if payloads.len() == 1 { payloads.pop()? } else { return None }
        }
        (Codec::H265, [unit]) => unit.to_vec(),
        (Codec::H265, _) => units.iter().fold(vec![48 << 1, 1], |mut payload, unit| {
            payload.extend_from_slice(&(unit.len() as u16).to_be_bytes());
            payload.extend_from_slice(unit);
            payload
        }),
        _ => return None,
    };
    (payload.len() <= len_max).then_some(payload)
}

fn h264(unit: &[u8]) -> Option<Name> {
    let kind = unit.first().filter(|header| *header & 0x80 == 0)? & 0x1f;
    // Profile, constraints and level stand before the id of a sequence parameter set.
    let id = match kind {
        7 => BitReader::new(unit.get(4..)?).ue()?,
        8 => BitReader::new(unit.get(1..)?).ue()?,
        _ => return None,
    };
    Some(Name { kind, id })
}

fn h265(unit: &[u8]) -> Option<Name> {
    let kind = unit.first().filter(|header| *header & 0x80 == 0)? >> 1 & 0x3f;
    let body = unit.get(2..)?;
    let id = match kind {
        32 => u32::from(body.first()? >> 4),
        // Its id lies behind profiles of many forms; nobody has two.
        33 => 0,
        34 => BitReader::new(body).ue()?,
        _ => return None,
    };
    Some(Name { kind, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(codec: Codec, payload: &[u8]) -> Vec<(u8, u32, Vec<u8>)> {
        let mut found = Vec::new();
        each(codec, payload, |name, unit| found.push((name.kind, name.id, unit.to_vec())));
        found
    }

    #[test]
    fn sets_are_found_alone_and_aggregated_and_their_ids_are_read() {
        let (sps, pps) = ([0x67, 0x42, 0xe0, 0x1f, 0x80], [0x68, 0x60]);
        let stap = [&[0x78, 0, 5][..], &sps, &[0, 2], &pps, &[0, 2, 0x06, 5]].concat();
        assert_eq!(found(Codec::H264, &stap), [(7, 0, sps.to_vec()), (8, 2, pps.to_vec())]);
        assert_eq!(found(Codec::H264, &pps), [(8, 2, pps.to_vec())]);
        let (vps, sps, pps) = ([0x40, 1, 0x1c], [0x42, 1, 1], [0x44, 1, 0x40]);
        let aggregate = [&[0x60, 1, 0, 3][..], &vps, &[0, 3], &sps, &[0, 3], &pps].concat();
        assert_eq!(
            found(Codec::H265, &aggregate).iter().map(|s| (s.0, s.1)).collect::<Vec<_>>(),
            [(32, 1), (33, 0), (34, 1)]
        );
        for none in [&[][..], &[0x65, 0x88], &[0x67, 0x42], &[0x78, 0, 9, 0x67], &[0x7c, 0x87, 1, 1, 1, 0x80]] {
            assert!(found(Codec::H264, none).is_empty(), "{none:02x?}");
        }
        assert!(found(Codec::Vp8, &sps).is_empty());
    }

    #[test]
    fn what_was_found_becomes_one_payload_or_none() {
        for (codec, units) in [
            (Codec::H264, [&[0x67, 0x42, 0xe0, 0x1f, 0x80][..], &[0x68, 0x80]]),
            (Codec::H265, [&[0x42, 1, 1][..], &[0x44, 1, 0x80]]),
        ] {
            let payload = aggregate(codec, &units, 1_100).unwrap();
            let again: Vec<_> = found(codec, &payload).into_iter().map(|(_, _, unit)| unit).collect();
            assert_eq!(again, units);
            assert_eq!(aggregate(codec, &units[..1], 1_100).as_deref(), Some(units[0]));
            let long = vec![0x44; 700];
            assert_eq!(aggregate(codec, &[&long, &long], 1_100), None);
            assert_eq!(aggregate(codec, &[], 1_100), None);
        }
    }
}
