//! What a worker sends in a tick: bytes in one arena, and the messages cut from it. One message is one
//! send call; with a segment size it is a run of equal datagrams to one address (GSO), only the last may be shorter.
//!
//! Whoever fills it stops where it can once it [is full](Outbox::is_full), and goes on when it has been sent. What cannot stop
//! may go on up to a limit, and is refused beyond: such a datagram is lost as if on the way.

use std::net::SocketAddr;

/// The kernel takes at most 64 datagrams in a message,
const SEGMENTS_MAX: usize = 64;
/// of together less than an IP packet,
const MESSAGE_LEN_MAX: usize = 65_000;
/// and none longer than a link's packet.
const SEGMENT_LEN_MAX: usize = 1500;
/// It is full then: what was sealed should still be in the second-level cache when the kernel copies it. Measured at 500
/// viewers, all of a node's CPU time per packet: 2.2 µs at 128 kB (each call wakes receivers anew), 1.95 at 512 kB, 2.3 at 1 MB.
const FULL: usize = 1 << 19;
/// The limit: seven viewers' queues for the pacer beyond what is full, and no more than the socket's send buffer would take.
const LIMIT: usize = 8 * FULL;
/// The arena grows by this: what it grew by is memory in use from then on.
const STEP: usize = 1 << 16;
/// What is full, and one visit more: what a replay may send at once, and a burst.
const KEPT: usize = FULL + 2 * STEP;

#[derive(Debug, Default)]
pub struct Outbox {
    /// Initialised once and written over: filling a datagram's room with zeros first would cost a tenth of sealing it.
    arena: Vec<u8>,
    used: usize,
    pub messages: Vec<Message>,
    /// Datagrams that were refused by [`Outbox::push`], until somebody counts them.
    refused: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    pub start: usize,
    pub len: usize,
    /// Length of each datagram in the message, 0 when the message is a single datagram.
    pub segment: u16,
    pub to: SocketAddr,
}

impl Message {
    /// How many datagrams the message is.
    pub fn datagrams(&self) -> usize {
        match self.segment {
            0 => 1,
            segment => self.len.div_ceil(segment as usize),
        }
    }
}

