//! The fan-out: what arrived goes to everybody who watches, sealed, into the outbox.

use std::time::Instant;

use crate::command::EndReason;
use crate::downlink::{Batch, Way};
use crate::header::abs_send_time;
use crate::line::Moment;
use crate::session::Doomed;
use crate::{Engine, fence};

/// Packets per viewer and visit: a keyframe that arrives at once leaves in steps, so that it neither fills one viewer's
/// network buffer nor keeps the others waiting.
const BURST_PACKETS_MAX: usize = 16;

/// What a call of `flush` left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flushed {
    All,
    /// The outbox is full: send it, clear it, and call again.
    More,
}

/// A flush in progress: sources still to do (last first), and how many downlinks of the current one are done.
#[derive(Default)]
pub struct Round {
    sources: Vec<usize>,
    done: usize,
    /// Counts the visits. Each begins with another downlink, so that what a full send buffer drops is not always the same
    /// viewer's, and nobody is always the last to get a frame.
    visits: usize,
}

/// A frame that an outbox carries: it was complete at `arrival`, and goes to so many viewers.
#[derive(Debug, Clone, Copy)]
pub struct Carried {
    pub arrival: Instant,
    pub viewers: u64,
}

impl Engine {
    /// Sends on what is due: complete frames at once, the rest after a few milliseconds, so that a viewer's packets share a
    /// system call. Call until it says `All`, sending the outbox in between.
    pub fn flush(&mut self, now: Instant) -> Flushed {
        let moment = self.moment(now);
        if self.round.sources.is_empty() {
            self.seat_waiters(now);
            self.share_lines(now);
            self.begin_round(now);
        }
        while let Some(&index) = self.round.sources.last() {
            let Some(source) = self.sources[index].as_mut() else {
                self.round.sources.pop();
                continue;
            };
            let burst = source.pending.len().min(BURST_PACKETS_MAX);
            if self.round.done == 0 {
                self.stats.padding_bytes += source.equalise(burst);
                source.hand_over(burst);
            }
            let completed = source.completed(burst);
            let policy = self.config.limits.gop.policy;
            let mut batch = Batch { layers: &mut source.layers, pending: &source.pending, burst, policy };
            let viewers = source.downlinks.len();
            let before = self.round.done;
            while self.round.done < viewers && !self.outbox.is_full() {
                let at = |ahead| (self.round.visits + self.round.done + ahead) % viewers;
                // A thousand viewers do not fit into a core's own cache: have the next ones' state brought while this one is served.
                if let Some(Some(line)) = self.lines.get(source.downlinks[at(2)].slot as usize) {
                    line.prefetch();
                }
                if let Some(Some(line)) = self.lines.get(source.downlinks[at(1)].slot as usize) {
                    line.prefetch_behind();
                }
                let downlink = &mut source.downlinks[at(0)];
                self.round.done += 1;
                let Some(Some(line)) = self.lines.get_mut(downlink.slot as usize) else { continue };
                let before = (downlink.packets, downlink.bytes);
                let held_before = downlink.holds();
                let mut way = Way { moment, line, out: &mut self.outbox, drops: &mut self.stats.drops };
                let forwarded = fence(|| downlink.forward(&mut batch, &mut way));
                if forwarded.is_none() {
                    self.doomed.push(Doomed { slot: downlink.slot, reason: EndReason::Panicked });
                }
                if downlink.is_replaying() || (downlink.holds() && !held_before) {
                    self.holding.push(downlink.slot);
                }
                self.stats.packets_out += downlink.packets - before.0;
                self.stats.bytes_out += downlink.bytes - before.1;
            }
            if let Some(arrival) = completed {
                self.carried.push(Carried { arrival, viewers: (self.round.done - before) as u64 });
            }
            if self.round.done < viewers {
                return Flushed::More;
            }
            source.flushed(burst);
            if !source.pending.is_empty() {
                self.dirty.push(index);
            }
            self.round.done = 0;
            self.round.visits = self.round.visits.wrapping_add(1);
            self.round.sources.pop();
        }
        while let Some(slot) = self.holding.pop() {
            self.hold(now, slot);
        }
        while let Some(Doomed { slot, reason }) = self.doomed.pop() {
            self.end(now, slot, reason);
        }
        Flushed::All
    }

    pub(crate) fn moment(&self, now: Instant) -> Moment {
        Moment { now, send_time: abs_send_time(now.saturating_duration_since(self.config.epoch)) }
    }

    fn begin_round(&mut self, now: Instant) {
        let Engine { sources, dirty, round, .. } = self;
        dirty.retain(|&index| {
            let is_due = sources[index].as_ref().and_then(|s| s.flush_at()).is_none_or(|at| at <= now);
            if is_due {
                round.sources.push(index);
            }
            !is_due
        });
        round.sources.reverse();
    }
}
