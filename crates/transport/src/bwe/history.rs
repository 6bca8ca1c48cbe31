//! What was sent under which transport-wide number, until a report says what became of it. Four bytes a packet, because
//! every viewer has such a ring and every packet writes to it: sixteen packets share a cache line.

use super::clock::Ticks;

pub struct History {
    /// A power of two, or nothing before the first packet.
    entries: Vec<Entry>,
    next: u16,
    /// How many before `next` are known, at most as many as there are entries.
    known: u16,
    last: Ticks,
}

/// A packet of which a report says something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    pub sent: Ticks,
    pub bytes: u32,
    /// 0 for none.
    pub cluster: u8,
    /// An earlier report called it lost.
    pub was_lost: bool,
}

/// What a packet weighs on this connection before anything needs more: 1 kB.
const ENTRIES_MIN: usize = 256;
/// 16 kB. At 50 Mbit/s and 1,200 bytes a packet (5,200/s) it holds 0.8 s: the longest round trip that carries such a
/// rate, and a reporting interval.
const ENTRIES_MAX: usize = 4096;
/// A packet that nobody has reported for this long is not waited for: a long round trip (0.6 s by satellite), a slow
/// reporter (0.25 s) and some loss of reports. In ticks.
const WAITED_FOR: u16 = 2 * 4000;

impl History {
    pub fn new() -> History {
        History { entries: Vec::new(), next: 0, known: 0, last: Ticks::ZERO }
    }

    /// `grow`: whether somebody reports at all; without reports nothing would ever stop the ring from growing.
    #[inline]
    pub fn sent(&mut self, now: Ticks, bytes: usize, cluster: u8, grow: Grow) -> u16 {
        if now.since(self.last) > Entry::AGE_MAX {
            // Older entries would seem to be younger than they are.
            self.known = 0;
        }
        self.last = now;
        let mut slot = usize::from(self.next) & self.entries.len().wrapping_sub(1);
        match self.entries.get(slot) {
            Some(old)
                if grow == Grow::Yes
                    && usize::from(self.known) == self.entries.len()
                    && self.entries.len() < ENTRIES_MAX
                    && old.fate() == Fate::Unknown
                    && old.age(now) < WAITED_FOR =>
            {
                slot = self.grow();
            }
            Some(_) => {}
            None => slot = self.grow(),
        }
        self.entries[slot] = Entry::new(now, bytes, cluster);
        self.known = (self.known + 1).min(self.entries.len() as u16);
        let seq = self.next;
        self.next = seq.wrapping_add(1);
        seq
    }

    /// Has brought near where the next packets will be noted.
    #[inline]
    pub fn prefetch(&self) {
        let slot = usize::from(self.next) & self.entries.len().wrapping_sub(1);
        if let Some(entry) = self.entries.get(slot) {
            crate::sys::prefetch(entry);
        }
    }

    /// A report says that `seq` was lost or arrived; `None` when that is not news or concerns nothing known.
    #[inline]
    pub fn report(&mut self, seq: u16, now: Ticks, arrived: bool) -> Option<Packet> {
        if !self.knows(seq) {
            return None;
        }
        let mask = self.entries.len() - 1;
        let entry = &mut self.entries[usize::from(seq) & mask];
        let before = entry.fate();
        let fate = if arrived { Fate::Arrived } else { Fate::Lost };
        // What arrived stays arrived, whatever a later report says; what was lost may turn out to have been late.
        if before == Fate::Arrived || before == fate {
            return None;
        }
        entry.set_fate(fate);
        Some(Packet {
            sent: now.minus(i64::from(entry.age(now))),
            bytes: entry.bytes(),
            cluster: entry.cluster(),
            was_lost: before == Fate::Lost,
        })
    }

    fn knows(&self, seq: u16) -> bool {
        // `next` itself gives 65,535, which is never known.
        self.next.wrapping_sub(seq).wrapping_sub(1) < self.known
    }