impl Outbox {
    /// Forgets everything. Keeps the memory, but not what a bad moment took.
    pub fn clear(&mut self) {
        self.used = 0;
        self.messages.clear();
        if self.arena.len() > KEPT {
            self.arena.truncate(KEPT);
            self.arena.shrink_to_fit();
            self.messages = Vec::new();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many bytes wait to be sent.
    pub fn len(&self) -> usize {
        self.used
    }

    /// Time to send it, before anything else is put in.
    pub fn is_full(&self) -> bool {
        self.used >= FULL
    }

    /// Datagrams refused since the last call.
    pub fn take_refused(&mut self) -> u64 {
        std::mem::take(&mut self.refused)
    }

    /// What the messages are cut from.
    pub fn bytes(&self) -> &[u8] {
        &self.arena[..self.used]
    }

    /// Adds one datagram as a message of its own.
    pub fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.push_run(to, 0, datagram);
    }

    /// Adds a message as it is: with a segment length, a run of datagrams.
    pub fn push_run(&mut self, to: SocketAddr, segment: u16, bytes: &[u8]) {
        let Some(room) = self.room(bytes.len()) else {
            self.refused += 1;
            return;
        };
        room.copy_from_slice(bytes);
        self.messages.push(Message { start: self.used, len: bytes.len(), segment, to });
        self.used += bytes.len();
    }

    /// Room for a datagram of at most `len` bytes; `None` at the limit. What is written there leaves by [`Outbox::commit`], or never.
    pub fn room(&mut self, len: usize) -> Option<&mut [u8]> {
        let end = self.used + len;
        if end > LIMIT {
            return None;
        }
        if end > self.arena.len() {
            let grown = end.next_multiple_of(STEP);
            self.arena.reserve_exact(grown - self.arena.len());
            self.arena.resize(grown, 0);
        }
        Some(&mut self.arena[self.used..end])
    }

    /// The first `len` bytes of the room are a datagram. Follows it a datagram of the same length to the same address, or a
    /// last shorter one, then both are one message: the kernel takes a run for hardly more than a single.
    pub fn commit(&mut self, to: SocketAddr, len: usize) {
        let start = self.used;
        self.used += len;
        if let Some(last) = self.messages.last_mut()
            && last.to == to
            && last.start + last.len == start
        {
            let segment = if last.segment == 0 { last.len } else { last.segment as usize };
            let is_open = last.len.is_multiple_of(segment);
            let fits = last.len / segment < SEGMENTS_MAX && last.len + len <= MESSAGE_LEN_MAX;
            if len > 0 && len <= segment && segment <= SEGMENT_LEN_MAX && is_open && fits {
                last.segment = segment as u16;
                last.len += len;
                return;
            }
        }
        self.messages.push(Message { start, len, segment: 0, to });
    }

    /// Each datagram with its destination, in sending order.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.messages.iter().flat_map(|message| {
            let bytes = &self.arena[message.start..message.start + message.len];
            let size = if message.segment == 0 { bytes.len().max(1) } else { message.segment as usize };
            bytes.chunks(size).map(|datagram| (message.to, datagram))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segmented_message_comes_apart_into_its_datagrams() {
        let to: SocketAddr = "192.0.2.1:9".parse().unwrap();
        let mut outbox = Outbox::default();
        outbox.push(to, b"single");
        outbox.push_run(to, 3, b"aaabbbc");
        let datagrams: Vec<_> = outbox.datagrams().map(|(_, d)| d).collect();
        assert_eq!(datagrams, [&b"single"[..], b"aaa", b"bbb", b"c"]);
        assert_eq!(outbox.messages[1].datagrams(), 3);
        outbox.clear();
        assert!(outbox.is_empty() && outbox.bytes().is_empty());
    }
    #[test]
    fn a_viewers_packets_of_one_length_and_a_last_shorter_one_are_one_message() {
        let (to, other): (SocketAddr, SocketAddr) = ("192.0.2.1:9".parse().unwrap(), "192.0.2.1:10".parse().unwrap());
        let mut outbox = Outbox::default();
        for (to, len) in [(to, 900), (to, 900), (to, 100), (to, 900), (other, 900), (other, 901)] {
            outbox.room(len).unwrap().fill(7);
            outbox.commit(to, len);
        }
        let shape: Vec<_> = outbox.messages.iter().map(|m| (m.to.port(), m.len, m.segment)).collect();
        assert_eq!(shape, [(9, 1900, 900), (9, 900, 0), (10, 900, 0), (10, 901, 0)]);
        assert_eq!(outbox.datagrams().map(|(_, d)| d.len()).collect::<Vec<_>>(), [900, 900, 100, 900, 900, 901]);
    }

    #[test]
    fn a_message_never_grows_beyond_what_the_kernel_takes() {
        let to: SocketAddr = "192.0.2.1:9".parse().unwrap();
        for len in [10, 1400] {
            let mut outbox = Outbox::default();
            for _ in 0..200 {
                outbox.room(len).unwrap().fill(7);
                outbox.commit(to, len);
            }
            assert!(outbox.messages.iter().all(|m| m.datagrams() <= SEGMENTS_MAX && m.len <= MESSAGE_LEN_MAX));
            assert_eq!(outbox.datagrams().count(), 200);
        }
    }

    #[test]
    fn a_bad_moment_is_bounded_and_its_memory_is_given_back() {
        let to: SocketAddr = "192.0.2.1:9".parse().unwrap();
        let mut outbox = Outbox::default();
        let datagram = [7; 1200];
        let mut pushed = 0;
        while outbox.take_refused() == 0 {
            assert_eq!(outbox.is_full(), outbox.len() >= FULL);
            outbox.push(to, &datagram);
            pushed += 1;
        }
        assert!(outbox.room(1200).is_none());
        assert_eq!((outbox.len(), outbox.datagrams().count()), ((pushed - 1) * 1200, pushed - 1));
        assert!(outbox.arena.capacity() <= LIMIT);
        outbox.clear();
        assert!(outbox.arena.capacity() <= KEPT && outbox.messages.capacity() == 0);
        outbox.push(to, &datagram);
        assert_eq!(outbox.datagrams().collect::<Vec<_>>(), [(to, &datagram[..])]);
    }
}
