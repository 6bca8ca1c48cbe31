//! A viewer's way through the ring, from a keyframe that came a while ago to what is live: where it is, and how fast it goes.

use std::time::{Duration, Instant};

use crate::gop::{Gop, Policy};
use crate::line::Line;
use crate::ring::Packet;
use crate::source::Layer;

/// A keyframe this young is live: it has waited for the rest of another frame, or for a flush.
const LIVE: Duration = Duration::from_millis(100);
/// Times the rate of the stream, on a line that has not shown yet what it carries: ten seconds are caught up with in three.
const SPEED_UNPROVEN: u64 = 4;
/// And at least, so that a stream of a few kilobits is there at once.
const UNPROVEN_BPS_MIN: u64 = 4_000_000;
/// Of what a line has shown, while it has shown no limit.
const UNLIMITED_PERCENT: u64 = 150;
/// What leaves at once: a keyframe. A live one leaves like this too.
const FIRST_BYTES: i64 = 64 * 1024;
/// And no more than a line that is near its limit carries in this time: the rest would wait in its queue, or be lost there.
const FIRST_TAKES: Duration = Duration::from_millis(100);
/// A keyframe this young is no step back in time worth speaking of. From another worker one takes as long when the machine is busy.
const RECENT: Duration = Duration::from_millis(300);
/// A line that carries less than this share of the stream's rate does not catch up in time.
const NEEDED_PERCENT: u64 = 130;
/// Times the speed at which it came in, however small it is and whatever the line carries. Decoders take their time for each frame: what
/// arrives sooner waits in the viewer's jitter buffer, and is thrown away there when a keyframe overtakes it.
const SPEED_MAX: u32 = 5;
/// From the last frame that was in a hurry to the next keyframe, so that a decoder that is behind has shown it by then.
const BREATH: Duration = Duration::from_millis(20);
/// Longer than this nobody watches a picture that hurries.
const CATCH_UP_MAX: Duration = Duration::from_secs(6);

pub struct Replay {
    /// The next packet.
    pub next: u64,
    /// All that has been flushed is sent, but it is not live yet: more is on its way from another worker.
    pub at_edge: bool,
    policy: Policy,
    is_late: bool,
    /// Of the stream, bits per second.
    rate_bps: u64,
    credit: i64,
    at: Instant,
    started: Instant,
    /// When its first packet arrived, and the last that was sent.
    from: Instant,
    to: Instant,
}

impl Line {
    /// What a replay may take of it; `None` while the viewer has reported nothing. A line that has shown no limit is asked for more than it has
    /// shown, as it is for a keyframe.
    fn replay_bps(&self) -> Option<u64> {
        let available = self.available_bps()?;
        Some(if self.pacer.is_limited() { available } else { available * UNLIMITED_PERCENT / 100 })
    }

    /// What a replay may send without waiting.
    fn replay_bytes_first(&self) -> i64 {
        let limit = self.available_bps().filter(|_| self.pacer.is_limited());
        limit.map_or(FIRST_BYTES, |bps| ((bps / 8 * FIRST_TAKES.as_millis() as u64 / 1000) as i64).min(FIRST_BYTES))
    }
}

impl Replay {
    /// Nothing of it leaves before `start`.
    pub fn begin(now: Instant, start: Instant, layer: &Layer, first: &Packet, policy: Policy) -> Replay {
        let rate_bps = rate_bps(now, layer, layer.gop.as_ref());
        let is_late = now.saturating_duration_since(first.arrival) > LIVE;
        let (from, to) = (first.arrival, first.arrival);
        Replay {
            next: first.seq,
            at_edge: false,
            policy,
            is_late,
            rate_bps,
            credit: FIRST_BYTES,
            at: now,
            started: start,
            from,
            to,
        }
    }

    /// Whether it began with the past, rather than with a keyframe that has just come.
    pub fn is_late(&self) -> bool {
        self.is_late
    }

