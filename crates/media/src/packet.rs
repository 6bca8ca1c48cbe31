//! One RTP packet (RFC 3550 §5.1), read in place and written into a given buffer.
//!
//! A parsed packet borrows everything from the datagram. It knows nothing of SRTP: give it decrypted bytes, or a packet
//! whose encrypted payload does not matter.

use crate::{Error, RtpTime, Seq, ext};

const FIXED_LEN: usize = 12;
const VERSION: u8 = 2;

/// The fixed header fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub marker: bool,
    /// 0..=127.
    pub payload_type: u8,
    pub seq: Seq,
    pub time: RtpTime,
    pub ssrc: u32,
}

/// A packet as it lies in a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    pub header: Header,
    /// Contributing sources, four bytes each.
    pub csrcs: &'a [u8],
    pub extension: Option<ext::Block<'a>>,
    /// Without padding.
    pub payload: &'a [u8],
    /// How many bytes of padding followed the payload, their count included.
    pub padding: u8,
}

impl<'a> Packet<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Packet<'a>, Error> {
        let packet = Packet::parse_cut(bytes)?;
        if bytes[0] & 0x20 == 0 {
            return Ok(packet);
        }
        let (payload, padding) = strip_padding(packet.payload)?;
        Ok(Packet { payload, padding, ..packet })
    }

    /// A packet of which only the beginning is there: padding, which is counted at the end, counts as payload.
    pub(crate) fn parse_cut(bytes: &'a [u8]) -> Result<Packet<'a>, Error> {
        let (fixed, rest) = bytes.split_at_checked(FIXED_LEN).ok_or(Error::PacketTooShort(bytes.len()))?;
        let version = fixed[0] >> 6;
        if version != VERSION {
            return Err(Error::Version(version));
        }
        let header = Header {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            seq: Seq(u16::from_be_bytes([fixed[2], fixed[3]])),
            time: RtpTime(u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]])),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        let csrc_len = usize::from(fixed[0] & 0x0f) * 4;
        let (csrcs, rest) = rest.split_at_checked(csrc_len).ok_or(Error::Cut("list of contributing sources"))?;
        let (extension, payload) = match fixed[0] & 0x10 {
            0 => (None, rest),
            _ => {
                let (block, rest) = ext::Block::split_from(rest)?;
                (Some(block), rest)
            }
        };
        Ok(Packet { header, csrcs, extension, payload, padding: 0 })
    }

    /// Header, contributing sources and extensions: how many bytes of the datagram precede the payload.
    pub fn header_len(&self) -> usize {
        FIXED_LEN + self.csrcs.len() + self.extension.map_or(0, |block| 4 + block.len())
    }
}

impl Header {
    /// Writes the header and its extensions to the front of `out`; answers how many bytes that took.
    pub fn write(&self, extensions: &ext::Writer, out: &mut [u8]) -> Result<usize, Error> {
        self.write_with(extensions, Padding::None, out)
    }

    /// As [`Header::write`], announcing that the payload will be followed by padding whose last byte counts it.
    pub fn write_with(&self, extensions: &ext::Writer, padding: Padding, out: &mut [u8]) -> Result<usize, Error> {
        let needed = FIXED_LEN + extensions.encoded_len();
        let room = out.len();
        let out = out.get_mut(..needed).ok_or(Error::NoRoom { needed, room })?;
        let (fixed, rest) = out.split_at_mut(FIXED_LEN);
        let extended = if rest.is_empty() { 0 } else { 0x10 };
        let padded = match padding {
            Padding::None => 0,
            Padding::Follows => 0x20,
        };
        fixed[0] = VERSION << 6 | padded | extended;
        fixed[1] = u8::from(self.marker) << 7 | self.payload_type & 0x7f;
        fixed[2..4].copy_from_slice(&self.seq.0.to_be_bytes());
        fixed[4..8].copy_from_slice(&self.time.0.to_be_bytes());
        fixed[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        extensions.write(rest);
        Ok(needed)
    }
}

/// Whether padding follows the payload that is about to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    None,
    Follows,
}

fn strip_padding(rest: &[u8]) -> Result<(&[u8], u8), Error> {
    let count = *rest.last().ok_or(Error::Padding(0))?;
    match rest.len().checked_sub(usize::from(count)) {
        Some(len) if count > 0 => Ok((&rest[..len], count)),
        _ => Err(Error::Padding(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: Header =
        Header { marker: true, payload_type: 96, seq: Seq(0xbeef), time: RtpTime(0x0102_0304), ssrc: 0xcafe_babe };

    fn written(extensions: &ext::Writer, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 700];
        let len = HEADER.write(extensions, &mut out).unwrap();
        out.truncate(len);
        out.extend_from_slice(payload);
        out
    }

    #[test]
    fn a_header_comes_back_as_it_was_written() {
        let bytes = written(&ext::Writer::new(), b"media");
        assert_eq!(bytes.len(), 12 + 5);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.header, HEADER);
        assert_eq!(packet.payload, b"media");
        assert_eq!(packet.extension, None);
        assert_eq!(packet.header_len(), 12);
    }

    #[test]
    fn contributing_sources_and_padding_are_not_payload() {
        let mut bytes = written(&ext::Writer::new(), b"");
        bytes[0] |= 0x20 | 2;
        bytes.extend_from_slice(&[1, 1, 1, 1, 2, 2, 2, 2]);
        bytes.extend_from_slice(b"voice\0\0\x03");
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.csrcs, [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!((packet.payload, packet.padding), (&b"voice"[..], 3));
        assert_eq!(packet.header_len(), 20);
    }

    #[test]
    fn a_packet_of_padding_alone_has_an_empty_payload() {
        let mut bytes = written(&ext::Writer::new(), &[0, 0, 0, 4]);
        bytes[0] |= 0x20;
        assert_eq!(Packet::parse(&bytes).unwrap().payload, b"");
    }

    #[test]
    fn impossible_packets_are_refused_with_a_reason() {
        let good = written(&ext::Writer::new(), b"x");
        assert_eq!(Packet::parse(&good[..11]), Err(Error::PacketTooShort(11)));
        let mut version_1 = good.clone();
        version_1[0] = 0x40;
        assert_eq!(Packet::parse(&version_1), Err(Error::Version(1)));
        let mut sources = good.clone();
        sources[0] |= 0x0f;
        assert_eq!(Packet::parse(&sources), Err(Error::Cut("list of contributing sources")));
        for count in [0, 2] {
            let mut padded = good.clone();
            padded[0] |= 0x20;
            padded[12] = count;
            assert_eq!(Packet::parse(&padded), Err(Error::Padding(count)));
        }
        let mut unpadded = good[..12].to_vec();
        unpadded[0] |= 0x20;
        assert_eq!(Packet::parse(&unpadded), Err(Error::Padding(0)));
    }

    #[test]
    fn a_header_is_not_written_into_too_little_room() {
        let mut out = [0; 11];
        assert_eq!(HEADER.write(&ext::Writer::new(), &mut out), Err(Error::NoRoom { needed: 12, room: 11 }));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), version in any::<bool>()) {
            let mut bytes = bytes;
            if let (true, Some(first)) = (version, bytes.first_mut()) {
                *first = *first & 0x3f | 0x80;
            }
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert_eq!(packet.header_len() + packet.payload.len() + usize::from(packet.padding), bytes.len());
            }
        }
    }
}
