//! The capture format of Wireshark: sections of blocks, each interface with its own link layer and clock.

use std::time::Duration;

use crate::Error;
use crate::capture::file::{ByteOrder, Layer, Record};

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const PACKET: u32 = 6;

const OPTION_TIME_RESOLUTION: u16 = 9;
const OPTION_TIME_OFFSET: u16 = 14;

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: u16,
    ticks_per_second: u64,
    offset: Duration,
}

pub(super) fn records(bytes: &[u8]) -> Result<Vec<Record<'_>>, Error> {
    let mut records: Vec<Record<'_>> = Vec::new();
    let mut interfaces = Vec::new();
    let mut order = ByteOrder::Big;
    let mut rest = bytes;
    while rest.len() >= 12 {
        let kind = u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]);
        if kind == SECTION {
            order = match rest[8..12] {
                [0x1a, 0x2b, 0x3c, 0x4d] => ByteOrder::Big,
                [0x4d, 0x3c, 0x2b, 0x1a] => ByteOrder::Little,
                _ => return Err(Error::Cut("section header")),
            };
            interfaces.clear();
        }
        let len = order.u32(rest, 4).unwrap_or(0) as usize;
        if len < 12 || !len.is_multiple_of(4) {
            return Err(Error::Cut("block header"));
        }
        // A capture that was stopped hard ends inside a block: what is whole counts.
        let Some((block, tail)) = rest.split_at_checked(len) else { break };
        let body = &block[8..len - 4];
        match order.u32(block, 0).unwrap_or(0) {
            INTERFACE => interfaces.push(Interface::read(body, order)?),
            PACKET => records.extend(packet(body, order, order.u32(body, 0), &interfaces)),
            OLD_PACKET => records.extend(packet(body, order, order.u16(body, 0).map(u32::from), &interfaces)),
            SIMPLE_PACKET => {
                let at = records.last().map_or(Duration::ZERO, |record| record.at);
                records.extend(simple_packet(body, order, at, &interfaces));
            }
            _ => {}
        }
        rest = tail;
    }
    Ok(records)
}

impl Interface {
    fn read(body: &[u8], order: ByteOrder) -> Result<Interface, Error> {
        let link = order.u16(body, 0).ok_or(Error::Cut("interface description"))?;
        let mut interface = Interface { link, ticks_per_second: 1_000_000, offset: Duration::ZERO };
        let mut options = body.get(8..).unwrap_or_default();
        while let (Some(code), Some(len)) = (order.u16(options, 0), order.u16(options, 2)) {
            let len = usize::from(len);
            let Some(value) = options.get(4..4 + len) else { break };
            match code {
                OPTION_TIME_RESOLUTION => {
                    interface.ticks_per_second = value.first().copied().and_then(resolution).unwrap_or(1_000_000)
                }
                OPTION_TIME_OFFSET => {
                    let high = order.u32(value, if order == ByteOrder::Big { 0 } else { 4 }).unwrap_or(0);
                    let low = order.u32(value, if order == ByteOrder::Big { 4 } else { 0 }).unwrap_or(0);
                    // An offset of more than a century, or a negative one, is nonsense.
                    interface.offset = Duration::from_secs(if high == 0 { u64::from(low) } else { 0 });
                }
                _ => {}
            }
            options = options.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(interface)
    }

    fn time(&self, ticks: u64) -> Duration {
        let seconds = ticks / self.ticks_per_second;
        let rest = u128::from(ticks % self.ticks_per_second) * 1_000_000_000 / u128::from(self.ticks_per_second);
        self.offset.saturating_add(Duration::new(seconds, rest as u32))
    }
}

/// Ticks per second: a negative power of ten, or of two when the top bit is set.
fn resolution(code: u8) -> Option<u64> {
    match code & 0x80 {
        0 => 10u64.checked_pow(u32::from(code)),
        _ => 1u64.checked_shl(u32::from(code & 0x7f)),
    }
}

fn packet<'a>(
    body: &'a [u8],
    order: ByteOrder,
    interface: Option<u32>,
    interfaces: &[Interface],
) -> Option<Record<'a>> {
    let interface = interfaces.get(interface? as usize)?;
    let ticks = u64::from(order.u32(body, 4)?) << 32 | u64::from(order.u32(body, 8)?);
    let (len, len_on_wire) = (order.u32(body, 12)? as usize, order.u32(body, 16)? as usize);
    let bytes = body.get(20..)?.get(..len)?;
    Some(Record { at: interface.time(ticks), layer: Layer::Link(interface.link), bytes, cut: len < len_on_wire })
}

/// Has no time of its own, belongs to the first interface, and is padded to four bytes.
fn simple_packet<'a>(body: &'a [u8], order: ByteOrder, at: Duration, interfaces: &[Interface]) -> Option<Record<'a>> {
    let interface = interfaces.first()?;
    let len_on_wire = order.u32(body, 0)? as usize;
    let bytes = body.get(4..)?;
    let len = len_on_wire.min(bytes.len());
    Some(Record { at, layer: Layer::Link(interface.link), bytes: &bytes[..len], cut: len < len_on_wire })
}
