//! What is counted about beginnings: how a viewer's track came to its picture, when, and what the memory for that takes.

use media::codec::Kind;

use crate::Engine;
use crate::downlink::Downlink;
use crate::source::{Source, Upstream};
use crate::stats::Stats;

impl Stats {
    /// A track has come to a source. The idle screen is no beginning.
    pub(crate) fn settled(&mut self, source: &Source, downlink: &Downlink) {
        if downlink.kind() != Kind::Video || source.upstream == Upstream::Clip {
            return;
        }
        match downlink.layer {
            Some(_) => self.replays += 1,
            None => self.keyframe_waits += 1,
        }
    }
}

impl Engine {
    /// The line keeps the moment, because nobody on a packet's way knows when the session began.
    pub(crate) fn note_first_picture(&mut self, slot: u32) {
        let Some(session) = self.sessions.get(slot) else { return };
        let Some(Some(line)) = self.lines.get_mut(slot as usize) else { return };
        if let Some(at) = line.first_picture.take() {
            self.stats.first_picture.record(at.saturating_duration_since(session.created));
        }
    }

    /// Amounts of now.
    pub(crate) fn note_levels(&self, stats: &mut Stats) {
        for source in self.sources.iter().flatten() {
            stats.downlinks += source.downlinks.len() as u64;
            stats.ring_bytes += source.layers.iter().map(|layer| layer.ring.bytes()).sum::<u64>();
            if source.upstream == Upstream::Clip {
                stats.viewers_idle += source.downlinks.len() as u64;
            }
        }
    }
}
