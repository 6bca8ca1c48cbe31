//! One continuous numbering out of many sources.
//!
//! Whatever a viewer's track is fed from (a source, another layer of it, the same publisher after a restart, a replay of the
//! past), the viewer sees one sequence number that grows by one, one timestamp that never goes back and one picture id that
//! grows by one.
//!
//! ```text
//!   source's numbers   [ segment )[ segment )   [ segment …      each a constant offset, so that loss and reordering
//!   viewer's numbers   [ segment )[ segment )[ segment …         before us pass through and can be repaired
//! ```
//!
//! It knows nothing of where packets come from or whether a segment may begin here: `downlink` decides that.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::anchor::Anchor;

/// What the splice needs of a packet.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// The layer of the source whose numbers these are.
    pub layer: u8,
    pub seq: u64,
    pub time: u32,
    pub arrival: Instant,
    pub picture_id: Option<u16>,
    pub tl0: Option<u8>,
    pub keyidx: Option<u8>,
    /// Frame number of the dependency descriptor.
    pub frame: Option<u16>,
}

/// The same packet in the viewer's numbering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped {
    /// Extended: its low 16 bits go on the wire, all of it into the SRTP index.
    pub seq: u64,
    pub time: u32,
    pub picture_id: Option<u16>,
    pub tl0: u8,
    pub keyidx: u8,
    pub frame: u16,
}

/// A packet that this viewer knows by a number: where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The viewer's.
    pub number: u64,
    pub layer: u8,
    pub seq: u64,
    /// When its segment began to be sent.
    pub begun: Instant,
}

/// A run of the source's packets with one mapping.
#[derive(Debug, Clone, Copy)]
struct Segment {
    layer: u8,
    /// The source's number of its first packet, and the viewer's.
    from: u64,
    out: u64,
    begun: Since,
    /// The source's time of its first frame.
    time: u32,
    offsets: Offsets,
}

/// Hundredths of a second since the splice was made: enough for a year, in a quarter of what an `Instant` takes. A replay leaves a
/// segment for each of its frames, and those who join together are all remembered together.
#[derive(Debug, Clone, Copy)]
struct Since(u32);

#[derive(Debug, Clone, Copy)]
struct Offsets {
    time: u32,
    picture: u16,
    tl0: u8,
    keyidx: u8,
    frame: u16,
}

#[derive(Debug)]
pub struct Splice {
    clock_rate: u32,
    made: Instant,
    segment: Option<Segment>,
    /// Next sequence number to give to a segment's first packet.
    seq_next: u64,
    late: Box<Late>,
    last: Option<Last>,
    anchor: Option<Anchor>,
}

/// What only a packet out of the order asks for.
#[derive(Debug)]
struct Late {
    /// Segments before the current one, the oldest first, while packets of theirs may come late or be asked for.
    past: VecDeque<Segment>,
    /// Numbers that were passed over, and since when there are some.
    missing: u64,
    missing_since: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    time: u32,
    /// Of the first packet with this time.
    arrival: Instant,
    picture_id: u16,
    tl0: u8,
    keyidx: u8,
    frame: u16,
}

/// How long after its end a segment is worth remembering: twice as long as a packet is worth repairing by default.
const REMEMBERED: Duration = Duration::from_secs(4);
/// A hole that is older than a publisher's repair stays one.
const HOLE_FRESH: Duration = Duration::from_millis(100);
/// Picture ids are emitted in their 15-bit form.
const PICTURE_MASK: u16 = 0x7fff;
/// Numbers behind the newest that may still be asked for: four seconds of 10 Mbit/s.
const REPAIRABLE: u64 = 4096;
/// Segments remembered: the frames of a replayed group of pictures of 17 s at 60 frames a second.
const PAST_MAX: usize = 1024;

impl Splice {
    /// `seq_first` must lie in the lower half of the 16-bit range: a receiver that meets the stream late guesses the
    /// roll-over counter from the first number it sees.
    pub fn new(now: Instant, clock_rate: u32, seq_first: u16) -> Splice {
        Splice {
            clock_rate,
            made: now,
            segment: None,
            late: Box::new(Late { past: VecDeque::new(), missing: 0, missing_since: now }),
            seq_next: u64::from(seq_first & 0x7fff),
            last: None,
            anchor: None,
        }
    }

