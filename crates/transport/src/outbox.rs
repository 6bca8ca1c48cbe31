//! What a worker sends at the end of a tick: bytes in one arena, and the messages cut from it. One message is one
//! send call; with a segment size it is a run of equal datagrams to one address (GSO), only the last may be shorter.

use std::net::SocketAddr;

/// The kernel takes at most 64 datagrams in a message,
const SEGMENTS_MAX: usize = 64;
/// of together less than an IP packet,
const MESSAGE_LEN_MAX: usize = 65_000;
/// and none longer than a link's packet.
const SEGMENT_LEN_MAX: usize = 1500;

#[derive(Debug, Default)]
pub struct Outbox {
    /// Initialised once and written over: filling a datagram's room with zeros first would cost a tenth of sealing it.
    arena: Vec<u8>,
    used: usize,
    pub messages: Vec<Message>,
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
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.used = 0;
        self.messages.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many bytes wait to be sent.
    pub fn len(&self) -> usize {
        self.used
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
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.messages.push(Message { start: self.used, len: bytes.len(), segment, to });
        self.used += bytes.len();
    }

    /// Room for a datagram of at most `len` bytes. What is written there leaves by [`Outbox::commit`], or never.
    pub fn room(&mut self, len: usize) -> &mut [u8] {
        let end = self.used + len;
        if end > self.arena.len() {
            self.arena.resize(end.next_power_of_two(), 0);
        }
        &mut self.arena[self.used..end]
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
            outbox.room(len).fill(7);
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
                outbox.room(len).fill(7);
                outbox.commit(to, len);
            }
            assert!(outbox.messages.iter().all(|m| m.datagrams() <= SEGMENTS_MAX && m.len <= MESSAGE_LEN_MAX));
            assert_eq!(outbox.datagrams().count(), 200);
        }
    }
}
