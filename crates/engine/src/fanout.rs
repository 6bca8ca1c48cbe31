//! The fan-out: what arrived goes to everybody who watches, sealed, into the outbox.

use std::time::Instant;

use crate::command::EndReason;
use crate::downlink::{Batch, abs_send_time};
use crate::session::Doomed;
use crate::{Engine, fence};

/// Packets per viewer and visit: a keyframe that arrives at once leaves in steps, so that it neither fills one viewer's
/// network buffer nor keeps the others waiting.
const BURST_PACKETS_MAX: usize = 16;
/// What is sealed before the kernel is called: it should still be in the second-level cache when the kernel copies it.
const OUTBOX_BYTES_MAX: usize = 1 << 20;

/// What a call of `flush` left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flushed {
    All,
    /// The outbox is full: send it, clear it, and call again.
    More,
}

/// A flush in progress: sources still to do (last first), and the downlink at which the current one goes on.
#[derive(Default)]
pub struct Round {
    sources: Vec<usize>,
    downlink: usize,
}

impl Engine {
    /// Sends on what is due: complete frames at once, the rest after a few milliseconds, so that a viewer's packets share a
    /// system call. Call until it says `All`, sending the outbox in between.
    pub fn flush(&mut self, now: Instant) -> Flushed {
        let send_time = abs_send_time(now.saturating_duration_since(self.config.epoch));
        if self.round.sources.is_empty() {
            self.begin_round(now);
        }
        while let Some(&index) = self.round.sources.last() {
            let Some(source) = self.sources[index].as_mut() else {
                self.round.sources.pop();
                continue;
            };
            let burst = source.pending.len().min(BURST_PACKETS_MAX);
            let batch = Batch { layers: &source.layers, pending: &source.pending, burst, send_time };
            for downlink in source.downlinks.iter_mut().skip(self.round.downlink) {
                if self.outbox.bytes.len() >= OUTBOX_BYTES_MAX {
                    return Flushed::More;
                }
                self.round.downlink += 1;
                let before = (downlink.packets, downlink.bytes);
                let forwarded = fence(|| downlink.forward(&batch, &mut self.outbox, &mut self.stats.drops));
                if forwarded.is_none() {
                    self.doomed.push(Doomed { slot: downlink.slot, reason: EndReason::Panicked });
                }
                self.stats.packets_out += downlink.packets - before.0;
                self.stats.bytes_out += downlink.bytes - before.1;
            }
            if !source.downlinks.is_empty() {
                self.arrivals.extend(batch.pending[..burst].iter().map(|p| p.arrival));
            }
            source.flushed(burst);
            if !source.pending.is_empty() {
                self.dirty.push(index);
            }
            self.round.downlink = 0;
            self.round.sources.pop();
        }
        while let Some(Doomed { slot, reason }) = self.doomed.pop() {
            self.end(now, slot, reason);
        }
        Flushed::All
    }

    fn begin_round(&mut self, now: Instant) {
        let sources = &self.sources;
        let is_due = |i: &usize| sources[*i].as_ref().and_then(|s| s.flush_at()).is_none_or(|at| at <= now);
        let (due, later): (Vec<usize>, Vec<usize>) = self.dirty.drain(..).partition(is_due);
        self.dirty = later;
        self.round.sources.extend(due.into_iter().rev());
    }
}