    /// The first packet of a new segment: it follows directly on the last packet of the segment before.
    pub fn begin(&mut self, first: &Mark) {
        let offsets = match &self.last {
            None => Offsets { time: 0, picture: 0, tl0: 0, keyidx: 0, frame: 0 },
            Some(last) => Offsets {
                time: self.time_after(last, first.arrival, 1).wrapping_sub(first.time),
                picture: last.picture_id.wrapping_add(1).wrapping_sub(first.picture_id.unwrap_or(0)) & PICTURE_MASK,
                tl0: last.tl0.wrapping_add(1).wrapping_sub(first.tl0.unwrap_or(0)),
                keyidx: last.keyidx.wrapping_add(1).wrapping_sub(first.keyidx.unwrap_or(0)),
                frame: last.frame.wrapping_add(1).wrapping_sub(first.frame.unwrap_or(0)),
            },
        };
        self.start(first, offsets);
    }

    /// The first packet of a frame that is sent at another pace than it came in: its numbers go on, and its time is the one at which it is
    /// sent (`first.arrival`).
    pub fn retime(&mut self, first: &Mark) {
        let (Some(segment), Some(last)) = (self.segment, self.last) else { return self.begin(first) };
        // What is missing before it keeps its numbers, and room for times of its own.
        let number = self.seq_next.max(segment.out.wrapping_add(first.seq.wrapping_sub(segment.from)));
        let missing = number - self.seq_next;
        if missing > 0 {
            self.miss(missing, first.arrival);
        }
        let time = self.time_after(&last, first.arrival, 1 + missing).wrapping_sub(first.time);
        self.seq_next = number;
        self.start(first, Offsets { time, ..segment.offsets });
    }

    /// The first packet of a frame that is sent late: everything goes on as it was, but it can be repaired as if it had come now.
    pub fn renew(&mut self, first: &Mark) {
        let (Some(segment), true) = (self.segment, self.is_new(first)) else { return };
        self.seq_next = self.seq_next.max(segment.out.wrapping_add(first.seq.wrapping_sub(segment.from)));
        self.start(first, segment.offsets);
    }

    /// One packet goes before `first`, with which a segment has just begun. It is a segment of a layer of its own, in which its number is
    /// the viewer's.
    pub fn put_before(&mut self, first: &Mark, layer: u8) -> Option<u64> {
        let begun = self.since(first.arrival);
        let segment = self.segment.as_mut().filter(|segment| segment.out == self.seq_next)?;
        let number = self.seq_next;
        let before = Segment { layer, from: number, begun, ..*segment };
        segment.out += 1;
        self.seq_next += 1;
        self.remember(before);
        Some(number)
    }

    /// Whether the packet comes after all that were sent.
    pub fn is_new(&self, packet: &Mark) -> bool {
        self.segment.is_some_and(|segment| {
            let before = packet.seq.checked_sub(segment.from).filter(|_| packet.layer == segment.layer);
            before.is_some_and(|before| segment.out + before >= self.seq_next)
        })
    }

    /// A packet that the viewer does not get: its number goes to the next one, so that nothing seems to be missing.
    pub fn skip(&mut self, packet: &Mark) {
        let begun = self.since(packet.arrival);
        let Some(segment) = &mut self.segment else { return };
        let Some(before) = packet.seq.checked_sub(segment.from) else { return };
        let number = segment.out + before;
        if number < self.seq_next {
            return;
        }
        // What is missing before it keeps its numbers.
        self.seq_next = number;
        if segment.out == number {
            segment.from += 1;
            return;
        }
        let next = Segment { from: packet.seq + 1, out: number, begun, ..*segment };
        let before = std::mem::replace(segment, next);
        self.remember(before);
    }

    /// A whole picture that the viewer does not get: VP8 decoders count pictures, and miss none then.
    pub fn skip_picture(&mut self) {
        if let Some(segment) = &mut self.segment {
            segment.offsets.picture = segment.offsets.picture.wrapping_sub(1) & PICTURE_MASK;
        }
    }

