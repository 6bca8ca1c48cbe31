//! RTCP: a reader of compound packets that trusts no length in them, and writers for what a sender of media has to say.
//!
//! It knows the packets, not the streams: whose SSRC it is and what to do about a loss is the caller's.

mod read;
mod twcc;
mod write;

pub use read::{Nacks, Packets, ReportBlocks, Ssrcs, read};
pub use twcc::{Arrivals, Twcc};
pub use write::{bye, nack, pli, receiver_report, sender_report, transport_feedback};

/// One packet of a compound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    SenderReport {
        ssrc: u32,
        info: SenderInfo,
        blocks: ReportBlocks<'a>,
    },
    ReceiverReport {
        ssrc: u32,
        blocks: ReportBlocks<'a>,
    },
    /// Source descriptions: the chunks as they are.
    Sdes(&'a [u8]),
    Bye(Ssrcs<'a>),
    /// Packets of `media` that did not arrive.
    Nack {
        sender: u32,
        media: u32,
        lost: Nacks<'a>,
    },
    /// A picture of `media` is lost: a keyframe is wanted.
    Pli {
        sender: u32,
        media: u32,
    },
    /// As PLI, for the named SSRCs; repeats carry the same number.
    Fir {
        sender: u32,
        requests: Firs<'a>,
    },
    /// Arrival times of what was sent with transport-wide numbers.
    Twcc(Twcc<'a>),
    /// What the receiver thinks it can take, bits per second.
    Remb {
        sender: u32,
        bitrate: u64,
    },
    Other {
        kind: u8,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// Seconds since 1900 and their fraction.
    pub ntp: u64,
    pub rtp_time: u32,
    pub packets: u32,
    pub bytes: u32,
}

/// How a receiver fares with one SSRC (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    pub ssrc: u32,
    /// Lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the beginning; duplicates make it negative.
    pub lost: i32,
    /// Rollover count and sequence number.
    pub highest_seq: u32,
    /// In the clock of the stream.
    pub jitter: u32,
    /// Middle bits of the NTP time of the last sender report, 0 for none.
    pub last_sr: u32,
    /// From its arrival to this report, in 1/65536 s.
    pub delay: u32,
}

/// SSRCs and request numbers of a FIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Firs<'a>(&'a [u8]);

impl Iterator for Firs<'_> {
    type Item = (u32, u8);

    fn next(&mut self) -> Option<(u32, u8)> {
        let (entry, rest) = self.0.split_at_checked(8)?;
        self.0 = rest;
        Some((read::word(entry, 0), entry[4]))
    }
}

pub(crate) mod kind {
    pub const SENDER_REPORT: u8 = 200;
    pub const RECEIVER_REPORT: u8 = 201;
    pub const SDES: u8 = 202;
    pub const BYE: u8 = 203;
    pub const TRANSPORT_FEEDBACK: u8 = 205;
    pub const PAYLOAD_FEEDBACK: u8 = 206;
}

/// Formats of feedback packets.
pub(crate) mod format {
    pub const NACK: u8 = 1;
    pub const TWCC: u8 = 15;
    pub const PLI: u8 = 1;
    pub const FIR: u8 = 4;
    pub const APPLICATION: u8 = 15;
}

#[cfg(test)]
mod tests;
