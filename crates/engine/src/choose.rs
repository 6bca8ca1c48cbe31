//! Which simulcast layer a viewer gets, and which layers within it: the best that its line carries (`budget` has the rules).
//!
//! A viewer who has told us nothing about its line gets the best. One layer is all there is of most tracks; then there is
//! nothing to choose, and the estimate only paces.

use std::time::Instant;

use media::codec::Kind;
use media::select::Target;
use proto::LayerChoice;
use proto::room::LinkMessage;

use crate::Engine;
pub use crate::budget::UP_PERCENT;
use crate::budget::{self, Choice, Step, Wanted};
use crate::control;
use crate::line::Line;
use crate::session::{Place, Role};
use crate::source::{Layer, Source, Upstream};

/// Bandwidth beyond this is of no use: the best layer fits with room for its keyframes in one burst (see `line`).
pub const WANTED_PERCENT: u64 = 210;
/// A layer that costs so many times what the line carries is not sent until its successor begins: the line would lose most of it, and
/// what it does not lose would keep the successor waiting.
pub const HOPELESS: u64 = 2;
/// Less than this is no video: nothing to probe with or for.
pub const PROBE_FROM: u64 = 100_000;
/// Opus in stereo with its headers, taken off before video is considered: audio is never starved.
pub const AUDIO_BPS: u64 = 80_000;

impl Source {
    /// How to send it to a viewer who has `available` bits per second for it and is sent, or about to be sent, `current`.
    pub fn choose(&self, available: Option<u64>, current: Option<(u8, Target)>, wish: Option<&LayerChoice>) -> Step {
        self.step(budget::allocate(available, &[self.wanted(current, wish, 0)]).first(), wish)
    }

    /// What a viewer wants of it who is sent, or about to be sent, `current`.
    pub fn wanted(&self, current: Option<(u8, Target)>, wish: Option<&LayerChoice>, priority: u8) -> Wanted<'_> {
        Wanted {
            priority,
            height_max: wish.and_then(height_max),
            bps_max: wish.and_then(|wish| wish.kbps_max).map(|kbps| u64::from(kbps) * 1000),
            layer: self.wished(wish),
            current: current.and_then(|(layer, target)| held(&self.steps, layer, target)),
            steps: &self.steps,
        }
    }

    /// How it is sent after that choice. While nothing is known of it, the best it is.
    pub fn step(&self, choice: Option<&Choice>, wish: Option<&LayerChoice>) -> Step {
        let step = match choice {
            Some(Choice::Send(step)) => *step,
            _ => {
                let layer = self.wished(wish).unwrap_or(self.best);
                Step { layer, spatial: u8::MAX, temporal: u8::MAX, bps: 0, height: None }
            }
        };
        let cap = |most: u8, wish: Option<u8>| most.min(wish.unwrap_or(u8::MAX));
        Step {
            spatial: cap(step.spatial, wish.and_then(|wish| wish.spatial)),
            temporal: cap(step.temporal, wish.and_then(|wish| wish.temporal)),
            ..step
        }
    }

    /// What a line would have to carry for the best there is of what the viewer wished for, if it gets less because `available` is too little.
    pub fn withheld_for(
        &self,
        available: Option<u64>,
        current: (u8, Target),
        wish: Option<&LayerChoice>,
    ) -> Option<u64> {
        let (best, now) = (self.choose(None, Some(current), wish), self.choose(available, Some(current), wish));
        (best.bps > now.bps).then(|| best.bps * UP_PERCENT / 100 + AUDIO_BPS)
    }

    fn wished(&self, wish: Option<&LayerChoice>) -> Option<u8> {
        self.named(wish?.rid.as_deref()?)
    }

    /// Whether the other workers have to be told of its layers: a rate is about half as much again, or a layer has stopped or begun.
    pub fn has_news(&self) -> bool {
        let is_near =
            |now: u32, then: u32| (now == 0) == (then == 0) && now <= then + then / 2 && then <= now + now / 2;
        let is_told = |(n, layer): (usize, &Layer)| {
            self.announced.get(n).is_some_and(|(kbps, height)| is_near(layer.kbps, *kbps) && layer.height == *height)
        };
        self.kind() == Kind::Video && !self.is_remote() && !self.layers.iter().enumerate().all(is_told)
    }

    /// The layer of this name, while it is sent. Otherwise better another picture than none.
    fn named(&self, rid: &str) -> Option<u8> {
        let index = self.layers.iter().position(|layer| layer.rid == rid)?;
        let is_measured = self.layers.get(self.best as usize).is_some_and(|best| best.kbps > 0);
        (self.layers[index].kbps > 0 || !is_measured).then_some(index as u8)
    }

    /// Lists the ways in which it can be sent, by what was measured last.
    pub fn list_steps(&mut self) {
        self.steps.clear();
        let best = self.layers.get(self.best as usize).map_or(0, |layer| layer.kbps);
        let least = self.layers.iter().map(|layer| layer.kbps).filter(|&kbps| kbps > 0).min().unwrap_or(0);
        for (n, layer) in self.layers.iter().enumerate() {
            // A silent layer is no choice, and one larger than the best is being given up by its encoder.
            if layer.kbps == 0 || layer.kbps > best {
                continue;
            }
            let all = Step {
                layer: n as u8,
                spatial: u8::MAX,
                temporal: u8::MAX,
                bps: u64::from(layer.kbps) * 1000,
                height: layer.height,
            };
            // The lowest picture in all its frame rates, the larger ones in their full one: a picture that stutters is worse than a smaller one.
            let most =
                |spatial| layer.costs.iter().filter(|(t, _)| t.spatial == spatial).map(|(t, _)| t.temporal).max();
            let parts = layer.costs.iter().filter(|(target, _)| {
                let is_all = target.spatial == layer.top.spatial && Some(target.temporal) == most(target.spatial);
                let is_lowest = target.spatial == 0 && layer.kbps == least;
                !is_all && (is_lowest || Some(target.temporal) == most(target.spatial))
            });
            for (target, bps) in parts.filter(|_| layer.is_layered) {
                // Twice the lines with each spatial layer, as encoders make them.
                let height = layer.height.map(|height| height >> (layer.top.spatial - target.spatial));
                let Target { spatial, temporal } = *target;
                self.steps.push(Step { spatial, temporal, bps: *bps, height, ..all });
            }
            self.steps.push(all);
        }
    }
}