    /// The packet that was given the highest number is not sent after all: the next one gets it.
    pub fn take_back(&mut self, number: u64) {
        if self.seq_next == number + 1 && self.segment.is_some_and(|segment| segment.out <= number) {
            self.seq_next = number;
        }
    }

    /// The number that comes next.
    pub fn next_number(&self) -> u64 {
        self.seq_next
    }

    /// A packet that is sent now, in the viewer's numbering; `None` before the first segment, for stragglers from before it, and for what
    /// was skipped.
    pub fn map(&mut self, packet: &Mark) -> Option<Mapped> {
        let mapped = self.look_up(packet)?;
        if mapped.seq < self.seq_next {
            self.late.missing = self.late.missing.saturating_sub(1);
            return Some(mapped);
        }
        if mapped.seq > self.seq_next {
            self.miss(mapped.seq - self.seq_next, packet.arrival);
        }
        self.seq_next = mapped.seq + 1;
        // A frame's time is that of its first packet.
        let began = self.last.filter(|last| last.time == mapped.time).map(|last| last.arrival);
        if began.is_none() {
            let anchor = self.anchor.get_or_insert_with(|| Anchor::new(self.clock_rate, packet.arrival, mapped.time));
            anchor.note(packet.arrival, mapped.time);
        }
        self.last = Some(Last {
            time: mapped.time,
            arrival: began.unwrap_or(packet.arrival),
            picture_id: mapped.picture_id.unwrap_or(0),
            tl0: mapped.tl0,
            keyidx: mapped.keyidx,
            frame: mapped.frame,
        });
        Some(mapped)
    }

    /// A packet that was sent, in the viewer's numbering.
    pub fn look_up(&self, packet: &Mark) -> Option<Mapped> {
        let current = self.segment.as_ref()?;
        match current.layer == packet.layer && packet.seq >= current.from {
            true => Some(current.map(packet)),
            false => Some(self.segment_before(current, packet)?.map(packet)),
        }
    }

    /// Whether a frame that was sent came after this moment.
    pub fn has_shown_later(&self, arrival: Instant) -> bool {
        self.last.is_some_and(|last| last.arrival > arrival)
    }

    /// Packets are missing that may still come: one that was overtaken, or is being repaired.
    pub fn has_holes(&self, now: Instant) -> bool {
        self.late.missing > 0 && now.saturating_duration_since(self.late.missing_since) < HOLE_FRESH
    }

    /// What comes next has numbers that mean something else: the source is another one, or began anew.
    pub fn leave(&mut self) {
        self.segment = None;
        self.late.past = VecDeque::new();
        self.late.missing = 0;
    }

    /// Forgets what nobody asks for any more. Some of it is forgotten as new segments come, but a replay leaves hundreds behind.
    pub fn tidy(&mut self, now: Instant) {
        let past = &mut self.late.past;
        while let Some(next) = past.get(1).or(self.segment.as_ref())
            && !past.is_empty()
            && now.saturating_duration_since(next.begun.at(self.made)) > REMEMBERED
        {
            past.pop_front();
        }
        if past.len() * 4 < past.capacity() {
            past.shrink_to_fit();
        }
    }

    /// The highest number given so far, as the viewer sees it.
    pub fn newest(&self) -> Option<u16> {
        self.segment?;
        Some(self.seq_next.checked_sub(1)? as u16)
    }

    /// The packet that this viewer knows as `seq` (16 bits, as a NACK says it), while it is remembered.
    pub fn origin(&self, seq: u16) -> Option<Origin> {
        let newest = self.seq_next.checked_sub(1)?;
        let behind = (newest as u16).wrapping_sub(seq);
        if behind >= 0x8000 {
            return None;
        }
        let number = newest.checked_sub(u64::from(behind))?;
        let segments = self.segment.iter().chain(self.late.past.iter().rev());
        let segment = segments.into_iter().find(|segment| segment.out <= number)?;
        let seq = segment.from.wrapping_add(number - segment.out);
        Some(Origin { number, layer: segment.layer, seq, begun: segment.begun.at(self.made) })
    }

    /// A source timestamp in the viewer's clock, for sender reports.
    pub fn map_time(&self, time: u32) -> Option<u32> {
        Some(time.wrapping_add(self.segment?.offsets.time))
    }

