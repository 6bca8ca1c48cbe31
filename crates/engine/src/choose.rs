//! Which simulcast layer a viewer gets: the best that its line carries.
//!
//! A viewer who has told us nothing about its line gets the best. One layer is all there is of most tracks; then there is
//! nothing to choose, and the estimate only paces.

use std::time::Instant;

use media::codec::Kind;
use proto::room::LinkMessage;

use crate::Engine;
use crate::control;
use crate::line::Line;
use crate::session::{Place, Role};
use crate::source::{Source, Upstream};

/// A step up has to fit with room to spare, or the first keyframe of the larger layer brings the viewer down again.
const UP_PERCENT: u64 = 120;
/// Bandwidth beyond this is of no use: the best layer fits with room for its keyframes in one burst (see `line`).
const WANTED_PERCENT: u64 = 210;
/// Less than this is no video: nothing to probe with or for.
pub const PROBE_FROM: u64 = 100_000;
/// Opus in stereo with its headers, taken off before video is considered: audio is never starved.
pub const AUDIO_BPS: u64 = 80_000;

impl Source {
    /// The layer for a viewer who has `available` bits per second for it and shows, or aims at, `current`.
    pub fn choose(&self, available: Option<u64>, current: u8) -> u8 {
        let Some(available) = available.filter(|_| self.layers.len() > 1) else { return self.best };
        let bps = |layer: usize| u64::from(self.layers[layer].kbps) * 1000;
        let best = bps(self.best as usize);
        let held = bps(current as usize);
        let fits = |&layer: &usize| {
            let needed = if bps(layer) > held { bps(layer) * UP_PERCENT / 100 } else { bps(layer) };
            needed <= available
        };
        // A silent layer is no choice, and one larger than the best is being given up by its encoder.
        let alive = |&layer: &usize| bps(layer) > 0 && bps(layer) <= best;
        let layers = || (0..self.layers.len()).filter(alive);
        let chosen = layers().filter(fits).max_by_key(|&layer| bps(layer));
        let smallest = || layers().min_by_key(|&layer| bps(layer));
        chosen.or_else(smallest).map_or(self.best, |layer| layer as u8)
    }
}

impl Line {
    /// What the estimate leaves for video; `None` while the viewer has reported nothing.
    pub fn available_bps(&self) -> Option<u64> {
        Some(self.estimate_bps()?.saturating_sub(AUDIO_BPS))
    }
}

impl Engine {
    /// Chooses again for everybody who watches a source.
    pub(crate) fn choose_layers(&mut self, now: Instant, index: usize) {
        let Some(source) = self.sources[index].as_mut() else { return };
        if source.kind() == Kind::Audio {
            return;
        }
        for i in 0..source.downlinks.len() {
            let slot = source.downlinks[i].slot as usize;
            let available = self.lines.get(slot).and_then(Option::as_ref).and_then(Line::available_bps);
            let choice = control::choice(&self.sessions, slot as u32, source.downlinks[i].ssrc);
            let chosen = control::chosen(source, choice);
            let chosen = chosen.unwrap_or_else(|| source.choose(available, source.downlinks[i].target()));
            source.downlinks[i].aim_at(now, chosen);
        }
    }

    /// Chooses again for one viewer, whose estimate is another one now.
    pub(crate) fn choose_layer(&mut self, now: Instant, slot: u32) {
        let Some(Role::Viewer(viewer)) = self.sessions.get(slot).map(|s| &s.role) else { return };
        let Some(Some(line)) = self.lines.get(slot as usize) else { return };
        let available = line.available_bps();
        let mut changed = None;
        for track in &viewer.tracks {
            let Some(Place::Source { source: at, index }) = track.place else { continue };
            let Some(source) = self.sources[at].as_mut().filter(|s| s.layers.len() > 1) else { continue };
            let chosen = control::chosen(source, Some(&track.choice));
            let chosen = chosen.unwrap_or_else(|| source.choose(available, source.downlinks[index].target()));
            if chosen != source.downlinks[index].target() {
                source.downlinks[index].aim_at(now, chosen);
                changed = Some(at);
            }
        }
        if let Some(at) = changed {
            self.tell_wants(at, crate::links::Tell::Changes);
            self.request_keyframes(now, at);
        }
    }

    /// What could be sent to a viewer whose line carried it: the best layers, with room for their keyframes.
    pub(crate) fn wanted_bps(&self, slot: u32) -> u64 {
        let Some(Role::Viewer(viewer)) = self.sessions.get(slot).map(|s| &s.role) else { return 0 };
        let best = |place| {
            let Place::Source { source, .. } = place else { return 0 };
            let Some(source) = self.sources[source].as_ref().filter(|s| s.kind() == Kind::Video) else { return 0 };
            source.layers.get(source.best as usize).map_or(0, |layer| u64::from(layer.kbps) * 1000)
        };
        let video: u64 = viewer.tracks.iter().filter_map(|t| t.place).map(best).sum();
        if video == 0 { 0 } else { video * WANTED_PERCENT / 100 + AUDIO_BPS }
    }

    /// Tells the workers that take some layer of a track what its layers need.
    pub(crate) fn tell_rates(&mut self, index: usize) {
        let Some(source) = self.sources[index].as_ref() else { return };
        if matches!(source.upstream, Upstream::Remote { .. }) || source.kind() == Kind::Audio {
            return;
        }
        let kbps: Vec<u32> = source.layers.iter().map(|layer| layer.kbps).collect();
        for want in &source.wants {
            if let Some(link) = self.links.iter_mut().find(|l| l.to == want.from) {
                link.messages.push_back(LinkMessage::Rates { track: source.id, kbps: kbps.clone() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use media::codec::Codec;
    use proto::{TrackId, WorkerId};

    use super::*;
    use crate::config::Limits;

    /// Layers of these rates; the names say nothing.
    fn source(kbps: &[u32]) -> Source {
        let id = TrackId { origin: WorkerId(0), n: 1 };
        let upstream = Upstream::Local { slot: 0 };
        let mut source = Source::new(id, "room".parse().unwrap(), Codec::Vp8, String::new(), 0, upstream);
        for (n, &kbps) in kbps.iter().enumerate() {
            source.layer_index(&format!("r{n}"), &Limits::default());
            source.layers[n].kbps = kbps;
        }
        source.best = (0..kbps.len()).max_by_key(|&n| kbps[n]).unwrap_or(0) as u8;
        source
    }

    #[test]
    fn a_viewer_gets_the_best_layer_that_its_line_carries() {
        let source = source(&[150, 2500, 600]);
        let choose = |kbps: u64| source.choose(Some(kbps * 1000), 1);
        assert_eq!([9000, 2500, 2499, 600, 599, 150, 20].map(choose), [1, 1, 2, 2, 0, 0, 0]);
        assert_eq!(source.choose(None, 0), 1, "who says nothing gets the best");
    }

    #[test]
    fn a_step_up_needs_room_to_spare() {
        let source = source(&[150, 2500, 600]);
        assert_eq!(source.choose(Some(2_600_000), 2), 2);
        assert_eq!(source.choose(Some(3_000_000), 2), 1);
        assert_eq!(source.choose(Some(2_600_000), 1), 1, "and staying does not");
    }

    #[test]
    fn a_silent_layer_is_no_choice() {
        assert_eq!(source(&[150, 0, 600]).choose(Some(9_000_000), 1), 2);
        assert_eq!(source(&[0, 0]).choose(Some(9_000_000), 1), source(&[0, 0]).best);
        assert_eq!(source(&[900]).choose(Some(1), 0), 0, "one layer is what there is");
    }
}
