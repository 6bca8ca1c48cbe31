//! The packet ring: what one layer of one source sent during the last second or two.
//!
//! One ring per layer per worker serves fan-out, retransmission for every viewer and the replay to those who join, so that no
//! viewer keeps packets of its own. It knows nothing of viewers. A slot keeps its buffer when it is overwritten, so a
//! ring that has warmed up does not allocate.
//!
//! Bounded by packets, by bytes (packets × one datagram) and by age; what falls out is simply no longer there. Packets that nobody needs
//! any more ([`Ring::spare`]) give their buffers to new ones before the ring takes more memory.
//!
//! A packet lies here as it will be encrypted: whoever sends it to a viewer writes that viewer's picture numbers into the
//! few descriptor bytes that carry them, and seals straight from here. No viewer has a copy.

use std::time::{Duration, Instant};

use media::codec::{Codec, Facts};
use media::{red, select};
use proto::TrackId;
use proto::frame::Frame;

/// Padding costs its bytes once per viewer, a message of its own half a microsecond: a few bytes pay.
pub const EQUALISE_BYTES_MAX: usize = 4;

/// A packet on its way into a ring.
pub struct Incoming<'a> {
    pub seq: u64,
    pub time: u32,
    pub marker: bool,
    pub arrival: Instant,
    pub audio_level: Option<(u8, bool)>,
    pub orientation: Option<u8>,
    pub dependency: &'a [u8],
    /// The payload is RFC 2198's: earlier sound, then this packet's.
    pub is_redundant: bool,
    pub payload: &'a [u8],
}

/// What was read in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Read {
    pub facts: Facts,
    /// What decides which viewers get it; none for sound, and while its dependency descriptor cannot be read.
    pub pick: Option<select::Packet>,
}

/// A packet in the ring.
pub struct Packet {
    pub seq: u64,
    pub time: u32,
    pub marker: bool,
    pub arrival: Instant,
    pub facts: Facts,
    pub pick: Option<select::Packet>,
    pub audio_level: Option<(u8, bool)>,
    pub orientation: Option<u8>,
    pub dependency: Vec<u8>,
    /// Payload, then RTP padding.
    text: Vec<u8>,
    padding: u8,
    /// Where the packet begins that there would be without redundancy.
    primary_at: u16,
}

impl Packet {
    pub fn new(packet: &Incoming<'_>, read: Read) -> Packet {
        let mut new = Packet::empty(packet.time, packet.arrival);
        new.fill(packet, read);
        new
    }

    pub fn payload_len(&self) -> usize {
        self.text.len() - usize::from(self.padding)
    }