    /// Two sources share no clock but ours: a frame has the time that our clock says, and one after the last frame's.
    fn time_after(&self, last: &Last, arrival: Instant, ticks_min: u64) -> u32 {
        let earliest = last.time.wrapping_add(ticks_min as u32);
        let wanted = self.anchor.map_or(earliest, |anchor| anchor.time_at(arrival));
        if (wanted.wrapping_sub(earliest) as i32) < 0 { earliest } else { wanted }
    }

    fn since(&self, at: Instant) -> Since {
        Since(u32::try_from(at.saturating_duration_since(self.made).as_millis() / 10).unwrap_or(u32::MAX))
    }

    fn miss(&mut self, packets: u64, at: Instant) {
        if !self.has_holes(at) {
            (self.late.missing, self.late.missing_since) = (0, at);
        }
        self.late.missing += packets;
    }

    fn start(&mut self, first: &Mark, offsets: Offsets) {
        let Mark { layer, seq: from, time, arrival, .. } = *first;
        let begun = self.since(arrival);
        let next = Segment { layer, from, out: self.seq_next, begun, time, offsets };
        if let Some(before) = self.segment.replace(next) {
            self.remember(before);
        }
    }

    fn remember(&mut self, segment: Segment) {
        // One that has sent nothing has nothing to be asked for.
        if self.segment.is_some_and(|current| current.out == segment.out) {
            return;
        }
        let past = &mut self.late.past;
        if past.len() == past.capacity() {
            // By a quarter: by itself it would double.
            past.reserve_exact(8 + past.len() / 4);
        }
        past.push_back(segment);
        let end = |past: &VecDeque<Segment>| past.get(1).map(|next| next.out);
        while self.late.past.len() > PAST_MAX
            || end(&self.late.past).is_some_and(|end| end + REPAIRABLE < self.seq_next)
        {
            self.late.past.pop_front();
        }
    }

    /// The segment of a packet that comes late.
    #[cold]
    fn segment_before(&self, current: &Segment, packet: &Mark) -> Option<Segment> {
        let mut after = *current;
        for &segment in self.late.past.iter().rev() {
            if segment.layer != packet.layer || segment.from > packet.seq {
                after = segment;
                continue;
            }
            if segment.out + (packet.seq - segment.from) >= after.out {
                // It was skipped, or lies behind a splice.
                return None;
            }
            // In a replay each frame has a segment, which begins with the first packet that was there. This one may belong to the next frame,
            // or to one of which nothing was there.
            let time = match after.layer == packet.layer {
                true => segment.time_until(&after, packet.time),
                false => segment.offsets.time,
            };
            return Some(Segment { offsets: Offsets { time, ..segment.offsets }, ..segment });
        }
        None
    }
}

impl Since {
    fn at(self, made: Instant) -> Instant {
        made + Duration::from_millis(10) * self.0
    }
}

impl Segment {
    fn map(&self, packet: &Mark) -> Mapped {
        let Offsets { time, picture, tl0, keyidx, frame } = self.offsets;
        Mapped {
            seq: packet.seq.wrapping_sub(self.from).wrapping_add(self.out),
            time: packet.time.wrapping_add(time),
            picture_id: packet.picture_id.map(|id| id.wrapping_add(picture) & PICTURE_MASK),
            tl0: packet.tl0.unwrap_or(0).wrapping_add(tl0),
            keyidx: packet.keyidx.unwrap_or(0).wrapping_add(keyidx),
            frame: packet.frame.unwrap_or(0).wrapping_add(frame),
        }
    }

