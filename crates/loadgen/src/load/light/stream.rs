//! One stream of media as its receiver accounts for it: what came, what is missing, and what a report says of it.

use std::time::{Duration, Instant};

use media::codec::{Codec, Kind};
use media::{RtpTime, Seq};
use transport::rtcp::ReportBlock;

use crate::udp::WallNs;

pub struct Stream {
    ssrc: u32,
    codec: Codec,
    /// Whether the server takes NACKs for it.
    nack: bool,
    span: Option<Span>,
    missing: Vec<Missing>,
    /// Given up at once, because the gap was too long; told by the next [`Stream::ask`].
    abandoned: u64,
    ask_due: Option<Instant>,
    /// Of video: when to ask for a keyframe, because there is no picture or it broke.
    keyframe_due: Option<Instant>,
    received: u64,
    jitter: Jitter,
    reported: Reported,
    sender_report: Option<(u32, WallNs)>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    first: u64,
    highest: u64,
}

struct Missing {
    seq: u64,
    tries: u32,
    due: Instant,
}

/// What to ask for now.
pub struct Asks {
    pub lost: Vec<u16>,
    pub given_up: u64,
}

/// What the last report covered.
#[derive(Debug, Clone, Copy, Default)]
struct Reported {
    expected: u64,
    received: u64,
}

/// The values of libwebrtc: it asks ten times, a round trip apart that it takes for 100 ms until it knows better.
const TRIES_MAX: u32 = 10;
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// The server asks by itself for who joins; a browser's decoder complains after 200 ms and keeps on.
const KEYFRAME_PATIENCE: Duration = Duration::from_millis(500);
/// A second and a half of 2.5 Mbit/s: beyond it a keyframe is cheaper than repairs.
const MISSING_MAX: u64 = 400;