    pub fn behind(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.to)
    }

    /// Everything there is has been sent. Whether that is live, or more of the past is on its way from another worker.
    pub fn has_caught_up(&mut self, now: Instant) -> bool {
        self.at_edge = true;
        !self.is_late || self.behind(now) < LIVE
    }

    /// Whether the packet may leave now. A yes spends what that takes.
    pub fn admits(&mut self, now: Instant, packet: &Packet, line: &mut Line) -> bool {
        self.at_edge = false;
        let admitted = match self.policy {
            _ if now < self.started => false,
            // A keyframe that has just come takes its turn like any other packet.
            _ if !self.is_late => line.pacer.admits(now, packet.text().len()),
            Policy::Cut => self.is_in_time(now, packet, 1),
            Policy::CatchUp | Policy::Off => {
                self.is_in_time(now, packet, SPEED_MAX) && self.may_spend(now, packet.text().len(), line)
            }
        };
        if admitted {
            self.to = self.to.max(packet.arrival);
        }
        admitted
    }

    /// Whether a picture that runs so many times as fast has come to this packet.
    fn is_in_time(&self, now: Instant, packet: &Packet, speed: u32) -> bool {
        let since = packet.arrival.saturating_duration_since(self.from);
        now.saturating_duration_since(self.started) * speed >= since
    }

    fn may_spend(&mut self, now: Instant, bytes: usize, line: &mut Line) -> bool {
        let bps = pace_bps(self.rate_bps, line.replay_bps());
        let since = now.saturating_duration_since(self.at).as_micros() as u64;
        self.at = now;
        let earned = (since.saturating_mul(bps) / 8_000_000).min(1 << 30) as i64;
        self.credit = (self.credit + earned).min(line.replay_bytes_first());
        if self.credit <= 0 {
            return false;
        }
        self.credit -= bytes as i64;
        true
    }
}

/// When the next keyframe may leave, after a frame that was sent in a hurry.
pub fn start(now: Instant, hurried_at: Option<Instant>) -> Instant {
    hurried_at.map_or(now, |at| now.max(at + BREATH))
}

/// Whether a viewer with this line may begin with this group of pictures.
pub fn can_afford(now: Instant, layer: &Layer, gop: &Gop, policy: Policy, line: &Line) -> bool {
    is_affordable(now, layer, gop, gop.bytes, policy, line)
}

fn is_affordable(now: Instant, layer: &Layer, gop: &Gop, bytes: u64, policy: Policy, line: &Line) -> bool {
    match policy {
        Policy::Off => false,
        Policy::Cut => true,
        Policy::CatchUp => {
            let rate = rate_bps(now, layer, Some(gop));
            let pace = pace_bps(rate, line.replay_bps());
            let spare = pace.saturating_sub(rate).max(1);
            let takes_us = (bytes * 8).saturating_mul(1_000_000) / spare;
            let is_short = bytes <= line.replay_bytes_first() as u64;
            is_short || (pace * 100 >= rate * NEEDED_PERCENT && takes_us <= CATCH_UP_MAX.as_micros() as u64)
        }
    }
}

/// Whether a viewer may begin with this keyframe. Another worker tells first what its ring holds, which is for who has seen nothing of
/// the source yet: who has would be thrown back in time, and waits for the next one.
pub fn may_begin_with(
    now: Instant,
    layer: &Layer,
    keyframe: &Packet,
    has_seen: bool,
    policy: Policy,
    line: &Line,
) -> bool {
    let age = now.saturating_duration_since(keyframe.arrival);
    if age <= RECENT {
        return true;
    }
    // The rest may still be on its way.
    let bytes = u64::from(layer.kbps) * age.as_millis() as u64 / 8;
    !has_seen && layer.gop.is_some_and(|gop| is_affordable(now, layer, &gop, gop.bytes.max(bytes), policy, line))
}

fn pace_bps(rate_bps: u64, line_bps: Option<u64>) -> u64 {
    line_bps.unwrap_or_else(|| (rate_bps * SPEED_UNPROVEN).max(UNPROVEN_BPS_MIN))
}

/// As measured each second, or what the group of pictures says in a stream's first second.
fn rate_bps(now: Instant, layer: &Layer, gop: Option<&Gop>) -> u64 {
    let measured = u64::from(layer.kbps) * 1000;
    let of_gop = gop.filter(|_| measured == 0).map(|gop| {
        let age = now.saturating_duration_since(gop.begun).max(Duration::from_millis(200));
        gop.bytes * 8 * 1000 / age.as_millis() as u64
    });
    measured.max(of_gop.unwrap_or(0))
}
