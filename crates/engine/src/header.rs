//! The RTP header of one track on its way to one viewer: laid out once, so that a packet costs a copy of the layout and the
//! few fields that differ.
//!
//! Extensions are of the one-byte form (RFC 8285 §4.2), whose ids are 1 to 14; what got a higher id is left out.

use media::codec::{Codec, Kind};
use media::{Seq, dd, ext};
use transport::SendTrack;

use crate::ring::Packet;

/// Fixed header and extension header; what is always there: send time 4, transport-wide number 3, MID 17.
const LAYOUT_LEN_MAX: usize = 16 + 4 + 3 + 17;
/// And what may follow: audio level 2, orientation 2, zeros up to a whole word.
const SHORT_LEN_MAX: usize = LAYOUT_LEN_MAX + 2 + 2 + 3;
/// And a dependency descriptor. A long one makes all elements two-byte ones: a byte more each.
pub const LEN_MAX: usize = SHORT_LEN_MAX + 5 + 2 + DEPENDENCY_LEN_MAX;
const DEPENDENCY_LEN_MAX: usize = 255;
/// What fits into a one-byte element.
const ELEMENT_LEN_MAX: usize = 16;

/// Longest MID that is carried; a longer one needs no carrying, because the answer names our SSRC.
const MID_LEN_MAX: usize = 16;

pub struct Header {
    layout: [u8; LAYOUT_LEN_MAX],
    /// Where the layout ends with the MID, and where without.
    len: u8,
    len_without_mid: u8,
    /// Where the values are; 0 where not negotiated.
    send_time_at: u8,
    transport_at: u8,
    /// Extension ids; 0 where not negotiated.
    audio_level: u8,
    orientation: u8,
    dependency: u8,
    /// Elements of both forms may be mixed in the stream.
    is_mixed: bool,
    /// The viewer has reported on our SSRC, so it knows whose it is. Repairs have an SSRC of their own, which nobody reports on:
    /// Firefox drops those without a MID.
    pub is_known: bool,
}

/// What differs from packet to packet.
pub struct Fields {
    pub payload_type: u8,
    pub ssrc: u32,
    pub seq: u16,
    pub time: u32,
    /// 6.18 fixed-point seconds.
    pub send_time: u32,
    /// The transport-wide sequence number.
    pub transport: u16,
    pub is_repair: bool,
    pub marker: bool,
    /// Frame number of the dependency descriptor.
    pub frame: u16,
}

impl Header {
    pub fn new(track: &SendTrack) -> Header {
        let id = |kind| track.ext.id(kind).filter(|id| (1..=14).contains(id)).unwrap_or(0);
        let mut header = Header {
            layout: [0; LAYOUT_LEN_MAX],
            len: 16,
            len_without_mid: 16,
            send_time_at: 0,
            transport_at: 0,
            audio_level: if track.kind == Kind::Audio { id(ext::Kind::AudioLevel) } else { 0 },
            orientation: if track.kind == Kind::Video { id(ext::Kind::Orientation) } else { 0 },
            // Only where a receiver has nothing better: the payload descriptors of VP8 and VP9 say the same in less.
            dependency: if track.codec == Codec::Av1 { id(ext::Kind::DependencyDescriptor) } else { 0 },
            is_mixed: track.ext_mixed,
            is_known: false,
        };
        header.layout[0] = 0x90;
        header.layout[12..14].copy_from_slice(&[0xbe, 0xde]);
        if track.transport_cc {
            header.transport_at = header.element(id(ext::Kind::TransportSeq), &[0; 2]);
        }
        header.send_time_at = header.element(id(ext::Kind::AbsSendTime), &[0; 3]);
        header.len_without_mid = header.len;
        let mid = track.mid.as_str().as_bytes();
        if (1..=MID_LEN_MAX).contains(&mid.len()) {
            header.element(id(ext::Kind::Mid), mid);
        }
        header
    }

    /// Its usual length.
    pub fn len(&self) -> usize {
        usize::from(if self.is_known { self.len_without_mid } else { self.len }).next_multiple_of(4)
    }

    /// Whether packets carry transport-wide numbers.
    pub fn is_numbered(&self) -> bool {
        self.transport_at != 0
    }

