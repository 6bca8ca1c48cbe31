//! The media record: one RTP packet on its way between workers, and later between nodes, regions and recorders.
//!
//! A record may be lost (a full ring drops it), so nothing that must arrive is expressible here. The payload travels
//! as it came; the header fields a downlink rewrites travel beside it.

use crate::ids::{TrackId, WorkerId};

/// One media packet of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    pub track: TrackId,
    /// Index into the track's layers.
    pub layer: u8,
    pub marker: bool,
    /// Counts the restarts of the stream: numbering and clock begin anew with each.
    pub generation: u8,
    /// Extended sequence number in the source's own numbering.
    pub seq: u64,
    /// RTP timestamp in the source's own clock.
    pub time: u32,
    /// When the origin received it, microseconds of the node's monotonic clock.
    pub arrival_us: u64,
    /// Audio level in -dBov and voice activity, as the publisher said.
    pub audio_level: Option<(u8, bool)>,
    /// Video orientation byte.
    pub orientation: Option<u8>,
    /// Dependency descriptor as received; empty when there is none.
    pub dependency: &'a [u8],
    /// The payload is redundant audio (RFC 2198): earlier packets, then this one.
    pub is_redundant: bool,
    pub payload: &'a [u8],
}

const HEADER_LEN: usize = 34;
const FLAG_MARKER: u8 = 1;
const FLAG_LEVEL: u8 = 2;
const FLAG_VOICE: u8 = 4;
const FLAG_ORIENTATION: u8 = 8;
const FLAG_REDUNDANT: u8 = 16;

/// Longest record: a payload is at most one datagram, a descriptor one two-byte extension.
pub const RECORD_LEN_MAX: usize = HEADER_LEN + 255 + 1500;

impl<'a> Frame<'a> {
    pub fn encoded_len(&self) -> usize {
        HEADER_LEN + self.dependency.len() + self.payload.len()
    }

    /// Appends the record to `out`. Returns false, and appends nothing, when it is longer than a record may be.
    pub fn encode(&self, out: &mut Vec<u8>) -> bool {
        if self.dependency.len() > 255 || self.payload.len() > 1500 {
            return false;
        }
        let mut flags = 0;
        if self.marker {
            flags |= FLAG_MARKER;
        }
        if self.is_redundant {
            flags |= FLAG_REDUNDANT;
        }
        let mut level = 0;
        if let Some((dbov, voice)) = self.audio_level {
            flags |= FLAG_LEVEL | if voice { FLAG_VOICE } else { 0 };
            level = dbov;
        }
        if self.orientation.is_some() {
            flags |= FLAG_ORIENTATION;
        }
        out.reserve(self.encoded_len());
        out.push(flags);
        out.push(self.track.origin.0);
        out.extend_from_slice(&self.track.n.to_be_bytes());
        out.push(self.layer);
        out.push(level);
        out.push(self.orientation.unwrap_or(0));
        out.push(self.dependency.len() as u8);
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(&self.time.to_be_bytes());
        out.extend_from_slice(&self.arrival_us.to_be_bytes());
        out.extend_from_slice(&[self.generation, 0]); // the second byte is reserved
        out.extend_from_slice(&(self.payload.len() as u16).to_be_bytes());
        out.extend_from_slice(self.dependency);
        out.extend_from_slice(self.payload);
        true
    }

    /// Reads one record that fills `record` exactly. `None` for anything else.
    pub fn decode(record: &'a [u8]) -> Option<Frame<'a>> {
        let (header, rest) = record.split_at_checked(HEADER_LEN)?;
        let flags = header[0];
        let dependency_len = header[9] as usize;
        let payload_len = u16::from_be_bytes([header[32], header[33]]) as usize;
        if rest.len() != dependency_len + payload_len || payload_len > 1500 {
            return None;
        }
        let (dependency, payload) = rest.split_at(dependency_len);
        let u32_at = |i: usize| u32::from_be_bytes([header[i], header[i + 1], header[i + 2], header[i + 3]]);
        let u64_at = |i: usize| (u64::from(u32_at(i)) << 32) | u64::from(u32_at(i + 4));
        Some(Frame {
            track: TrackId { origin: WorkerId(header[1]), n: u32_at(2) },
            layer: header[6],
            marker: flags & FLAG_MARKER != 0,
            generation: header[30],
            seq: u64_at(10),
            time: u32_at(18),
            arrival_us: u64_at(22),
            audio_level: (flags & FLAG_LEVEL != 0).then_some((header[7], flags & FLAG_VOICE != 0)),
            orientation: (flags & FLAG_ORIENTATION != 0).then_some(header[8]),
            dependency,
            is_redundant: flags & FLAG_REDUNDANT != 0,
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame<'static> {
        Frame {
            track: TrackId { origin: WorkerId(2), n: 77 },
            layer: 1,
            marker: true,
            generation: 3,
            seq: 1 << 33 | 5,
            time: 0xffff_fff0,
            arrival_us: 1_234_567_890_123,
            audio_level: Some((30, true)),
            orientation: Some(2),
            dependency: b"dd",
            is_redundant: true,
            payload: b"payload",
        }
    }

    #[test]
    fn a_packet_comes_out_of_a_record_as_it_went_in() {
        for frame in [
            frame(),
            Frame {
                audio_level: None,
                orientation: None,
                marker: false,
                dependency: b"",
                is_redundant: false,
                payload: b"",
                ..frame()
            },
        ] {
            let mut record = Vec::new();
            assert!(frame.encode(&mut record));
            assert_eq!(record.len(), frame.encoded_len());
            assert_eq!(Frame::decode(&record), Some(frame));
        }
    }

    #[test]
    fn a_cut_or_padded_record_is_refused() {
        let mut record = Vec::new();
        assert!(frame().encode(&mut record));
        for len in 0..record.len() {
            assert_eq!(Frame::decode(&record[..len]), None);
        }
        record.push(0);
        assert_eq!(Frame::decode(&record), None);
    }

    #[test]
    fn an_oversized_payload_is_not_encoded() {
        let long = vec![0; 1501];
        let mut record = Vec::new();
        assert!(!Frame { payload: &long, ..frame() }.encode(&mut record));
        assert!(record.is_empty());
    }
}
