//! Opens a capture whatever its format, and hands out its records.

use std::time::Duration;

use crate::Error;
use crate::capture::{pcap, pcapng, rtpdump};

/// What a capture holds at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// Since the epoch, or since whatever the format counts from.
    pub at: Duration,
    pub layer: Layer,
    pub bytes: &'a [u8],
    /// The capture holds only the beginning of it.
    pub cut: bool,
}

/// What a record's bytes begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// A link layer, by its number in the registry of tcpdump.
    Link(u16),
    /// RTP itself; where it came from, as the file says.
    Rtp(std::net::SocketAddr),
}

pub(super) fn records(bytes: &[u8]) -> Result<Vec<Record<'_>>, Error> {
    match bytes.first_chunk::<4>() {
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => pcapng::records(bytes),
        Some([b'#', b'!', b'r', b't']) => rtpdump::records(bytes),
        Some(magic) => match pcap::Format::of(*magic) {
            Some(format) => pcap::records(bytes, format),
            None => Err(Error::NotACapture),
        },
        None => Err(Error::NotACapture),
    }
}

/// Numbers in the byte order of the machine that captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Big,
    Little,
}

impl ByteOrder {
    pub fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            ByteOrder::Big => u16::from_be_bytes(field),
            ByteOrder::Little => u16::from_le_bytes(field),
        })
    }

    pub fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            ByteOrder::Big => u32::from_be_bytes(field),
            ByteOrder::Little => u32::from_le_bytes(field),
        })
    }
}