    /// Payload and padding: what is encrypted.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    pub fn payload(&self) -> &[u8] {
        &self.text[..self.payload_len()]
    }

    pub fn payload_mut(&mut self) -> &mut [u8] {
        let len = self.payload_len();
        &mut self.text[..len]
    }

    /// A byte of padding in place of a packet that the viewer does not get, but whose number it was promised.
    pub fn filler(time: u32, arrival: Instant) -> Packet {
        let mut filler = Packet::empty(time, arrival);
        filler.pad_to(1);
        filler
    }

    fn empty(time: u32, arrival: Instant) -> Packet {
        Packet {
            seq: 0,
            time,
            marker: false,
            arrival,
            facts: Facts::default(),
            pick: None,
            audio_level: None,
            orientation: None,
            dependency: Vec::new(),
            text: Vec::new(),
            padding: 0,
            primary_at: 0,
        }
    }

    /// As a record for another worker. Padding of ours is not told: the other side has its own.
    pub fn frame(&self, track: TrackId, layer: u8, generation: u8, epoch: Instant) -> Frame<'_> {
        Frame {
            track,
            layer,
            marker: self.marker,
            generation,
            seq: self.seq,
            time: self.time,
            arrival_us: self.arrival.saturating_duration_since(epoch).as_micros() as u64,
            audio_level: self.audio_level,
            orientation: self.orientation,
            dependency: &self.dependency,
            is_redundant: self.is_redundant(),
            payload: self.payload(),
        }
    }

    pub fn is_redundant(&self) -> bool {
        self.primary_at > 0
    }

    /// Without what is redundant: for viewers who do not take that.
    pub fn plain(&self) -> &[u8] {
        &self.text[usize::from(self.primary_at)..]
    }

    pub fn is_padded(&self) -> bool {
        self.padding > 0
    }

    /// Makes the text `len` bytes long by padding (RFC 3550 §5.1). Once per packet: padding is not padded.
    /// Says by how much it grew.
    pub fn pad_to(&mut self, len: usize) -> u8 {
        let padding = u8::try_from(len.saturating_sub(self.text.len())).unwrap_or(0);
        if padding == 0 || self.padding != 0 {
            return 0;
        }
        self.padding = padding;
        self.text.resize(len, 0);
        self.text[len - 1] = padding;
        padding
    }

    fn fill(&mut self, packet: &Incoming<'_>, read: Read) {
        self.seq = packet.seq;
        self.time = packet.time;
        self.marker = packet.marker;
        self.arrival = packet.arrival;
        self.facts = read.facts;
        self.pick = read.pick;
        self.audio_level = packet.audio_level;
        self.orientation = packet.orientation;
        self.dependency.clear();
        self.dependency.extend_from_slice(packet.dependency);
        self.padding = 0;
        let primary_at = if packet.is_redundant { red::primary_at(packet.payload) } else { None };
        self.primary_at = primary_at.unwrap_or(0) as u16;
        self.text.clear();
        // And room to be padded like its neighbours. A `Vec` that grows by itself doubles, and there are thousands of these.
        self.text.reserve_exact(packet.payload.len() + EQUALISE_BYTES_MAX);
        self.text.extend_from_slice(packet.payload);
        if packet.payload.is_empty() {
            // Padding that probed the publisher's line: it has a number, so the viewer gets a byte of padding for it.
            self.pad_to(1);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    Stored,
    Duplicate,
    /// Older than everything the ring can hold beside its newest packet.
    TooOld,
}

pub struct Ring {
    slots: Vec<Option<Packet>>,
    newest: Option<u64>,
    age_max: Duration,
    /// Payload in it.
    bytes: u64,
    /// Nobody needs packets before this one; and before that one they are gone, because newer ones have taken their buffers.
    needed_from: u64,
    reused_to: u64,
}

impl Ring {
    /// `packets_max` is rounded up to a power of two, so that a sequence number finds its slot by a mask.
    pub fn new(packets_max: usize, age_max: Duration) -> Ring {
        let len = packets_max.max(2).next_power_of_two();
        Ring { slots: (0..len).map(|_| None).collect(), newest: None, age_max, bytes: 0, needed_from: 0, reused_to: 0 }
    }

    pub fn insert(&mut self, packet: Incoming<'_>, read: Read) -> Inserted {
        let len = self.slots.len() as u64;
        if self.newest.is_some_and(|newest| packet.seq + len <= newest) || packet.seq < self.reused_to {
            return Inserted::TooOld;
        }
        let index = self.index(packet.seq);
        let reused = if self.slots[index].is_none() { self.reuse() } else { None };
        match &mut self.slots[index] {
            Some(old) if old.seq == packet.seq => return Inserted::Duplicate,
            Some(old) => {
                self.bytes -= old.payload_len() as u64;
                old.fill(&packet, read);
            }
            empty => {
                let mut new = reused.unwrap_or_else(|| Packet::empty(packet.time, packet.arrival));
                new.fill(&packet, read);
                *empty = Some(new);
            }
        }
        self.bytes += packet.payload.len() as u64;
        self.newest = Some(self.newest.map_or(packet.seq, |n| n.max(packet.seq)));
        Inserted::Stored
    }

    /// Nobody needs packets before `from`, once they are older than the ring's age.
    pub fn spare(&mut self, now: Instant, from: u64) {
        self.needed_from = self.needed_from.max(from.saturating_sub(self.slots.len() as u64));
        while self.needed_from < from {
            let young = |packet: &Packet| now.saturating_duration_since(packet.arrival) <= self.age_max;
            if self.get(self.needed_from).is_some_and(young) {
                return;
            }
            self.needed_from += 1;
        }
    }

    /// The oldest packet that nobody needs.
    fn reuse(&mut self) -> Option<Packet> {
        self.reused_to = self.reused_to.max(self.needed_from.saturating_sub(self.slots.len() as u64));
        while self.reused_to < self.needed_from {
            let (seq, index) = (self.reused_to, self.index(self.reused_to));
            self.reused_to += 1;
            if let Some(packet) = self.slots[index].take_if(|packet| packet.seq == seq) {
                self.bytes -= packet.payload_len() as u64;
                return Some(packet);
            }
        }
        None
    }

    pub fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// Payload that it holds.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Packets it has room for.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Empties it, and gives the memory back.
    pub fn clear(&mut self) {
        self.slots.fill_with(|| None);
        (self.newest, self.bytes, self.needed_from, self.reused_to) = (None, 0, 0, 0);
    }

    /// Whether newer packets have taken the place of this one.
    pub fn has_forgotten(&self, seq: u64) -> bool {
        seq < self.reused_to || self.newest.is_some_and(|newest| seq + self.slots.len() as u64 <= newest)
    }

    /// Doubles its room; what is in it stays.
    pub fn grow(&mut self) {
        let len = self.slots.len() * 2;
        let slots = std::mem::replace(&mut self.slots, (0..len).map(|_| None).collect());
        let newest = self.newest.unwrap_or(0);
        for packet in slots.into_iter().flatten() {
            // One that a jump ahead left behind would lie in another one's place.
            if packet.seq + (len as u64) > newest {
                let index = self.index(packet.seq);
                self.slots[index] = Some(packet);
            } else {
                self.bytes -= packet.payload_len() as u64;
            }
        }
    }

    pub fn get(&self, seq: u64) -> Option<&Packet> {
        self.slots[self.place(seq)?].as_ref().filter(|p| p.seq == seq)
    }

    /// For whoever writes a viewer's numbers into the packet before sealing it.
    pub fn get_mut(&mut self, seq: u64) -> Option<&mut Packet> {
        let place = self.place(seq)?;
        self.slots[place].as_mut().filter(|p| p.seq == seq)
    }

    /// Like `get_mut`, for a retransmission: nobody can use a packet any more that was sent longer ago than the ring's age. One that is
    /// replayed was sent long after it arrived, but not before `begun`.
    pub fn get_fresh(&mut self, now: Instant, seq: u64, begun: Instant) -> Option<&mut Packet> {
        let age_max = self.age_max;
        self.get_mut(seq).filter(|p| now.saturating_duration_since(p.arrival.max(begun)) <= age_max)
    }

    /// A decoder that knows nothing yet can begin with `packet`.
    pub fn is_decodable_start(&self, codec: Codec, packet: &Packet) -> bool {
        if !packet.facts.keyframe || !packet.facts.frame_start {
            return false;
        }
        if !matches!(codec, Codec::H264 | Codec::H265) {
            return true;
        }
        // Parameter sets and picture both call themselves a beginning; the first of one timestamp is it. Between them may be packets that are
        // neither.
        let mut seq = packet.seq;
        loop {
            match seq.checked_sub(1).and_then(|seq| self.get(seq)) {
                Some(before) if before.time != packet.time => return true,
                Some(before) if before.facts.keyframe => return false,
                Some(before) => seq = before.seq,
                None => return packet.facts.parameter_sets,
            }
        }
    }

    /// Where a packet lies if it is still there.
    fn place(&self, seq: u64) -> Option<usize> {
        let newest = self.newest?;
        (seq <= newest && seq + self.slots.len() as u64 > newest).then(|| self.index(seq))
    }

    fn index(&self, seq: u64) -> usize {
        (seq & (self.slots.len() as u64 - 1)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(seq: u64, at: Instant) -> Incoming<'static> {
        Incoming {
            seq,
            time: 0,
            marker: false,
            arrival: at,
            audio_level: None,
            orientation: None,
            dependency: &[],
            is_redundant: false,
            payload: b"x",
        }
    }

    #[test]
    fn a_packet_can_be_found_until_newer_ones_push_it_out() {
        let now = Instant::now();
        let mut ring = Ring::new(8, Duration::from_secs(2));
        for seq in 100..120 {
            assert_eq!(ring.insert(packet(seq, now), Read::default()), Inserted::Stored);
        }
        assert_eq!((ring.newest(), ring.bytes()), (Some(119), 8));
        for seq in 112..120 {
            assert!(ring.get(seq).is_some());
        }
        for seq in [0, 111, 120, 1 << 40] {
            assert!(ring.get(seq).is_none());
        }
    }

    #[test]
    fn a_late_packet_fills_its_gap_and_a_second_copy_is_known_as_such() {
        let now = Instant::now();
        let mut ring = Ring::new(8, Duration::from_secs(2));
        ring.insert(packet(10, now), Read::default());
        ring.insert(packet(12, now), Read::default());
        assert!(ring.get(11).is_none());
        assert_eq!(ring.insert(packet(11, now), Read::default()), Inserted::Stored);
        assert_eq!(ring.insert(packet(11, now), Read::default()), Inserted::Duplicate);
        assert_eq!(ring.insert(packet(4, now), Read::default()), Inserted::TooOld);
        assert_eq!(ring.newest(), Some(12));
    }

    #[test]
    fn a_jump_ahead_makes_old_packets_unreachable_not_wrong() {
        let now = Instant::now();
        let mut ring = Ring::new(8, Duration::from_secs(2));
        ring.insert(packet(1, now), Read::default());
        ring.insert(packet(1 + (1 << 32), now), Read::default());
        assert!(ring.get(1).is_none());
        assert!(ring.get(1 + (1 << 32)).is_some());
    }

    #[test]
    fn a_ring_that_grows_keeps_what_it_has() {
        let now = Instant::now();
        let mut ring = Ring::new(8, Duration::from_secs(2));
        for seq in 100..120 {
            ring.insert(packet(seq, now), Read::default());
        }
        ring.grow();
        assert_eq!((ring.capacity(), ring.bytes()), (16, 8));
        for seq in 120..128 {
            assert_eq!(ring.insert(packet(seq, now), Read::default()), Inserted::Stored);
        }
        assert!((112..128).all(|seq| ring.get(seq).is_some()));
        assert_eq!(ring.insert(packet(128, now), Read::default()), Inserted::Stored);
        assert!(ring.get(112).is_none());
    }

    #[test]
    fn what_nobody_needs_gives_its_memory_to_what_comes_and_is_gone_then() {
        let start = Instant::now();
        let mut ring = Ring::new(1024, Duration::from_secs(2));
        let at = |seq: u64| start + Duration::from_millis(100 * seq);
        for seq in 0..1000 {
            ring.spare(at(seq), seq);
            assert_eq!(ring.insert(packet(seq, at(seq)), Read::default()), Inserted::Stored);
        }
        let held = ring.slots.iter().flatten().count();
        assert_eq!((held, ring.bytes()), (21, 21), "two seconds of packets");
        assert!((979..1000).all(|seq| ring.get(seq).is_some_and(|packet| packet.seq == seq)));
        assert!(ring.has_forgotten(978) && !ring.has_forgotten(979));
        assert_eq!(ring.insert(packet(978, at(978)), Read::default()), Inserted::TooOld);
        // Somebody needs all from here on, however old.
        for seq in 1000..1500 {
            ring.spare(at(seq), 1000);
            ring.insert(packet(seq, at(seq)), Read::default());
        }
        assert!((1000..1500).all(|seq| ring.get(seq).is_some()));
    }

    #[test]
    fn a_jump_ahead_spares_everything_before_it_in_bounded_time() {
        let now = Instant::now();
        let mut ring = Ring::new(8, Duration::from_secs(2));
        for seq in [1, 2, u64::MAX / 2, u64::MAX / 2 + 1] {
            ring.spare(now + Duration::from_secs(9), seq);
            assert_eq!(ring.insert(packet(seq, now), Read::default()), Inserted::Stored);
        }
        assert!(ring.get(u64::MAX / 2 + 1).is_some());
    }

    #[test]
    fn a_packet_past_its_age_is_not_worth_repeating() {
        let now = Instant::now();
        let mut ring = Ring::new(8, Duration::from_secs(2));
        ring.insert(packet(1, now), Read::default());
        assert!(ring.get_fresh(now + Duration::from_secs(2), 1, now).is_some());
        let later = now + Duration::from_millis(2001);
        assert!(ring.get_fresh(later, 1, now).is_none());
        assert!(ring.get_fresh(later, 1, now + Duration::from_secs(1)).is_some(), "it was sent a second later");
    }

    #[test]
    fn padding_is_counted_by_its_last_byte_and_a_packet_is_padded_once() {
        let now = Instant::now();
        let mut ring = Ring::new(8, Duration::from_secs(2));
        ring.insert(packet(1, now), Read::default());
        ring.insert(Incoming { payload: b"", ..packet(2, now) }, Read::default());
        let one = ring.get_mut(1).unwrap();
        assert!(!one.is_padded());
        one.pad_to(1);
        assert!(!one.is_padded(), "it is that long already");
        one.pad_to(3);
        one.pad_to(9);
        assert_eq!((one.text(), one.payload_len(), one.is_padded()), (&[b'x', 0, 2][..], 1, true));
        let empty = ring.get(2).unwrap();
        assert_eq!((empty.text(), empty.payload_len()), (&[1][..], 0));
        // The slot's next packet starts afresh.
        ring.insert(packet(9, now), Read::default());
        assert_eq!(ring.get(9).unwrap().text(), b"x");
    }

    #[test]
    fn sound_with_redundancy_is_there_with_and_without_it() {
        let now = Instant::now();
        let mut ring = Ring::new(8, Duration::from_secs(2));
        let mut payload = Vec::new();
        red::write(111, &[(960, b"before")], b"now", &mut payload);
        ring.insert(Incoming { payload: &payload, is_redundant: true, ..packet(1, now) }, Read::default());
        let redundant = ring.get(1).unwrap();
        assert!(redundant.is_redundant());
        assert_eq!((redundant.plain(), redundant.text()), (&b"now"[..], payload.as_slice()));
        assert!(redundant.frame(TrackId { origin: proto::WorkerId(0), n: 1 }, 0, 0, now).is_redundant);
        // What calls itself redundant and is not, is passed on as it came.
        ring.insert(Incoming { is_redundant: true, payload: &[0x80], ..packet(9, now) }, Read::default());
        assert_eq!(ring.get(9).unwrap().plain(), [0x80]);
    }
}
