//! One continuous numbering out of many sources.
//!
//! Whatever a viewer's track is fed from (a source, another layer of it, the same publisher after a restart), the
//! viewer sees one sequence number that grows by one, one timestamp that never goes back and one picture id that grows
//! by one. Inside a segment the mapping is a constant offset, so loss and reordering before us pass through unchanged
//! and can still be repaired; a new segment continues where the last one ended.
//!
//! It knows nothing of where packets come from or whether a segment may begin here: `downlink` decides that.

use std::time::Instant;

/// What the splice needs of a packet.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    pub seq: u64,
    pub time: u32,
    pub arrival: Instant,
    pub picture_id: Option<u16>,
    pub tl0: Option<u8>,
    pub keyidx: Option<u8>,
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
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    /// First sequence number of the source that belongs to it.
    from: u64,
    seq_offset: u64,
    time_offset: u32,
    picture_offset: u16,
    tl0_offset: u8,
    keyidx_offset: u8,
}

#[derive(Debug)]
pub struct Splice {
    clock_rate: u32,
    segment: Option<Segment>,
    /// Next sequence number to give to a segment's first packet.
    seq_next: u64,
    last: Option<Last>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    time: u32,
    arrival: Instant,
    picture_id: u16,
    tl0: u8,
    keyidx: u8,
}

/// Picture ids are emitted in their 15-bit form.
const PICTURE_MASK: u16 = 0x7fff;

impl Splice {
    /// `seq_first` must lie in the lower half of the 16-bit range: a receiver that meets the stream late guesses the
    /// roll-over counter from the first number it sees.
    pub fn new(clock_rate: u32, seq_first: u16) -> Splice {
        Splice { clock_rate, segment: None, seq_next: u64::from(seq_first & 0x7fff), last: None }
    }

    /// The first packet of a new segment: it follows directly on the last packet of the segment before.
    pub fn begin(&mut self, first: &Mark) {
        let (time, picture, tl0, keyidx) = match &self.last {
            None => {
                let (picture, tl0, keyidx) = (first.picture_id, first.tl0, first.keyidx);
                (first.time, picture.unwrap_or(0), tl0.unwrap_or(0), keyidx.unwrap_or(0))
            }
            Some(last) => {
                // Two sources share no clock but ours: as much media time passes as time passed between arrivals.
                let elapsed = first.arrival.saturating_duration_since(last.arrival);
                let ticks = elapsed.as_micros() as u64 * u64::from(self.clock_rate) / 1_000_000;
                let time = last.time.wrapping_add(ticks.max(1) as u32);
                (time, last.picture_id.wrapping_add(1), last.tl0.wrapping_add(1), last.keyidx.wrapping_add(1))
            }
        };
        self.segment = Some(Segment {
            from: first.seq,
            seq_offset: self.seq_next.wrapping_sub(first.seq),
            time_offset: time.wrapping_sub(first.time),
            picture_offset: picture.wrapping_sub(first.picture_id.unwrap_or(0)) & PICTURE_MASK,
            tl0_offset: tl0.wrapping_sub(first.tl0.unwrap_or(0)),
            keyidx_offset: keyidx.wrapping_sub(first.keyidx.unwrap_or(0)),
        });
    }

    /// A packet of the current segment; `None` before the first segment and for stragglers from before it.
    pub fn map(&mut self, packet: &Mark) -> Option<Mapped> {
        let segment = self.segment.filter(|s| packet.seq >= s.from)?;
        let mapped = Mapped {
            seq: packet.seq.wrapping_add(segment.seq_offset),
            time: packet.time.wrapping_add(segment.time_offset),
            picture_id: packet.picture_id.map(|id| id.wrapping_add(segment.picture_offset) & PICTURE_MASK),
            tl0: packet.tl0.unwrap_or(0).wrapping_add(segment.tl0_offset),
            keyidx: packet.keyidx.unwrap_or(0).wrapping_add(segment.keyidx_offset),
        };
        if mapped.seq >= self.seq_next {
            self.seq_next = mapped.seq + 1;
            self.last = Some(Last {
                time: mapped.time,
                arrival: packet.arrival,
                picture_id: mapped.picture_id.unwrap_or(0),
                tl0: mapped.tl0,
                keyidx: mapped.keyidx,
            });
        }
        Some(mapped)
    }

    /// The highest number given so far, as the viewer sees it.
    pub fn newest(&self) -> Option<u16> {
        self.segment?;
        Some(self.seq_next.checked_sub(1)? as u16)
    }

    /// The source's number of a packet that this viewer knows as `seq` (16 bits, as a NACK says it), if it belongs to the current segment.
    pub fn source_seq(&self, seq: u16) -> Option<u64> {
        let segment = self.segment?;
        let newest = self.seq_next.checked_sub(1)?;
        let behind = (newest as u16).wrapping_sub(seq);
        if behind >= 0x8000 {
            return None;
        }
        let source = newest.checked_sub(u64::from(behind))?.wrapping_sub(segment.seq_offset);
        (source >= segment.from).then_some(source)
    }

    /// A source timestamp in the viewer's clock, for sender reports.
    pub fn map_time(&self, time: u32) -> Option<u32> {
        Some(time.wrapping_add(self.segment?.time_offset))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn mark(seq: u64, time: u32, at: Instant, picture: u16) -> Mark {
        Mark { seq, time, arrival: at, picture_id: Some(picture), tl0: Some(picture as u8), keyidx: None }
    }

    #[test]
    fn a_new_source_continues_sequence_time_and_picture_where_the_old_one_ended() {
        let start = Instant::now();
        let mut splice = Splice::new(90_000, 0x7fff);
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
        let mut splice = Splice::new(90_000, 1);
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
        let mut splice = Splice::new(90_000, 0);
        splice.begin(&mark(10, 0, now, 1));
        assert_eq!(splice.map(&mark(10, 0, now, 1)).unwrap().seq, 0);
        assert_eq!(splice.map(&mark(13, 0, now, 1)).unwrap().seq, 3);
        assert_eq!(splice.map(&mark(11, 0, now, 1)).unwrap().seq, 1);
        assert_eq!(splice.map(&mark(9, 0, now, 1)), None);
    }

    #[test]
    fn a_nack_finds_the_source_packet_across_the_16_bit_wrap() {
        let now = Instant::now();
        let mut splice = Splice::new(90_000, 0x7fff);
        splice.begin(&mark(1_000_000, 0, now, 1));
        for n in 0..40_000 {
            splice.map(&mark(1_000_000 + n, 0, now, 1));
        }
        let newest = 0x7fff + 39_999u64;
        assert_eq!(splice.source_seq(newest as u16), Some(1_039_999));
        assert_eq!(splice.source_seq((newest - 5) as u16), Some(1_039_994));
        // A number not sent yet is nobody's.
        assert_eq!(splice.source_seq((newest + 1) as u16), None);
    }

    #[test]
    fn a_nack_for_the_segment_before_finds_nothing_wrong() {
        let now = Instant::now();
        let mut splice = Splice::new(90_000, 0);
        splice.begin(&mark(10, 0, now, 1));
        splice.map(&mark(10, 0, now, 1));
        splice.begin(&mark(900, 0, now, 1));
        splice.map(&mark(900, 0, now, 1));
        assert_eq!(splice.source_seq(1), Some(900));
        assert_eq!(splice.source_seq(0), None);
    }
}
