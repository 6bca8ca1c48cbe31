//! Receiving: one call brings up to 32 messages, and with UDP_GRO each of them up to 64 datagrams of one sender.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::AsFd;

use super::sys::{self, RECV_BATCH, SLOT_BYTES, Slot};
use super::{Socket, normalise};

/// The buffers of [`Socket::recv_batch`] and what it last brought. 2 MiB of address space, of which only what datagrams
/// reach becomes memory. A worker keeps one and uses it again.
pub struct RecvBatch {
    bytes: Box<[u8]>,
    slots: Box<[Slot]>,
    datagrams: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    from: SocketAddr,
    to: SocketAddr,
    start: usize,
    len: usize,
}

/// One datagram as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    pub from: SocketAddr,
    /// The address of ours that it was sent to.
    pub to: SocketAddr,
    pub bytes: &'a [u8],
}

/// Since the socket was bound.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct RecvStats {
    pub datagrams: u64,
    /// System calls that brought something.
    pub batches: u64,
    /// Datagrams that the kernel dropped because nobody took them out of the full buffer in time.
    pub overflowed: u64,
    /// Messages left out because they were longer than a datagram can be, or of no family we know.
    pub malformed: u64,
    /// Calls that failed for another reason than an empty buffer.
    pub errors: u64,
}

#[derive(Debug)]
pub(super) struct State {
    pub gro: bool,
    stats: RecvStats,
    /// The kernel's counter as last seen; it wraps at 32 bits.
    overflow_seen: u32,
}

impl State {
    pub fn new(gro: bool) -> State {
        State { gro, stats: RecvStats::default(), overflow_seen: 0 }
    }
}

impl RecvBatch {
    pub fn new() -> RecvBatch {
        RecvBatch {
            bytes: vec![0; RECV_BATCH * SLOT_BYTES].into_boxed_slice(),
            slots: vec![Slot::EMPTY; RECV_BATCH].into_boxed_slice(),
            datagrams: Vec::with_capacity(RECV_BATCH),
        }
    }

    /// What the last call brought, in the order of arrival.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Datagram<'_>> {
        self.datagrams.iter().map(|e| Datagram { from: e.from, to: e.to, bytes: &self.bytes[e.start..e.start + e.len] })
    }

    pub fn len(&self) -> usize {
        self.datagrams.len()
    }

    pub fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }
}

impl Default for RecvBatch {
    fn default() -> RecvBatch {
        RecvBatch::new()
    }
}

impl Socket {
    /// Replaces the contents of `batch` by what has arrived, and says how many datagrams that is. 0 means: nothing there,
    /// wait for the socket to become readable. Never blocks; a failing call is counted and brings nothing.
    pub fn recv_batch(&mut self, batch: &mut RecvBatch) -> usize {
        batch.datagrams.clear();
        let messages = match sys::recv_many(self.socket.as_fd(), &mut batch.bytes, &mut batch.slots) {
            Ok(messages) => messages,
            Err(error) => {
                if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) {
                    self.recv.stats.errors += 1;
                }
                return 0;
            }
        };
        for (i, slot) in batch.slots.iter().enumerate().take(messages) {
            let facts = slot.facts();
            if let Some(seen) = facts.overflowed {
                self.recv.stats.overflowed += u64::from(seen.wrapping_sub(self.recv.overflow_seen));
                self.recv.overflow_seen = seen;
            }
            let Some(from) = slot.from().filter(|_| !slot.truncated) else {
                self.recv.stats.malformed += 1;
                continue;
            };
            let to = facts.to.map_or(normalise(self.local), |(ip, index)| with_scope(ip, self.local.port(), index));
            // Without GRO, and for a lone datagram, the whole message is one.
            let segment = facts.segment.filter(|&s| s > 0).unwrap_or(slot.len);
            let mut start = i * SLOT_BYTES;
            let end = start + slot.len;
            while start < end {
                let len = segment.min(end - start);
                batch.datagrams.push(Entry { from, to, start, len });
                start += len;
            }
        }
        self.recv.stats.batches += u64::from(messages > 0);
        self.recv.stats.datagrams += batch.datagrams.len() as u64;
        batch.datagrams.len()
    }

    pub fn recv_stats(&self) -> RecvStats {
        self.recv.stats
    }
}

/// A link-local address means nothing without its interface.
fn with_scope(ip: IpAddr, port: u16, interface: u32) -> SocketAddr {
    match ip {
        IpAddr::V6(v6) if v6.is_unicast_link_local() => SocketAddrV6::new(v6, port, 0, interface).into(),
        ip => SocketAddr::new(ip, port),
    }
}