    /// Adds an extension to the layout; says where its value is, 0 when it was not negotiated.
    fn element(&mut self, id: u8, value: &[u8]) -> u8 {
        if id == 0 {
            return 0;
        }
        let at = self.len as usize;
        self.layout[at] = id << 4 | (value.len() - 1) as u8;
        self.layout[at + 1..][..value.len()].copy_from_slice(value);
        self.len += 1 + value.len() as u8;
        at as u8 + 1
    }

    /// Writes the header of `packet` to the beginning of `out`, which has [`LEN_MAX`] bytes or more; says how long it is.
    pub fn write(&self, out: &mut [u8], packet: &Packet, fields: &Fields) -> usize {
        out[..LAYOUT_LEN_MAX].copy_from_slice(&self.layout);
        out[0] |= u8::from(packet.is_padded()) << 5;
        out[1] = fields.payload_type | u8::from(fields.marker) << 7;
        out[2..4].copy_from_slice(&fields.seq.to_be_bytes());
        out[4..8].copy_from_slice(&fields.time.to_be_bytes());
        out[8..12].copy_from_slice(&fields.ssrc.to_be_bytes());
        if self.transport_at != 0 {
            out[self.transport_at as usize..][..2].copy_from_slice(&fields.transport.to_be_bytes());
        }
        if self.send_time_at != 0 {
            out[self.send_time_at as usize..][..3].copy_from_slice(&fields.send_time.to_be_bytes()[1..]);
        }
        let with_mid = fields.is_repair || !self.is_known;
        let mut len = usize::from(if with_mid { self.len } else { self.len_without_mid });
        if let (true, Some((level, voice))) = (self.audio_level != 0, packet.audio_level) {
            out[len] = self.audio_level << 4;
            out[len + 1] = level & 0x7f | u8::from(voice) << 7;
            len += 2;
        }
        if let (true, Some(orientation)) = (self.orientation != 0, packet.orientation) {
            out[len] = self.orientation << 4;
            out[len + 1] = orientation;
            len += 2;
        }
        if self.dependency != 0 && packet.dependency.len() > ELEMENT_LEN_MAX {
            if self.is_mixed && packet.dependency.len() <= DEPENDENCY_LEN_MAX {
                len = self.lengthen(out, len, packet, fields.frame);
            }
        } else if self.dependency != 0 && packet.dependency.len() >= 3 {
            out[len] = self.dependency << 4 | (packet.dependency.len() - 1) as u8;
            len += 1 + write_dependency(&mut out[len + 1..], packet, fields.frame);
        }
        let whole = len.next_multiple_of(4);
        out[len..whole].fill(0);
        out[15] = ((whole - 16) / 4) as u8;
        whole
    }

    /// Writes the elements anew in the two-byte form (RFC 8285 §4.3), with a long dependency descriptor, as comes with a keyframe, behind
    /// them.
    #[cold]
    fn lengthen(&self, out: &mut [u8], len: usize, packet: &Packet, frame: u16) -> usize {
        let mut short = [0; SHORT_LEN_MAX];
        short[..len].copy_from_slice(&out[..len]);
        out[12..14].copy_from_slice(&[0x10, 0]);
        let (mut from, mut to) = (16, 16);
        while from < len {
            let value_len = usize::from(short[from] & 0xf) + 1;
            out[to..to + 2].copy_from_slice(&[short[from] >> 4, value_len as u8]);
            out[to + 2..][..value_len].copy_from_slice(&short[from + 1..][..value_len]);
            from += 1 + value_len;
            to += 2 + value_len;
        }
        out[to..to + 2].copy_from_slice(&[self.dependency, packet.dependency.len() as u8]);
        to + 2 + write_dependency(&mut out[to + 2..], packet, frame)
    }
}

/// The packet's dependency descriptor under the viewer's frame number; says how long it is.
fn write_dependency(out: &mut [u8], packet: &Packet, frame: u16) -> usize {
    let len = packet.dependency.len();
    out[..len].copy_from_slice(&packet.dependency);
    dd::renumber(&mut out[..len], Seq(frame));
    len
}