    /// Doubles the ring and returns the slot of `next` in it.
    #[cold]
    fn grow(&mut self) -> usize {
        let len = (2 * self.entries.len()).max(ENTRIES_MIN);
        let mut entries = vec![Entry(0); len];
        for back in 1..=self.known {
            let seq = usize::from(self.next.wrapping_sub(back));
            entries[seq & (len - 1)] = self.entries[seq & (self.entries.len() - 1)];
        }
        self.entries = entries;
        usize::from(self.next) & (len - 1)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grow {
    Yes,
    No,
}

/// 16 bits of time, 11 of size, 2 of fate, 3 of cluster.
#[derive(Clone, Copy)]
struct Entry(u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Lost,
    Arrived,
}

impl Entry {
    /// What 16 bits of ticks tell apart, less half of it as a margin: 8 s.
    const AGE_MAX: i64 = 1 << 15;

    fn new(now: Ticks, bytes: usize, cluster: u8) -> Entry {
        let bytes = bytes.min(0x7ff) as u32;
        Entry(u32::from(now.low()) | bytes << 16 | u32::from(cluster & 7) << 29)
    }

    fn age(self, now: Ticks) -> u16 {
        now.low().wrapping_sub(self.0 as u16)
    }

    fn bytes(self) -> u32 {
        self.0 >> 16 & 0x7ff
    }

    fn fate(self) -> Fate {
        match self.0 >> 27 & 3 {
            0 => Fate::Unknown,
            1 => Fate::Lost,
            _ => Fate::Arrived,
        }
    }

    fn set_fate(&mut self, fate: Fate) {
        self.0 = self.0 & !(3 << 27) | (fate as u32) << 27;
    }

    fn cluster(self) -> u8 {
        (self.0 >> 29) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Ticks {
        Ticks::ZERO.plus(4 * ms)
    }

    #[test]
    fn a_packet_is_news_once_and_late_ones_are_not_lost() {
        let mut history = History::new();
        let seq = history.sent(at(0), 1200, 3, Grow::Yes);
        let lost = Packet { sent: at(0), bytes: 1200, cluster: 3, was_lost: false };
        assert_eq!(history.report(seq, at(50), false), Some(lost));
        assert_eq!(history.report(seq, at(60), false), None, "said twice");
        assert_eq!(history.report(seq, at(90), true), Some(Packet { was_lost: true, ..lost }), "it was only late");
        assert_eq!(history.report(seq, at(99), false), None, "what arrived stays arrived");
        assert_eq!(history.report(seq.wrapping_add(1), at(99), true), None, "never sent");
        assert_eq!(history.report(seq.wrapping_sub(1), at(99), true), None, "never sent either");
    }

    #[test]
    fn unreported_packets_are_kept_while_they_are_young_and_no_longer() {
        let mut history = History::new();
        let first = history.sent(at(0), 100, 0, Grow::Yes);
        // Across the end of the numbers, a packet each millisecond: 2 s of them fit.
        for ms in 1..70_000 {
            let seq = history.sent(at(ms), 100, 0, Grow::Yes);
            if ms >= 1500 {
                let old = history.report(seq.wrapping_sub(1400), at(ms), true).expect("1.4 s old");
                assert_eq!(old.sent, at(ms - 1400));
            }
        }
        assert_eq!(history.report(first, at(70_000), true), None);
        assert!(history.entries.len() <= ENTRIES_MAX);
    }

    #[test]
    fn without_reports_the_ring_does_not_grow() {
        let mut history = History::new();
        for ms in 0..10_000 {
            history.sent(at(ms), 100, 0, Grow::No);
        }
        assert_eq!(history.entries.len(), ENTRIES_MIN);
    }

    #[test]
    fn what_was_sent_before_a_long_pause_is_forgotten() {
        let mut history = History::new();
        let before = history.sent(at(0), 100, 0, Grow::Yes);
        // 16 bits of ticks come round after 16.4 s; the packet would seem to be 0.1 s old.
        let after = history.sent(at(16_484), 100, 0, Grow::Yes);
        assert_eq!(history.report(before, at(16_484), true), None);
        assert!(history.report(after, at(16_500), true).is_some());
    }
}
