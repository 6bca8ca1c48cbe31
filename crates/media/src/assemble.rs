//! H.264 payloads put together into a byte stream again (RFC 6184 §7, packetization modes 0 and 1), for a decoder that is to
//! judge what a viewer got.
//!
//! ```text
//!   payloads ──▶ in the order of their numbers ──▶ whole NAL units ──▶ pictures, up to the last whole one
//! ```
//!
//! Nothing is mended. What did not come is not in the stream, nor is a unit of which a part did not come, and a decoder has to
//! notice. It knows packets, not why they are missing.
//!
//! Bounded: [`WAITING_MAX`] packets wait for one before them, and then that one is missing; a picture is handed out in
//! parts once it has [`PICTURE_LEN_MAX`] bytes.

use std::collections::BTreeMap;

use crate::annexb;

const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// More than a second of 2.5 Mbit/s: longer than repairs take.
const WAITING_MAX: usize = 512;
/// Ten times a keyframe of 4K.
const PICTURE_LEN_MAX: usize = 16 << 20;

/// A packet of the stream; a repaired one as the packet that it repairs.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Extended sequence number.
    pub seq: u64,
    pub time: u32,
    pub marker: bool,
    /// Empty when it was padding.
    pub payload: &'a [u8],
}

/// What came of the packets so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Pictures handed out.
    pub pictures: u64,
    /// Numbers of which no packet came.
    pub missing: u64,
    /// Packets that came twice, or after they were taken for missing.
    pub late: u64,
    /// Units that began and did not end, and what can be nothing of a unit.
    pub torn: u64,
}

#[derive(Debug, Default)]
pub struct Assembler {
    /// The number that comes next; `None` before the first.
    next: Option<u64>,
    waiting: BTreeMap<u64, Waiting>,
    /// The unit of which fragments come, without its start code.
    unit: Vec<u8>,
    picture: Picture,
    counts: Counts,
}

#[derive(Debug)]
struct Waiting {
    time: u32,
    marker: bool,
    payload: Vec<u8>,
}

/// The units of one timestamp.
#[derive(Debug, Default)]
struct Picture {
    time: u32,
    bytes: Vec<u8>,
    /// Slices that begin one: one, unless the publisher uses a timestamp twice.
    begun: u64,
}

impl Assembler {
    /// Takes a packet in, and appends to `out` what is complete now.
    pub fn push(&mut self, part: Part<'_>, out: &mut Vec<u8>) {
        let next = *self.next.get_or_insert(part.seq);
        if part.seq < next || self.waiting.contains_key(&part.seq) {
            self.counts.late += 1;
            return;
        }
        if part.seq > next {
            let Part { seq, time, marker, payload } = part;
            self.waiting.insert(seq, Waiting { time, marker, payload: payload.to_vec() });
            if self.waiting.len() > WAITING_MAX {
                self.skip();
            }
        } else {
            self.take(part, out);
        }
        self.go_on(out);
    }

    /// Nothing comes any more: what waited goes without what it waited for. The picture that was cut off by the end is left out.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Counts {
        while !self.waiting.is_empty() {
            self.skip();
            self.go_on(out);
        }
        self.counts
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What comes next is not missed any more.
    fn skip(&mut self) {
        if let (Some(next), Some((&first, _))) = (self.next, self.waiting.first_key_value()) {
            self.counts.missing += first - next;
            self.next = Some(first);
            self.tear();
        }
    }

    fn go_on(&mut self, out: &mut Vec<u8>) {
        while let Some(next) = self.next
            && let Some(Waiting { time, marker, payload }) = self.waiting.remove(&next)
        {
            self.take(Part { seq: next, time, marker, payload: &payload }, out);
        }
    }

    /// The next packet.
    fn take(&mut self, part: Part<'_>, out: &mut Vec<u8>) {
        self.next = Some(part.seq + 1);
        if part.time != self.picture.time || self.picture.bytes.len() > PICTURE_LEN_MAX {
            // The end of the one before did not come.
            self.hand_out(out);
            self.picture.time = part.time;
        }
        self.read(part.payload);
        if part.marker {
            self.hand_out(out);
        }
    }

    fn read(&mut self, payload: &[u8]) {
        let Some((header, body)) = payload.split_first() else { return };
        match header & 0x1f {
            _ if header & 0x80 != 0 => self.counts.torn += 1,
            1..=23 => {
                self.tear();
                self.add(payload);
            }
            STAP_A => {
                self.tear();
                self.read_aggregate(body);
            }
            FU_A => self.read_fragment(header & 0x60, body),
            _ => self.counts.torn += 1,
        }
    }

    fn read_aggregate(&mut self, mut rest: &[u8]) {
        while let Some((len, tail)) = rest.split_first_chunk()
            && let Some((unit, tail)) = tail.split_at_checked(usize::from(u16::from_be_bytes(*len)))
        {
            self.add(unit);
            rest = tail;
        }
        self.counts.torn += u64::from(!rest.is_empty());
    }

    fn read_fragment(&mut self, importance: u8, body: &[u8]) {
        let Some((fragment, body)) = body.split_first() else {
            self.counts.torn += 1;
            return;
        };
        let (is_first, is_last) = (fragment & 0x80 != 0, fragment & 0x40 != 0);
        if is_first {
            self.tear();
            self.unit.push(importance | fragment & 0x1f);
        } else if self.unit.is_empty() {
            // Its beginning is missing.
            return;
        }
        self.unit.extend_from_slice(body);
        if is_last {
            let unit = std::mem::take(&mut self.unit);
            self.add(&unit);
            self.unit = unit;
            self.unit.clear();
        } else if self.unit.len() > PICTURE_LEN_MAX {
            self.tear();
        }
    }

