//! The classic capture format of tcpdump: a header of 24 bytes, then records with a header of 16 each.

use std::time::Duration;

use crate::Error;
use crate::capture::file::{ByteOrder, Layer, Record};

const HEADER_LEN: usize = 24;
const RECORD_HEADER_LEN: usize = 16;

/// What the first four bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    order: ByteOrder,
    fraction_ns: u32,
}

impl Format {
    pub fn of(magic: [u8; 4]) -> Option<Format> {
        let (order, fraction_ns) = match magic {
            [0xa1, 0xb2, 0xc3, 0xd4] => (ByteOrder::Big, 1_000),
            [0xd4, 0xc3, 0xb2, 0xa1] => (ByteOrder::Little, 1_000),
            [0xa1, 0xb2, 0x3c, 0x4d] => (ByteOrder::Big, 1),
            [0x4d, 0x3c, 0xb2, 0xa1] => (ByteOrder::Little, 1),
            _ => return None,
        };
        Some(Format { order, fraction_ns })
    }
}

pub(super) fn records(bytes: &[u8], format: Format) -> Result<Vec<Record<'_>>, Error> {
    let (header, mut rest) = bytes.split_at_checked(HEADER_LEN).ok_or(Error::Cut("capture header"))?;
    let order = format.order;
    // The upper half is about frame check sequences.
    let link = order.u32(header, 20).ok_or(Error::Cut("capture header"))? as u16;
    let mut records = Vec::new();
    // A capture that was stopped hard ends inside a record: what is whole counts.
    while let Some((head, tail)) = rest.split_at_checked(RECORD_HEADER_LEN) {
        let field = |at| order.u32(head, at).unwrap_or(0);
        let (len, len_on_wire) = (field(8) as usize, field(12) as usize);
        let Some((bytes, tail)) = tail.split_at_checked(len) else { break };
        let fraction = Duration::from_nanos(u64::from(field(4)) * u64::from(format.fraction_ns));
        let at = Duration::from_secs(u64::from(field(0))) + fraction;
        records.push(Record { at, layer: Layer::Link(link), bytes, cut: len < len_on_wire });
        rest = tail;
    }
    Ok(records)
}
