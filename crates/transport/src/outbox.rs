//! What a worker sends at the end of a tick: bytes in one arena, and the messages cut from it. One message is one
//! send call; with a segment size it is a run of equal datagrams to one address (GSO), only the last may be shorter.

use std::net::SocketAddr;

#[derive(Debug, Default)]
pub struct Outbox {
    pub bytes: Vec<u8>,
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
        self.bytes.clear();
        self.messages.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Adds one datagram as a message of its own.
    pub fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(datagram);
        self.messages.push(Message { start, len: datagram.len(), segment: 0, to });
    }

    /// Each datagram with its destination, in sending order.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.messages.iter().flat_map(|message| {
            let bytes = &self.bytes[message.start..message.start + message.len];
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
        let start = outbox.bytes.len();
        outbox.bytes.extend_from_slice(b"aaabbbc");
        outbox.messages.push(Message { start, len: 7, segment: 3, to });
        let datagrams: Vec<_> = outbox.datagrams().map(|(_, d)| d).collect();
        assert_eq!(datagrams, [&b"single"[..], b"aaa", b"bbb", b"c"]);
        assert_eq!(outbox.messages[1].datagrams(), 3);
        outbox.clear();
        assert!(outbox.is_empty() && outbox.bytes.is_empty());
    }
}
