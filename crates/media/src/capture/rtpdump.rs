//! The dump format of rtptools: a line of text, a header of 16 bytes, then RTP and RTCP packets with 8 bytes in front.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::Error;
use crate::capture::file::{ByteOrder, Layer, Record};

const SIGNATURE: &[u8] = b"#!rtpplay1.0 ";
/// The line names an address and a port; longer than that it is something else.
const LINE_LEN_MAX: usize = 256;
const HEADER_LEN: usize = 16;

pub(super) fn records(bytes: &[u8]) -> Result<Vec<Record<'_>>, Error> {
    if !bytes.starts_with(SIGNATURE) {
        return Err(Error::NotACapture);
    }
    let line_len = bytes.iter().take(LINE_LEN_MAX).position(|byte| *byte == b'\n').ok_or(Error::NotACapture)?;
    let (header, mut rest) =
        bytes[line_len + 1..].split_first_chunk::<HEADER_LEN>().ok_or(Error::Cut("dump header"))?;
    let address = Ipv4Addr::new(header[8], header[9], header[10], header[11]);
    let source = SocketAddr::new(address.into(), u16::from_be_bytes([header[12], header[13]]));
    let mut records = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let field = |at| ByteOrder::Big.u16(head, at).map_or(0, usize::from);
        let len = field(0).checked_sub(8).ok_or(Error::Cut("record header"))?;
        let Some((bytes, tail)) = tail.split_at_checked(len) else { break };
        let at = Duration::from_millis(u64::from(ByteOrder::Big.u32(head, 4).unwrap_or(0)));
        records.push(Record { at, layer: Layer::Rtp(source), bytes, cut: len < field(2) });
        rest = tail;
    }
    Ok(records)
}
