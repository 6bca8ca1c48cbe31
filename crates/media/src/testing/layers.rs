//! The layers of a generated stream: its temporal pattern, how its spatial layers depend on each other, and what its
//! dependency descriptors say about both.

use crate::dd::{Descriptor, Indication, Structure, Template};
use crate::testing::sets;
use crate::{RtpTime, Seq};

/// How spatial layers are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prediction {
    /// From the layer below in every picture: full SVC (L3T3).
    Always,
    /// From the layer below in key pictures only: k-SVC (L3T3_KEY).
    AtKeys,
}

/// Where a generated packet's layer frame stands, and which two frames its decoder must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    pub spatial: u8,
    pub temporal: u8,
    /// Timestamp of the picture whose frame of the same spatial layer it is predicted from.
    pub from: Option<RtpTime>,
    /// Predicted from the spatial layer below in its own picture.
    pub from_below: bool,
}

/// The layers of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layers {
    pub spatial: u8,
    pub temporal: u8,
    pub prediction: Prediction,
}

/// Where a frame stands in the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub temporal: u8,
    /// Depends on the base layer only.
    pub sync: bool,
    /// Nothing depends on it.
    pub discardable: bool,
    /// How many frames back its one reference lies.
    pub reference: u16,
    /// How many frames back the last base layer frame lies.
    base: u8,
}

/// The frame `position` places after the key frame; position 0 of each cycle is a base layer frame.
pub(super) fn place(temporal_layers: u8, position: u64) -> Place {
    let frame = |temporal, sync, discardable, reference, base| Place { temporal, sync, discardable, reference, base };
    match (temporal_layers, position % 4) {
        (2, 0 | 2) => frame(0, false, false, 2, 2),
        (2, _) => frame(1, true, true, 1, 1),
        (3, 0) => frame(0, false, false, 4, 4),
        (3, 1) => frame(2, true, true, 1, 1),
        (3, 2) => frame(1, true, false, 2, 2),
        (3, _) => frame(2, false, true, 1, 3),
        _ => frame(0, false, false, 1, 1),
    }
}

impl Layers {
    /// Whether a frame is predicted from the layer below in its picture.
    pub fn needs_below(self, key: bool, spatial: u8) -> bool {
        spatial > 0 && (key || self.prediction == Prediction::Always)
    }

    /// A layer's share of a picture's bytes, in percent: each spatial layer has about four times the pixels of the one
    /// below, and needs less than four times the bytes.
    pub fn share(self, spatial: u8) -> u64 {
        match (self.spatial, spatial) {
            (1, _) => 100,
            (2, 0) => 25,
            (2, _) => 75,
            (_, 0) => 10,
            (_, 1) => 27,
            (_, _) => 63,
        }
    }

    /// The structure that goes with the pattern: for each spatial layer the key picture's template, then one per place.
    pub fn structure(self) -> Structure {
        let mut places: Vec<_> = (0..4).map(|position| place(self.temporal, position)).collect();
        places.sort_by_key(|place| place.temporal);
        places.dedup();
        let mut templates = Vec::new();
        for spatial in 0..self.spatial {
            templates.push(self.template(true, place(self.temporal, 0), spatial));
            templates.extend(places.iter().map(|place| self.template(false, *place, spatial)));
        }
        // A chain per spatial layer, which protects it at all rates.
        let protected_by = (0..self.spatial).flat_map(|chain| vec![chain; usize::from(self.temporal)]).collect();
        let size = |below_top: u8| (u32::from(sets::WIDTH >> below_top), u32::from(sets::HEIGHT >> below_top));
        Structure {
            id_offset: 0,
            targets: self.spatial * self.temporal,
            protected_by,
            chains: self.spatial,
            templates,
            resolutions: (0..self.spatial).rev().map(size).collect(),
        }
    }

    /// Describes a whole frame; the caller says which of its packets it is about.
    pub fn descriptor(
        self,
        structure: &Structure,
        key: bool,
        place: Place,
        spatial: u8,
        frame_number: Seq,
    ) -> Descriptor {
        let template = self.template(key, place, spatial);
        let index = structure.templates.iter().position(|known| *known == template).unwrap_or(0);
        Descriptor {
            start: true,
            end: true,
            template_id: index as u8,
            frame_number,
            spatial,
            temporal: template.temporal,
            indications: template.indications,
            diffs: template.diffs,
            chain_diffs: template.chain_diffs,
            structure_attached: key && spatial == 0,
            active_targets: structure.all_targets(),
            resolution: structure.resolutions.get(usize::from(spatial)).copied(),
        }
    }

    fn template(self, key: bool, place: Place, spatial: u8) -> Template {
        let frames = u16::from(self.spatial);
        let mut diffs = Vec::new();
        if !key {
            diffs.push(place.reference * frames);
        }
        if self.needs_below(key, spatial) {
            diffs.push(1);
        }
        let targets = (0..self.spatial).flat_map(|s| (0..self.temporal).map(move |t| (s, t)));
        Template {
            spatial,
            temporal: if key { 0 } else { place.temporal },
            indications: targets.map(|target| self.indication(key, place, spatial, target)).collect(),
            diffs: diffs.into_iter().collect(),
            chain_diffs: (0..self.spatial).map(|chain| self.chain_diff(key, place, spatial, chain)).collect(),
        }
    }

    fn indication(self, key: bool, place: Place, spatial: u8, target: (u8, u8)) -> Indication {
        let temporal = if key { 0 } else { place.temporal };
        let by_lower = key || self.prediction == Prediction::Always;
        if spatial > target.0 || temporal > target.1 || (spatial < target.0 && !by_lower) {
            return Indication::NotPresent;
        }
        match () {
            _ if key => Indication::Switch,
            _ if spatial < target.0 => Indication::Required,
            _ if temporal == target.1 && temporal > 0 => Indication::Discardable,
            _ => Indication::Switch,
        }
    }

    /// How many frames back the chain's last frame lies. A chain consists of base layer frames: of all spatial layers up
    /// to its own where each depends on the one below, else of its own and of what its key picture needed.
    fn chain_diff(self, key: bool, place: Place, spatial: u8, chain: u8) -> u8 {
        let in_picture = match (key || self.prediction == Prediction::Always, place.temporal) {
            (_, 1..) => None,
            (true, _) => spatial.checked_sub(1).map(|below| chain.min(below)),
            (false, _) => (chain < spatial).then_some(chain),
        };
        match in_picture {
            Some(last) => spatial - last,
            None if key => 0,
            None => place.base * self.spatial + spatial - chain,
        }
    }
}