impl Stream {
    pub fn new(now: Instant, ssrc: u32, codec: Codec, nack: bool) -> Stream {
        Stream {
            ssrc,
            codec,
            nack,
            span: None,
            missing: Vec::new(),
            abandoned: 0,
            ask_due: None,
            keyframe_due: (codec.kind() == Kind::Video).then(|| now + KEYFRAME_PATIENCE),
            received: 0,
            jitter: Jitter::default(),
            reported: Reported::default(),
            sender_report: None,
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    pub fn arrived(&mut self, seq: u64, at: WallNs, now: Instant, time: RtpTime) {
        self.received += 1;
        self.jitter.note(at, time, self.codec.clock_rate());
        let Some(span) = &mut self.span else {
            self.span = Some(Span { first: seq, highest: seq });
            return;
        };
        if seq <= span.highest {
            self.missing.retain(|missing| missing.seq != seq);
            return;
        }
        let gap = span.highest + 1..seq;
        span.highest = seq;
        if gap.is_empty() || !self.nack {
            return;
        }
        self.ask_due = Some(now);
        if self.missing.len() as u64 + (gap.end - gap.start) > MISSING_MAX {
            self.abandoned += self.missing.len() as u64 + (gap.end - gap.start);
            self.missing.clear();
            return;
        }
        self.missing.extend(gap.map(|seq| Missing { seq, tries: 0, due: now }));
    }

    /// The extended number of a repair that was missing.
    pub fn repaired(&mut self, original: Seq) -> Option<u64> {
        let at = self.missing.iter().position(|missing| missing.seq as u16 == original.0)?;
        self.received += 1;
        Some(self.missing.remove(at).seq)
    }

    /// When to [`Stream::ask`].
    pub fn ask_due(&self) -> Option<Instant> {
        self.ask_due
    }

    pub fn ask(&mut self, now: Instant) -> Asks {
        let mut asks = Asks { lost: Vec::new(), given_up: std::mem::take(&mut self.abandoned) };
        self.missing.retain_mut(|missing| {
            if missing.due > now {
                return true;
            }
            if missing.tries == TRIES_MAX {
                asks.given_up += 1;
                return false;
            }
            missing.tries += 1;
            missing.due = now + ASK_AGAIN;
            asks.lost.push(missing.seq as u16);
            true
        });
        self.ask_due = self.missing.iter().map(|missing| missing.due).min();
        asks
    }

    pub fn wants_picture(&self) -> bool {
        self.keyframe_due.is_some()
    }

    /// A keyframe has begun.
    pub fn has_picture(&mut self) {
        self.keyframe_due = None;
    }

    pub fn lost_picture(&mut self, now: Instant) {
        if self.codec.kind() == Kind::Video && self.keyframe_due.is_none() {
            self.keyframe_due = Some(now);
        }
    }

    pub fn keyframe_due(&self) -> Option<Instant> {
        self.keyframe_due
    }

    pub fn asked_for_picture(&mut self, now: Instant) {
        self.keyframe_due = Some(now + KEYFRAME_PATIENCE);
    }

    pub fn sender_reported(&mut self, ntp: u64, at: WallNs) {
        self.sender_report = Some(((ntp >> 16) as u32, at));
    }

    /// RFC 3550 §6.4.1 and appendix A.3.
    pub fn report(&mut self, now: WallNs) -> ReportBlock {
        let (expected, highest) = self.span.map_or((0, 0), |span| (span.highest - span.first + 1, span.highest));
        let before = std::mem::replace(&mut self.reported, Reported { expected, received: self.received });
        let expected_since = expected.saturating_sub(before.expected);
        let lost_since = expected_since.saturating_sub(self.received - before.received);
        let (last_sr, delay) = self.sender_report.map_or((0, 0), |(ntp, at)| {
            let delay = now.since(at).as_nanos() * 65_536 / 1_000_000_000;
            (ntp, delay as u32)
        });
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: (lost_since * 256).checked_div(expected_since).unwrap_or(0).min(255) as u8,
            lost: (expected as i64 - self.received as i64).clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_seq: highest as u32,
            jitter: self.jitter.ticks as u32,
            last_sr,
            delay,
        }
    }
}

/// RFC 3550 appendix A.8.
#[derive(Debug, Clone, Copy, Default)]
struct Jitter {
    ticks: f64,
    last: Option<(WallNs, RtpTime)>,
}

impl Jitter {
    fn note(&mut self, at: WallNs, time: RtpTime, clock_rate: u32) {
        if let Some((last_at, last_time)) = self.last.replace((at, time)) {
            let elapsed = (at.0 as f64 - last_at.0 as f64) * f64::from(clock_rate) / 1e9;
            let deviation = (elapsed - f64::from(time.since(last_time))).abs();
            self.ticks += (deviation - self.ticks) / 16.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(now: Instant, seqs: &[u64]) -> Stream {
        let mut stream = Stream::new(now, 7, Codec::Vp8, true);
        for seq in seqs {
            stream.arrived(*seq, WallNs(seq * 10_000_000), now, RtpTime(*seq as u32 * 900));
        }
        stream
    }

    #[test]
    fn a_gap_is_asked_for_at_once_and_again_until_it_is_repaired_or_given_up() {
        let now = Instant::now();
        let mut stream = stream(now, &[65_534, 65_537, 65_539]);
        assert_eq!(stream.ask_due(), Some(now));
        assert_eq!(stream.ask(now).lost, [65_535, 0, 2]);
        assert_eq!(stream.ask_due(), Some(now + ASK_AGAIN));
        assert!(stream.ask(now).lost.is_empty(), "not twice at the same time");
        assert_eq!(stream.repaired(Seq(0)), Some(65_536));
        assert_eq!(stream.repaired(Seq(0)), None, "a second repair is not needed");
        stream.arrived(65_538, WallNs(0), now, RtpTime(0));
        // Only the first of the three is still missing.
        let mut tries = 1;
        let given_up = (1..20).find_map(|n| {
            let asks = stream.ask(now + ASK_AGAIN * n);
            tries += asks.lost.len();
            (asks.given_up > 0).then_some(asks.given_up)
        });
        assert_eq!((given_up, tries, stream.ask_due()), (Some(1), 10, None));
    }

    #[test]
    fn a_gap_that_is_too_long_is_given_up_and_not_asked_for() {
        let now = Instant::now();
        let mut stream = stream(now, &[1, 2 + MISSING_MAX + 1]);
        let Asks { lost, given_up } = stream.ask(now);
        assert_eq!((lost.len(), given_up), (0, MISSING_MAX + 1));
    }

    #[test]
    fn a_report_tells_losses_since_the_last_one() {
        let mut stream = stream(Instant::now(), &[10, 11, 13, 14]);
        stream.sender_reported(0x0001_0002_0003_0004, WallNs(1_000_000_000));
        let block = stream.report(WallNs(1_500_000_000));
        assert_eq!((block.fraction_lost, block.lost, block.highest_seq, block.jitter), (51, 1, 14, 0));
        assert_eq!((block.last_sr, block.delay), (0x0002_0003, 32_768));
        stream.repaired(Seq(12));
        stream.arrived(15, WallNs(150_000_000), Instant::now(), RtpTime(15 * 900));
        let block = stream.report(WallNs(1_500_000_000));
        assert_eq!((block.fraction_lost, block.lost), (0, 0));
    }
}