/// Seconds in 6.18 fixed point, 24 bits (the abs-send-time extension). Only differences matter, so any clock will do.
pub fn abs_send_time(since_epoch: std::time::Duration) -> u32 {
    let micros = since_epoch.as_micros() as u64;
    ((micros << 18) / 1_000_000) as u32 & 0x00ff_ffff
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use media::codec::Codec;
    use media::packet;
    use transport::Mid;

    use super::*;
    use crate::ring::{Incoming, Read, Ring};

    fn track(kind: Kind, extensions: &[(ext::Kind, u8)], mid: &str, transport_cc: bool) -> SendTrack {
        let mut map = ext::Map::new();
        extensions.iter().for_each(|&(kind, id)| map.set(kind, id));
        SendTrack {
            kind,
            mid: Mid::new(mid).unwrap(),
            codec: if kind == Kind::Audio { Codec::Opus } else { Codec::Vp8 },
            pt: 96,
            rtx: None,
            red: None,
            ssrc: 7,
            clock_rate: 90_000,
            ext: map,
            ext_mixed: false,
            cname: String::new(),
            nack: false,
            pli: false,
            transport_cc,
        }
    }

    fn ring(audio_level: Option<(u8, bool)>, orientation: Option<u8>) -> Ring {
        let mut ring = Ring::new(2, Duration::from_secs(1));
        let arrival = Instant::now();
        let incoming = Incoming {
            seq: 1,
            time: 0,
            marker: true,
            arrival,
            audio_level,
            orientation,
            dependency: &[],
            is_redundant: false,
            payload: b"p",
        };
        ring.insert(incoming, Read::default());
        ring
    }

    const FIELDS: Fields = Fields {
        payload_type: 96,
        ssrc: 7,
        seq: 500,
        time: 1000,
        send_time: 0x123456,
        transport: 0xabcd,
        is_repair: false,
        marker: true,
        frame: 0,
    };

    #[test]
    fn a_header_says_what_was_negotiated_and_parses_as_such() {
        use ext::Kind::*;
        let negotiated = [(AbsSendTime, 2), (TransportSeq, 3), (Mid, 4), (AudioLevel, 1), (Orientation, 13)];
        for (kind, mid, numbered) in
            [(Kind::Video, "0", true), (Kind::Audio, "sixteen-bytes-xx", true), (Kind::Video, "v", false)]
        {
            let mut header = Header::new(&track(kind, &negotiated, mid, numbered));
            let ring = ring(Some((30, true)), Some(2));
            for known in [false, true] {
                header.is_known = known;
                let mut out = [0xff; LEN_MAX + 1];
                let len = header.write(&mut out, ring.get(1).unwrap(), &FIELDS);
                out[len] = b'p';
                let parsed = packet::Packet::parse(&out[..=len]).unwrap();
                assert_eq!((parsed.header.seq.0, parsed.header.time.0, parsed.header.ssrc), (500, 1000, 7));
                assert!(parsed.header.marker);
                assert_eq!(parsed.payload, b"p");
                let found = |id| parsed.extension.and_then(|block| block.find(id));
                assert_eq!(found(2), Some(&[0x12, 0x34, 0x56][..]));
                assert_eq!(found(3), numbered.then_some(&[0xab, 0xcd][..]));
                assert_eq!(found(4), (!known).then_some(mid.as_bytes()));
                assert_eq!(found(1), (kind == Kind::Audio).then_some(&[30 | 0x80][..]));
                assert_eq!(found(13), (kind == Kind::Video).then_some(&[2][..]));

                let repair = Fields { is_repair: true, ..FIELDS };
                let len = header.write(&mut out, ring.get(1).unwrap(), &repair);
                out[len] = b'p';
                let parsed = packet::Packet::parse(&out[..=len]).unwrap();
                assert_eq!(parsed.extension.and_then(|block| block.find(4)), Some(mid.as_bytes()));
            }
        }
    }

    #[test]
    fn nothing_negotiated_is_an_empty_block_of_extensions() {
        let header = Header::new(&track(Kind::Video, &[], "0", false));
        let mut out = [0xff; LEN_MAX];
        assert_eq!(header.write(&mut out, ring(None, None).get(1).unwrap(), &FIELDS), 16);
        assert_eq!(out[12..16], [0xbe, 0xde, 0, 0]);
    }

    #[test]
    fn abs_send_time_wraps_every_64_seconds() {
        assert_eq!(abs_send_time(Duration::from_secs(1)), 1 << 18);
        assert_eq!(abs_send_time(Duration::from_secs(64)), 0);
        assert_eq!(abs_send_time(Duration::from_millis(64_500)), 1 << 17);
    }
}