    /// What is added to a source's time that lies between the first frame of this segment and that of the next: they may be nearer to
    /// each other than they were.
    fn time_until(&self, next: &Segment, time: u32) -> u32 {
        let span = i64::from(next.time.wrapping_sub(self.time) as i32);
        let at = i64::from(time.wrapping_sub(self.time) as i32);
        if self.offsets.time == next.offsets.time || at <= 0 || at > span {
            return self.offsets.time;
        }
        let out = span + i64::from(next.offsets.time.wrapping_sub(self.offsets.time) as i32);
        self.offsets.time.wrapping_add((out * at / span - at) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(seq: u64, time: u32, at: Instant, picture: u16) -> Mark {
        Mark {
            layer: 0,
            seq,
            time,
            arrival: at,
            picture_id: Some(picture),
            tl0: Some(picture as u8),
            keyidx: None,
            frame: None,
        }
    }

    #[test]
    fn a_new_source_continues_sequence_time_and_picture_where_the_old_one_ended() {
        let start = Instant::now();
        let mut splice = Splice::new(Instant::now(), 90_000, 0x7fff);
        let first = mark(70_000, 5_000, start, 100);
        splice.begin(&first);
        let a = splice.map(&first).unwrap();
        assert_eq!((a.seq, a.time, a.picture_id), (0x7fff, 5_000, Some(100)));

        let second = mark(3, 0xffff_0000, start + Duration::from_millis(100), 9);
        splice.begin(&second);
        let b = splice.map(&second).unwrap();
        assert_eq!((b.seq, b.time), (0x8000, 5_000 + 9_000));
        assert_eq!((b.picture_id, b.tl0), (Some(101), 101));
    }

    #[test]
    fn time_moves_on_even_when_two_sources_speak_in_the_same_instant() {
        let now = Instant::now();
        let mut splice = Splice::new(Instant::now(), 90_000, 1);
        for (seq, time) in [(10, 100), (500, 7)] {
            let packet = mark(seq, time, now, 1);
            splice.begin(&packet);
            splice.map(&packet);
        }
        assert_eq!(splice.map(&mark(501, 7, now, 1)).unwrap().time, 101);
    }

    #[test]
    fn loss_before_us_stays_a_gap_that_a_late_packet_can_fill() {
        let now = Instant::now();
        let mut splice = Splice::new(Instant::now(), 90_000, 0);
        splice.begin(&mark(10, 0, now, 1));
        assert_eq!(splice.map(&mark(10, 0, now, 1)).unwrap().seq, 0);
        assert_eq!(splice.map(&mark(13, 0, now, 1)).unwrap().seq, 3);
        assert_eq!(splice.map(&mark(11, 0, now, 1)).unwrap().seq, 1);
        assert_eq!(splice.map(&mark(9, 0, now, 1)), None);
    }

    #[test]
    fn a_nack_finds_the_source_packet_across_the_16_bit_wrap() {
        let now = Instant::now();
        let mut splice = Splice::new(Instant::now(), 90_000, 0x7fff);
        splice.begin(&mark(1_000_000, 0, now, 1));
        for n in 0..40_000 {
            splice.map(&mark(1_000_000 + n, 0, now, 1));
        }
        let newest = 0x7fff + 39_999u64;
        assert_eq!(splice.origin(newest as u16).map(|o| o.seq), Some(1_039_999));
        assert_eq!(splice.origin((newest - 5) as u16).map(|o| o.seq), Some(1_039_994));
        // A number not sent yet is nobody's.
        assert_eq!(splice.origin((newest + 1) as u16), None);
    }

    #[test]
    fn a_nack_for_the_segment_before_finds_its_layer_and_after_a_change_of_source_nothing() {
        let now = Instant::now();
        let mut splice = Splice::new(Instant::now(), 90_000, 0);
        splice.begin(&mark(10, 0, now, 1));
        splice.map(&mark(10, 0, now, 1));
        splice.map(&mark(11, 0, now, 1));
        let other = Mark { layer: 3, ..mark(900, 0, now, 1) };
        splice.begin(&other);
        splice.map(&other);
        let origin = |splice: &Splice, seq| splice.origin(seq).map(|o| (o.layer, o.seq));
        assert_eq!([0, 1, 2].map(|seq| origin(&splice, seq)), [Some((0, 10)), Some((0, 11)), Some((3, 900))]);
        splice.leave();
        assert_eq!([0, 1, 2].map(|seq| origin(&splice, seq)), [None; 3]);
        splice.begin(&mark(5, 0, now, 1));
        assert_eq!(splice.map(&mark(5, 0, now, 1)).unwrap().seq, 3);
        assert_eq!(origin(&splice, 2), None);
    }

    #[test]
    fn what_is_skipped_leaves_no_gap_and_what_is_missing_before_it_keeps_its_number() {
        let now = Instant::now();
        let mut splice = Splice::new(Instant::now(), 90_000, 0);
        splice.begin(&mark(10, 0, now, 1));
        let map = |splice: &mut Splice, seq| splice.map(&mark(seq, 0, now, 1)).map(|m| m.seq);
        assert_eq!(map(&mut splice, 10), Some(0));
        splice.skip(&mark(11, 0, now, 1));
        splice.skip(&mark(12, 0, now, 1));
        assert_eq!(map(&mut splice, 13), Some(1));
        // 14 and 15 are under way.
        splice.skip(&mark(16, 0, now, 1));
        assert_eq!(map(&mut splice, 17), Some(4));
        assert_eq!([15, 14].map(|seq| map(&mut splice, seq)), [Some(3), Some(2)]);
        assert_eq!([11, 12, 16].map(|seq| map(&mut splice, seq)), [None; 3], "and a skipped one stays away");
        assert_eq!([0, 1, 2, 3, 4].map(|seq| splice.origin(seq).unwrap().seq), [10, 13, 14, 15, 17]);
        // One that comes too late to be skipped has a number already.
        splice.skip(&mark(14, 0, now, 1));
        assert_eq!(map(&mut splice, 18), Some(5));
    }

    #[test]
    fn a_replay_gives_each_frame_the_time_at_which_it_is_sent() {
        let now = Instant::now();
        let ms = |n| now + Duration::from_millis(n);
        let mut splice = Splice::new(now, 90_000, 0);
        // Frames of two packets, a second apart, sent 10 ms apart; the first packet of the third is late.
        let packet = |seq: u64, at| mark(seq, 90_000 * (seq as u32 / 2), at, (seq / 2) as u16);
        splice.begin(&packet(100, ms(0)));
        let mut sent = Vec::new();
        for (seq, at, is_first) in
            [(100, 0, false), (101, 0, false), (102, 10, true), (103, 10, false), (105, 20, true)]
        {
            if is_first {
                splice.retime(&packet(seq, ms(at)));
            }
            let mapped = splice.map(&packet(seq, ms(at))).unwrap();
            sent.push((mapped.seq, mapped.time - 90_000 * 50, mapped.picture_id.unwrap()));
        }
        assert_eq!(sent, [(0, 0, 50), (1, 0, 50), (2, 900, 51), (3, 900, 51), (5, 1800, 52)]);
        let late = splice.map(&packet(104, ms(30))).unwrap();
        assert_eq!((late.seq, late.time - 90_000 * 50), (4, 1800), "it is of the frame whose time it has");
        // And repaired packets have the time that they were sent with.
        assert_eq!(splice.map(&packet(101, ms(40))).unwrap().time, 90_000 * 50);
        assert_eq!(splice.origin(3).map(|o| (o.seq, o.begun)), Some((103, ms(10))));
        // Live from here on.
        assert_eq!(splice.map(&packet(106, ms(40))).unwrap().time - 90_000 * 50, 91_800);
    }

    #[test]
    fn a_frame_that_is_missing_in_a_replay_gets_a_time_between_its_neighbours_when_it_comes() {
        let now = Instant::now();
        let mut splice = Splice::new(Instant::now(), 90_000, 0);
        let packet = |seq: u64| mark(seq, 3000 * seq as u32, now, seq as u16);
        splice.begin(&packet(100));
        let first = splice.map(&packet(100)).unwrap();
        splice.retime(&packet(104));
        let last = splice.map(&packet(104)).unwrap();
        assert!(last.time - first.time < 3000, "they are sent at once");
        let late = [101, 102, 103].map(|seq| splice.map(&packet(seq)).unwrap().time - first.time);
        assert!(0 < late[0] && late[0] < late[1] && late[1] < late[2] && late[2] < last.time - first.time, "{late:?}");
    }

    #[test]
    fn pictures_that_are_left_out_are_not_counted() {
        let now = Instant::now();
        let mut splice = Splice::new(Instant::now(), 90_000, 0);
        splice.begin(&mark(10, 0, now, 0x7fff));
        assert_eq!(splice.map(&mark(10, 0, now, 0x7fff)).unwrap().picture_id, Some(0x7fff));
        splice.skip(&mark(11, 1, now, 0));
        splice.skip_picture();
        assert_eq!(splice.map(&mark(12, 2, now, 1)).unwrap().picture_id, Some(0));
    }

    #[test]
    fn the_segments_of_a_replay_are_forgotten_when_it_is_over() {
        let now = Instant::now();
        let mut splice = Splice::new(now, 90_000, 0);
        splice.begin(&mark(0, 0, now, 0));
        splice.map(&mark(0, 0, now, 0));
        for seq in 1..300 {
            splice.retime(&mark(seq, 3000 * seq as u32, now, 0));
            splice.map(&mark(seq, 3000 * seq as u32, now, 0));
        }
        splice.tidy(now + REMEMBERED);
        assert_eq!(splice.late.past.len(), 299);
        let newest = splice.origin(299).unwrap();
        splice.tidy(now + REMEMBERED + Duration::from_millis(1));
        assert_eq!((splice.late.past.len(), splice.late.past.capacity()), (0, 0));
        assert_eq!(splice.origin(299), Some(newest), "what goes on stays");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let now = Instant::now();
        let mut splice = Splice::new(Instant::now(), 90_000, 0);
        splice.begin(&mark(0, 0, now, 0));
        for seq in 0..100_000u64 {
            match seq % 2 {
                0 => drop(splice.map(&mark(seq, 0, now, 0))),
                _ => splice.skip(&mark(seq, 0, now, 0)),
            }
        }
        assert!(splice.late.past.len() <= PAST_MAX);
        for seq in 100_000..110_000 {
            splice.map(&mark(seq, 0, now, 0));
        }
        splice.skip(&mark(110_000, 0, now, 0));
        splice.map(&mark(110_001, 0, now, 0));
        splice.skip(&mark(110_002, 0, now, 0));
        assert!(splice.late.past.len() <= 2, "{}", splice.late.past.len());
    }

    #[test]
    fn what_is_put_before_a_frame_is_a_packet_of_its_own_and_late_ones_stay_where_they_were() {
        let start = Instant::now();
        let mut splice = Splice::new(start, 90_000, 0);
        let mark = |layer, seq: u64| Mark {
            layer,
            seq,
            time: seq as u32 * 10,
            arrival: start,
            picture_id: None,
            tl0: None,
            keyidx: None,
            frame: None,
        };
        splice.begin(&mark(0, 100));
        assert_eq!(splice.map(&mark(0, 100)).unwrap().seq, 0);
        // Packet 101 is late; 102 begins a keyframe.
        splice.renew(&mark(0, 102));
        assert_eq!(splice.put_before(&mark(0, 102), 255), Some(2));
        let before = splice.look_up(&Mark { seq: 2, time: 1020, ..mark(255, 2) }).unwrap();
        let keyframe = splice.map(&mark(0, 102)).unwrap();
        assert_eq!((keyframe.seq, before.time), (3, keyframe.time));
        assert_eq!(splice.put_before(&mark(0, 102), 255), None, "too late");
        assert_eq!(splice.map(&mark(0, 101)).unwrap().seq, 1);
        let origins = [0, 1, 2, 3].map(|seq| splice.origin(seq).map(|o| (o.layer, o.seq)));
        assert_eq!(origins, [Some((0, 100)), Some((0, 101)), Some((255, 2)), Some((0, 102))]);
    }

    #[test]
    fn what_is_taken_back_leaves_no_hole_and_only_the_newest_can_be() {
        let now = Instant::now();
        let mut splice = Splice::new(now, 90_000, 0);
        splice.begin(&mark(10, 0, now, 1));
        let numbers = [10, 11, 12].map(|seq| splice.map(&mark(seq, 0, now, 1)).unwrap().seq);
        assert_eq!(numbers, [0, 1, 2]);
        splice.take_back(1);
        assert_eq!(splice.next_number(), 3, "the one after it has left");
        splice.take_back(2);
        splice.take_back(1);
        // From another source: the numbers go on where they were left.
        splice.begin(&mark(500, 0, now, 9));
        assert_eq!(splice.map(&mark(500, 0, now, 9)).unwrap().seq, 1);
        splice.take_back(0);
        assert_eq!(splice.next_number(), 2, "nor can what is of an earlier source");
    }
}
