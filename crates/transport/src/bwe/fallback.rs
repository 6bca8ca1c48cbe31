//! What a client without transport-wide feedback tells: an estimate of its own (REMB), or only what it lost.

use super::clock::{PER_SECOND, Ticks};
use crate::rtcp::ReportBlock;

pub struct Fallback {
    remb: Option<Ticks>,
    lost: Option<Ticks>,
    /// Highest number reported of each stream, the latest first.
    streams: [Option<(u32, u32)>; STREAMS_MAX],
}

/// Audio, video, and repairs of both.
const STREAMS_MAX: usize = 4;
/// REMB comes about every second; a client that stops is one that never sent it.
const REMB_VALID: i64 = 10 * PER_SECOND;
/// An estimate of the receiver from before the loss is not news.
const LOSS_COUNTS: i64 = 2 * PER_SECOND;

impl Fallback {
    pub fn new() -> Fallback {
        Fallback { remb: None, lost: None, streams: [None; STREAMS_MAX] }
    }

    pub fn remb(&mut self, now: Ticks) {
        self.remb = Some(now);
    }

    pub fn has_remb(&self, now: Ticks) -> bool {
        self.remb.is_some_and(|last| now.since(last) < REMB_VALID)
    }

    pub fn lost(&mut self, now: Ticks) {
        self.lost = Some(now);
    }

    pub fn losing(&self, now: Ticks) -> bool {
        self.lost.is_some_and(|last| now.since(last) < LOSS_COUNTS)
    }

    /// How many packets arrived and were lost since the stream's last report; `None` for the first.
    pub fn packets(&mut self, block: &ReportBlock) -> Option<(u32, u32)> {
        /// Between two reports; more is a restarted stream or nonsense.
        const EXPECTED_MAX: u32 = 100_000;
        let known = self.streams.iter().position(|stream| stream.is_some_and(|(ssrc, _)| ssrc == block.ssrc));
        let at = known.unwrap_or(STREAMS_MAX - 1);
        let before = known.and_then(|at| self.streams[at]);
        self.streams[..=at].rotate_right(1);
        self.streams[0] = Some((block.ssrc, block.highest_seq));
        let expected = block.highest_seq.wrapping_sub(before?.1);
        if expected == 0 || expected > EXPECTED_MAX {
            return None;
        }
        let lost = expected * u32::from(block.fraction_lost) / 256;
        Some((expected - lost, lost))
    }
}