    /// The fragments so far become no unit.
    fn tear(&mut self) {
        self.counts.torn += u64::from(!self.unit.is_empty());
        self.unit.clear();
    }

    fn add(&mut self, unit: &[u8]) {
        if unit.is_empty() {
            self.counts.torn += 1;
            return;
        }
        self.picture.begun += u64::from(annexb::is_first_slice(unit));
        self.picture.bytes.extend_from_slice(&[0, 0, 0, 1]);
        self.picture.bytes.extend_from_slice(unit);
    }

    fn hand_out(&mut self, out: &mut Vec<u8>) {
        self.counts.pictures += std::mem::take(&mut self.picture.begun);
        out.append(&mut self.picture.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packetise::h264::packetise;

    /// Its time, marker and payload.
    type Packet = (u32, bool, Vec<u8>);

    /// Two pictures: parameter sets and an IDR of several fragments, and a slice of several fragments.
    fn stream() -> (Vec<u8>, Vec<Packet>) {
        let idr: Vec<u8> = [0x65, 0x88].into_iter().chain((0..3000).map(|n| n as u8 | 1)).collect();
        let slice: Vec<u8> = [0x41, 0x9a].into_iter().chain((0..2000).map(|n| n as u8 | 1)).collect();
        let pictures: [&[&[u8]]; 2] = [&[&[0x67, 0x42, 0xe0, 0x1f], &[0x68, 0xce], &idr], &[&slice]];
        let mut packets = Vec::new();
        for (time, picture) in [1000, 4000].into_iter().zip(pictures) {
            let payloads = packetise(picture, 1000);
            let last = payloads.len() - 1;
            packets.extend(payloads.into_iter().enumerate().map(|(n, payload)| (time, n == last, payload)));
        }
        (annexb::join(pictures.concat()), packets)
    }

    /// What comes of these packets in this order, by their place in the stream.
    fn assemble(packets: &[Packet], order: &[usize]) -> (Vec<u8>, Counts) {
        let (mut assembler, mut out) = (Assembler::default(), Vec::new());
        for &n in order {
            let (time, marker, payload) = &packets[n];
            assembler.push(Part { seq: 70_000 + n as u64, time: *time, marker: *marker, payload }, &mut out);
        }
        let counts = assembler.finish(&mut out);
        (out, counts)
    }

    #[test]
    fn a_stream_comes_back_from_its_packets_whatever_their_order_and_however_often() {
        let (stream, packets) = stream();
        assert_eq!(packets.len(), 8);
        let whole = Counts { pictures: 2, ..Counts::default() };
        assert_eq!(assemble(&packets, &[0, 1, 2, 3, 4, 5, 6, 7]), (stream.clone(), whole));
        let late = Counts { late: 2, ..whole };
        assert_eq!(assemble(&packets, &[0, 2, 5, 1, 1, 4, 3, 7, 6, 6]), (stream, late));
    }

    #[test]
    fn what_is_missing_is_missing_in_the_stream_and_nothing_else() {
        let (_, packets) = stream();
        let units = |bytes: &[u8]| annexb::Units::new(bytes).map(|unit| unit[0]).collect::<Vec<_>>();
        let (out, counts) = assemble(&packets, &[0, 1, 3, 4, 5, 6, 7]);
        assert_eq!(units(&out), [0x67, 0x68, 0x41], "a fragment of the IDR");
        assert_eq!(counts, Counts { pictures: 1, missing: 1, torn: 1, late: 0 });
        let (out, counts) = assemble(&packets, &[0, 1, 2, 3, 4, 6, 7]);
        assert_eq!((units(&out), counts.missing), (vec![0x67, 0x68, 0x65], 1), "the first fragment of the slice");
        let (out, _) = assemble(&packets, &[0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(units(&out), [0x67, 0x68, 0x65], "the end came first");
    }

    #[test]
    fn a_packet_is_waited_for_so_long_and_no_longer() {
        let slice = |n: u64| [0x41, 0x9a, n as u8 | 1];
        let (mut assembler, mut out) = (Assembler::default(), Vec::new());
        let push = |assembler: &mut Assembler, seq, out: &mut Vec<u8>| {
            assembler.push(Part { seq, time: seq as u32, marker: true, payload: &slice(seq) }, out);
        };
        push(&mut assembler, 0, &mut out);
        for seq in 2..2 + WAITING_MAX as u64 {
            push(&mut assembler, seq, &mut out);
            assert_eq!(assembler.counts().pictures, 1);
        }
        push(&mut assembler, 2 + WAITING_MAX as u64, &mut out);
        assert_eq!(assembler.counts(), Counts { pictures: 2 + WAITING_MAX as u64, missing: 1, ..Counts::default() });
        push(&mut assembler, 1, &mut out);
        assert_eq!(assembler.counts().late, 1);
    }

    #[test]
    fn padding_takes_its_number_and_leaves_nothing() {
        let (mut assembler, mut out) = (Assembler::default(), Vec::new());
        for (seq, payload) in [(0, &[0x41, 0x9a, 1][..]), (1, &[]), (2, &[0x41, 0x9a, 2])] {
            assembler.push(Part { seq, time: seq as u32 / 2, marker: !payload.is_empty(), payload }, &mut out);
        }
        assert_eq!(assembler.finish(&mut out), Counts { pictures: 2, ..Counts::default() });
    }
}
