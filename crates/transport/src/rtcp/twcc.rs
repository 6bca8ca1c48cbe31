//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): for a run of
//! transport-wide sequence numbers, which arrived and when.

/// A feedback packet, its statuses not yet expanded. At most 65,535 statuses can be announced; how many there are is
/// bounded by the bytes that carry them, see [`Twcc::arrivals`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twcc<'a> {
    pub sender: u32,
    pub media: u32,
    pub base_seq: u16,
    pub status_count: u16,
    /// In units of 64 ms; 24 bits with sign.
    pub reference_time: i32,
    /// Counts the feedback packets.
    pub feedback_count: u8,
    rest: &'a [u8],
}

impl<'a> Twcc<'a> {
    pub(super) fn parse(sender: u32, media: u32, body: &'a [u8]) -> Option<Twcc<'a>> {
        let (head, rest) = body.split_at_checked(8)?;
        let time = u32::from_be_bytes([head[4], head[5], head[6], 0]);
        Some(Twcc {
            sender,
            media,
            base_seq: u16::from_be_bytes([head[0], head[1]]),
            status_count: u16::from_be_bytes([head[2], head[3]]),
            reference_time: (time as i32) >> 8,
            feedback_count: head[7],
            rest,
        })
    }

    /// Each sequence number with its arrival in quarter milliseconds of the receiver's clock, `None` for lost. Ends
    /// early where the packet is cut.
    pub fn arrivals(&self) -> Arrivals<'a> {
        let statuses = Chunks { rest: self.rest, left: self.status_count, current: Run::Empty };
        Arrivals { deltas: statuses.end(), statuses, seq: self.base_seq, time: i64::from(self.reference_time) * 256 }
    }
}

#[derive(Debug, Clone)]
pub struct Arrivals<'a> {
    statuses: Chunks<'a>,
    deltas: &'a [u8],
    seq: u16,
    time: i64,
}

impl Iterator for Arrivals<'_> {
    /// Transport-wide sequence number, and arrival in units of 250 µs.
    type Item = (u16, Option<i64>);

    fn next(&mut self) -> Option<(u16, Option<i64>)> {
        let delta = match self.statuses.next()? {
            Status::Lost => None,
            Status::Small => {
                let (byte, rest) = self.deltas.split_first()?;
                self.deltas = rest;
                Some(i64::from(*byte))
            }
            Status::Large => {
                let (bytes, rest) = self.deltas.split_at_checked(2)?;
                self.deltas = rest;
                Some(i64::from(i16::from_be_bytes([bytes[0], bytes[1]])))
            }
        };
        let seq = self.seq;
        self.seq = seq.wrapping_add(1);
        Some((
            seq,
            delta.map(|delta| {
                self.time += delta;
                self.time
            }),
        ))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Lost,
    /// One byte, not negative.
    Small,
    /// Two bytes with sign.
    Large,
}

impl Status {
    fn from_bits(bits: u16) -> Status {
        match bits {
            1 => Status::Small,
            2 => Status::Large,
            // 3 is reserved; it announces no delta.
            _ => Status::Lost,
        }
    }
}

#[derive(Debug, Clone)]
struct Chunks<'a> {
    rest: &'a [u8],
    left: u16,
    current: Run,
}

#[derive(Debug, Clone, Copy)]
enum Run {
    Empty,
    Same {
        status: Status,
        left: u16,
    },
    /// Statuses of one or two bits each, the next in the highest of 14 bits.
    Vector {
        bits: u16,
        width: u16,
        left: u16,
    },
}

impl<'a> Chunks<'a> {
    /// What follows the last chunk: the deltas. By chunks and not by statuses, of which one chunk announces up to 8,191.
    fn end(&self) -> &'a [u8] {
        let (mut rest, mut left) = (self.rest, self.left);
        while left > 0 {
            let Some((chunk, after)) = rest.split_at_checked(2) else { break };
            rest = after;
            left = left.saturating_sub(Run::read(chunk).left());
        }
        rest
    }
}

impl Run {
    fn read(chunk: &[u8]) -> Run {
        let chunk = u16::from_be_bytes([chunk[0], chunk[1]]);
        match (chunk >> 15, chunk >> 14 & 1) {
            (0, _) => Run::Same { status: Status::from_bits(chunk >> 13 & 3), left: chunk & 0x1fff },
            (_, 0) => Run::Vector { bits: chunk & 0x3fff, width: 1, left: 14 },
            (_, _) => Run::Vector { bits: chunk & 0x3fff, width: 2, left: 7 },
        }
    }

    fn left(self) -> u16 {
        match self {
            Run::Empty => 0,
            Run::Same { left, .. } | Run::Vector { left, .. } => left,
        }
    }
}

impl Iterator for Chunks<'_> {
    type Item = Status;

    fn next(&mut self) -> Option<Status> {
        if self.left == 0 {
            return None;
        }
        loop {
            match &mut self.current {
                Run::Same { status, left } if *left > 0 => {
                    *left -= 1;
                    self.left -= 1;
                    return Some(*status);
                }
                Run::Vector { bits, width, left } if *left > 0 => {
                    let status = Status::from_bits(*bits >> (14 - *width) & ((1 << *width) - 1));
                    *bits <<= *width;
                    *left -= 1;
                    self.left -= 1;
                    return Some(status);
                }
                _ => {}
            }
            let (chunk, rest) = self.rest.split_at_checked(2)?;
            self.rest = rest;
            self.current = Run::read(chunk);
        }
    }
}
