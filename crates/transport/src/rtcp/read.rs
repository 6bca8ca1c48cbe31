//! Reading compound packets in place.

use super::{Firs, Packet, ReportBlock, SenderInfo, Twcc, format, kind};

/// The packets of a compound, up to the first that is cut or no RTCP.
pub fn read(compound: &[u8]) -> Packets<'_> {
    Packets { rest: compound }
}

#[derive(Debug, Clone)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let header = self.rest.get(..4)?;
        if header[0] >> 6 != 2 {
            return None;
        }
        let len = 4 * (usize::from(u16::from_be_bytes([header[2], header[3]])) + 1);
        let (packet, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(one(packet).unwrap_or(Packet::Other { kind: packet[1] }))
    }
}

/// `None` when the body does not hold what its kind asks for.
fn one(packet: &[u8]) -> Option<Packet<'_>> {
    let (count, kind) = (packet[0] & 0x1f, packet[1]);
    let body = unpadded(packet)?;
    Some(match kind {
        kind::SENDER_REPORT => {
            let (info, blocks) = body.split_at_checked(24)?;
            Packet::SenderReport {
                ssrc: word(info, 0),
                info: SenderInfo {
                    ntp: u64::from(word(info, 4)) << 32 | u64::from(word(info, 8)),
                    rtp_time: word(info, 12),
                    packets: word(info, 16),
                    bytes: word(info, 20),
                },
                blocks: ReportBlocks::new(blocks, count),
            }
        }
        kind::RECEIVER_REPORT => {
            let (ssrc, blocks) = body.split_at_checked(4)?;
            Packet::ReceiverReport { ssrc: word(ssrc, 0), blocks: ReportBlocks::new(blocks, count) }
        }
        kind::SDES => Packet::Sdes(body),
        kind::BYE => Packet::Bye(Ssrcs(body.get(..4 * usize::from(count))?)),
        kind::TRANSPORT_FEEDBACK | kind::PAYLOAD_FEEDBACK => {
            let (ssrcs, rest) = body.split_at_checked(8)?;
            let (sender, media) = (word(ssrcs, 0), word(ssrcs, 4));
            match (kind, count) {
                (kind::TRANSPORT_FEEDBACK, format::NACK) => Packet::Nack { sender, media, lost: Nacks::new(rest) },
                (kind::TRANSPORT_FEEDBACK, format::TWCC) => Packet::Twcc(Twcc::parse(sender, media, rest)?),
                (kind::PAYLOAD_FEEDBACK, format::PLI) => Packet::Pli { sender, media },
                (kind::PAYLOAD_FEEDBACK, format::FIR) => Packet::Fir { sender, requests: Firs(rest) },
                (kind::PAYLOAD_FEEDBACK, format::APPLICATION) => Packet::Remb { sender, bitrate: remb(rest)? },
                _ => Packet::Other { kind },
            }
        }
        _ => Packet::Other { kind },
    })
}

/// What follows the header, without padding.
fn unpadded(packet: &[u8]) -> Option<&[u8]> {
    let body = &packet[4..];
    if packet[0] & 0x20 == 0 {
        return Some(body);
    }
    let padding = usize::from(*body.last()?);
    body.get(..body.len().checked_sub(padding)?).filter(|_| padding != 0)
}

/// draft-alvestrand-rmcat-remb: "REMB", a count, 6 bits of exponent and 18 of mantissa.
fn remb(rest: &[u8]) -> Option<u64> {
    let (head, _) = rest.split_at_checked(8)?;
    if &head[..4] != b"REMB" {
        return None;
    }
    let value = word(head, 4) & 0x00ff_ffff;
    let (exponent, mantissa) = (value >> 18, u64::from(value & 0x3_ffff));
    // Above 2^45 the number is nonsense; it must not wrap into a small one.
    Some(mantissa.checked_shl(exponent).filter(|b| b >> exponent == mantissa).unwrap_or(u64::MAX))
}

pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlocks<'a> {
    blocks: &'a [u8],
}

impl<'a> ReportBlocks<'a> {
    const LEN: usize = 24;

    /// Profile-specific extensions may follow the counted blocks.
    fn new(bytes: &'a [u8], count: u8) -> ReportBlocks<'a> {
        let whole = (bytes.len() / Self::LEN).min(usize::from(count));
        ReportBlocks { blocks: &bytes[..whole * Self::LEN] }
    }
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.blocks.split_at_checked(Self::LEN)?;
        self.blocks = rest;
        let loss = word(block, 4);
        Some(ReportBlock {
            ssrc: word(block, 0),
            fraction_lost: (loss >> 24) as u8,
            // 24 bits with sign.
            lost: ((loss << 8) as i32) >> 8,
            highest_seq: word(block, 8),
            jitter: word(block, 12),
            last_sr: word(block, 16),
            delay: word(block, 20),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ssrcs<'a>(&'a [u8]);

impl Iterator for Ssrcs<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (ssrc, rest) = self.0.split_at_checked(4)?;
        self.0 = rest;
        Some(word(ssrc, 0))
    }
}

/// The sequence numbers of a NACK: each entry names one and a bit mask of the 16 after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nacks<'a> {
    entries: &'a [u8],
    first: u16,
    /// Bit 0 is `first` itself.
    mask: u32,
}

impl<'a> Nacks<'a> {
    fn new(entries: &'a [u8]) -> Nacks<'a> {
        Nacks { entries, first: 0, mask: 0 }
    }
}

impl Iterator for Nacks<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.mask == 0 {
            let (entry, rest) = self.entries.split_at_checked(4)?;
            self.entries = rest;
            self.first = u16::from_be_bytes([entry[0], entry[1]]);
            self.mask = u32::from(u16::from_be_bytes([entry[2], entry[3]])) << 1 | 1;
        }
        let offset = self.mask.trailing_zeros() as u16;
        self.mask &= self.mask - 1;
        Some(self.first.wrapping_add(offset))
    }
}
