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
