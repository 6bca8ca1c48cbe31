//! What leaves a viewer's line between two visits of the fan-out: packets that waited for the pacer, replays, second copies
//! of repairs, and probes.

use std::time::{Duration, Instant};

use transport::bwe::Sent;

use crate::Engine;
use crate::choose::PROBE_FROM;
use crate::downlink::Way;
use crate::line::Probing;
use crate::pacer;
use crate::session::{Place, Role};

/// Between two looks at a probe: a burst of 30 ms is then spread over a dozen.
const PROBE_STEP: Duration = Duration::from_millis(2);
/// Packets of a probe per look.
const PROBE_PACKETS_MAX: usize = 16;

impl Engine {
    /// Packets of this viewer began to wait, in a queue or in the ring.
    pub(crate) fn hold(&mut self, now: Instant, slot: u32) {
        if let Some(Some(line)) = self.lines.get_mut(slot as usize) {
            line.adjust_pace();
            line.look_at(now + pacer::STEP);
            self.set_timer(slot);
        }
    }

    /// Lets go of what the pacer admits by now, and of the next packets of a probe.
    pub(crate) fn serve_line(&mut self, now: Instant, slot: u32) {
        let due = matches!(self.lines.get(slot as usize), Some(Some(line)) if line.next_at.is_some_and(|at| at <= now));
        if !due {
            return;
        }
        let next = [self.release(now, slot), self.send_copies(now, slot), self.go_on_probing(now, slot)];
        let next = next.into_iter().flatten().min();
        if let Some(Some(line)) = self.lines.get_mut(slot as usize) {
            line.next_at = next;
        }
    }

    /// Sends what may leave; says when to come again.
    fn release(&mut self, now: Instant, slot: u32) -> Option<Instant> {
        let moment = self.moment(now);
        let Role::Viewer(viewer) = &self.sessions.get(slot)?.role else { return None };
        let line = self.lines.get_mut(slot as usize)?.as_mut()?;
        let policy = self.config.limits.gop.policy;
        let mut waits = false;
        for place in viewer.tracks.iter().filter_map(|t| t.place) {
            let Place::Source { source, index } = place else { continue };
            let Some(source) = self.sources[source].as_mut() else { continue };
            let downlink = &mut source.downlinks[index];
            if !downlink.holds() && !downlink.is_replaying() {
                continue;
            }
            let before = (downlink.packets, downlink.bytes);
            let mut way = Way { moment, line, out: &mut self.outbox, drops: &mut self.stats.drops };
            downlink.release(&mut source.layers, &mut way);
            downlink.go_on(&mut source.layers, &source.pending, policy, &mut way);
            self.stats.packets_out += downlink.packets - before.0;
            self.stats.bytes_out += downlink.bytes - before.1;
            waits |= downlink.holds() || downlink.is_replaying();
        }
        if !waits {
            line.adjust_pace();
        }
        waits.then_some(now + pacer::STEP)
    }

    /// Everything that waits in this source's rings leaves at once: they are about to go.
    pub(crate) fn release_source(&mut self, now: Instant, index: usize) {
        let downlinks = self.sources[index].as_ref().map_or(0, |source| source.downlinks.len());
        for downlink in 0..downlinks {
            self.release_track(now, index, downlink);
        }
    }

    /// The same for one of its viewers, who is about to go elsewhere.
    pub(crate) fn release_track(&mut self, now: Instant, source: usize, index: usize) {
        let moment = self.moment(now);
        let Some(source) = self.sources[source].as_mut() else { return };
        let Some(downlink) = source.downlinks.get_mut(index).filter(|downlink| downlink.holds()) else { return };
        let Some(Some(line)) = self.lines.get_mut(downlink.slot as usize) else { return };
        let before = (downlink.packets, downlink.bytes);
        let mut way = Way { moment, line, out: &mut self.outbox, drops: &mut self.stats.drops };
        downlink.release_all(&mut source.layers, &mut way);
        self.stats.packets_out += downlink.packets - before.0;
        self.stats.bytes_out += downlink.bytes - before.1;
    }

    /// Sends repairs once more that are due for it; says when to come again.
    fn send_copies(&mut self, now: Instant, slot: u32) -> Option<Instant> {
        let moment = self.moment(now);
        loop {
            let line = self.lines.get_mut(slot as usize)?.as_mut()?;
            let copy = *line.copies.front()?;
            if copy.at > now {
                return Some(copy.at);
            }
            line.copies.pop_front();
            let Some(Place::Source { source, index }) = self.place_of(slot, copy.ssrc) else { continue };
            let Some(source) = self.sources[source].as_mut() else { continue };
            let line = self.lines.get_mut(slot as usize)?.as_mut()?;
            let mut way = Way { moment, line, out: &mut self.outbox, drops: &mut self.stats.drops };
            let sent = source.downlinks[index].repair(&mut source.layers, copy.lost, &mut way);
            // Without budget it stays at the one that was sent: nobody asked for this one.
            self.stats.repair_copies += u64::from(sent.is_ok());
        }
    }

    /// Begins a probe if one is wanted.
    pub(crate) fn consider_probe(&mut self, now: Instant, slot: u32) {
        let wanted = self.wanted_bps(slot);
        if wanted < PROBE_FROM || self.probed_track(slot).is_none() {
            return;
        }
        let Some(Some(line)) = self.lines.get_mut(slot as usize) else { return };
        if line.begin_probe(now, wanted) {
            self.stats.probes += 1;
            self.serve_line(now, slot);
            self.set_timer(slot);
        }
    }

    /// Sends as much of a probe as is due by now; says when to come again.
    fn go_on_probing(&mut self, now: Instant, slot: u32) -> Option<Instant> {
        let moment = self.moment(now);
        let place = self.probed_track(slot);
        let line = self.lines.get_mut(slot as usize)?.as_mut()?;
        let Probing { probe, mut sent_bytes, started } = line.probing?;
        let elapsed = now.saturating_duration_since(started) + PROBE_STEP;
        let due = (elapsed.as_micros() as u64).saturating_mul(probe.bps) / 8_000_000;
        let due = (due as usize).min(probe.bytes);
        for _ in 0..PROBE_PACKETS_MAX {
            if sent_bytes >= due {
                break;
            }
            let Some((source, index)) = place else { break };
            let Some(source) = self.sources[source].as_mut() else { break };
            let mut way = Way { moment, line, out: &mut self.outbox, drops: &mut self.stats.drops };
            let repeated = source.downlinks[index].repeat_newest(&mut source.layers, Sent::Probe(probe.id), &mut way);
            let Ok(len) = repeated else { break };
            sent_bytes += len;
            self.stats.probe_bytes += len as u64;
        }
        let over = sent_bytes >= probe.bytes || place.is_none() || elapsed > probe.duration * 4 + PROBE_STEP;
        line.probed(now, sent_bytes, over);
        (!over).then_some(now + PROBE_STEP)
    }

    /// The track whose repair stream carries a viewer's probes.
    fn probed_track(&self, slot: u32) -> Option<(usize, usize)> {
        let Role::Viewer(viewer) = &self.sessions.get(slot)?.role else { return None };
        viewer.tracks.iter().find_map(|track| {
            let Place::Source { source, index } = track.place? else { return None };
            self.sources[source].as_ref()?.downlinks.get(index)?.can_repeat().then_some((source, index))
        })
    }
}