/// The step that a viewer has, at what it costs now.
fn held(steps: &[Step], layer: u8, target: Target) -> Option<Step> {
    let of_layer = || steps.iter().filter(|step| step.layer == layer);
    let same = of_layer().find(|step| (step.spatial, step.temporal) == (target.spatial, target.temporal));
    same.or_else(|| of_layer().max_by_key(|step| step.bps)).copied()
}

/// Pictures are wider than they are high: of a width, what 16:9 makes of it.
fn height_max(wish: &LayerChoice) -> Option<u32> {
    let by_width = wish.width_max.map(|width| width * 9 / 16);
    [wish.height_max, by_width].into_iter().flatten().min()
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
        source.list_steps();
        for i in 0..source.downlinks.len() {
            let slot = source.downlinks[i].slot as usize;
            if matches!(self.sessions.get(slot as u32).map(|s| &s.role), Some(Role::Viewer(viewer)) if viewer.is_sharing())
            {
                self.unshared.push(slot as u32);
                continue;
            }
            let available = self.lines.get(slot).and_then(Option::as_ref).and_then(Line::available_bps);
            let downlink = &source.downlinks[i];
            let wish = control::choice(&self.sessions, slot as u32, downlink.ssrc);
            let current = (downlink.target(), downlink.wants());
            let step = source.choose(available, Some(current), wish);
            source.downlinks[i].take_step(now, &step);
        }
    }

    /// Chooses again for one viewer, whose estimate is another one now.
    pub(crate) fn choose_layer(&mut self, now: Instant, slot: u32) {
        let Some(Role::Viewer(viewer)) = self.sessions.get(slot).map(|s| &s.role) else { return };
        if viewer.is_sharing() {
            // In a moment, for all that is heard of it until then.
            return self.unshared.push(slot);
        }
        let Some(Some(line)) = self.lines.get_mut(slot as usize) else { return };
        let available = line.available_bps();
        let mut changed = None;
        for track in &viewer.tracks {
            let Some(Place::Source { source: at, index }) = track.place else { continue };
            let Some(source) = self.sources[at].as_mut().filter(|s| s.steps.len() > 1) else { continue };
            let current = (source.downlinks[index].target(), source.downlinks[index].wants());
            let step = source.choose(available, Some(current), Some(&track.choice));
            if (step.layer, step.spatial, step.temporal) != (current.0, current.1.spatial, current.1.temporal) {
                source.downlinks[index].take_step(now, &step);
                changed = Some(at);
            }
            let shown = source.downlinks[index].layer.filter(|layer| *layer != step.layer);
            let costs = shown.map_or(0, |layer| u64::from(source.layers[layer as usize].kbps) * 1000);
            if available.is_some_and(|available| costs > HOPELESS * available) {
                source.downlinks[index].abandon(now, line);
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
        if viewer.is_sharing() {
            return viewer.wanted_bps;
        }
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
    use crate::downlink::EVERYTHING;

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
        source.list_steps();
        source
    }

    /// The layer for a viewer who has this and is sent layer `current`.
    fn chosen(source: &Source, bps: Option<u64>, current: u8) -> u8 {
        source.choose(bps, Some((current, EVERYTHING)), None).layer
    }

    #[test]
    fn a_viewer_gets_the_best_layer_that_its_line_carries() {
        let source = source(&[150, 2500, 600]);
        let choose = |kbps: u64| chosen(&source, Some(kbps * 1000), 1);
        assert_eq!([9000, 2500, 2499, 600, 599, 150, 20].map(choose), [1, 1, 2, 2, 0, 0, 0]);
        assert_eq!(chosen(&source, None, 0), 1, "who says nothing gets the best");
    }

    #[test]
    fn a_step_up_needs_room_to_spare() {
        let source = source(&[150, 2500, 600]);
        assert_eq!(chosen(&source, Some(2_600_000), 2), 2);
        assert_eq!(chosen(&source, Some(3_130_000), 2), 1);
        assert_eq!(chosen(&source, Some(2_600_000), 1), 1, "and staying does not");
    }

    #[test]
    fn a_smaller_picture_comes_before_one_that_stutters_and_the_smallest_may_stutter() {
        let mut source = source(&[150, 600]);
        for layer in &mut source.layers {
            let at = |temporal| Target { spatial: 0, temporal };
            let third = u64::from(layer.kbps) * 1000 / 3;
            (layer.is_layered, layer.top) = (true, at(2));
            layer.costs = (0..3).map(|temporal| (at(temporal), third * (1 + u64::from(temporal)))).collect();
        }
        source.list_steps();
        let of = |layer| source.steps.iter().filter(move |s| s.layer == layer).map(|s| s.temporal).collect::<Vec<_>>();
        assert_eq!(of(0), [0, 1, u8::MAX]);
        assert_eq!(of(1), [u8::MAX]);
    }

    #[test]
    fn what_a_line_withholds_is_said_with_what_it_would_take() {
        let source = source(&[150, 2500, 600]);
        let withheld = |kbps: u64, wish| source.withheld_for(Some(kbps * 1000), (0, EVERYTHING), wish);
        assert_eq!(withheld(300, None), Some(3_125_000 + AUDIO_BPS));
        assert_eq!(withheld(9000, None), None);
        let small = LayerChoice { rid: Some("r0".into()), ..LayerChoice::default() };
        assert_eq!(withheld(300, Some(&small)), None, "it has what it asked for");
        assert_eq!(source.withheld_for(None, (0, EVERYTHING), None), None, "nothing is known of the line");
    }

    #[test]
    fn a_silent_layer_is_no_choice() {
        assert_eq!(chosen(&source(&[150, 0, 600]), Some(9_000_000), 1), 2);
        assert_eq!(chosen(&source(&[0, 0]), Some(9_000_000), 1), source(&[0, 0]).best);
        assert_eq!(chosen(&source(&[900]), Some(1), 0), 0, "one layer is what there is");
    }
}
