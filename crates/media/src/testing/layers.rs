//! The temporal pattern of a generated stream and what its dependency descriptors say about it.

use crate::dd::{Descriptor, Indication, Structure, Template};
use crate::{Seq, testing::sets};

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

/// The structure that goes with the pattern: the key frame's template, then one per place.
pub(super) fn structure(temporal_layers: u8) -> Structure {
    let mut templates = vec![template(temporal_layers, place(temporal_layers, 0), &[], 0)];
    let mut places: Vec<_> = (0..4).map(|position| place(temporal_layers, position)).collect();
    places.sort_by_key(|place| place.temporal);
    places.dedup();
    for place in places {
        templates.push(template(temporal_layers, place, &[place.reference], place.base));
    }
    Structure {
        id_offset: 0,
        targets: temporal_layers,
        protected_by: vec![0; usize::from(temporal_layers)],
        chains: 1,
        templates,
        resolutions: vec![(u32::from(sets::WIDTH), u32::from(sets::HEIGHT))],
    }
}

/// Describes a whole frame; the caller says which of its packets it is about.
pub(super) fn descriptor(structure: &Structure, key: bool, place: Place, frame_number: Seq) -> Descriptor {
    let matching =
        |template: &Template| template.temporal == place.temporal && template.chain_diffs.as_slice() == [place.base];
    let index = if key { 0 } else { structure.templates.iter().position(matching).unwrap_or(0) };
    let template = structure.templates[index];
    Descriptor {
        start: true,
        end: true,
        template_id: index as u8,
        frame_number,
        spatial: 0,
        temporal: template.temporal,
        indications: template.indications,
        diffs: template.diffs,
        chain_diffs: template.chain_diffs,
        structure_attached: key,
        active_targets: structure.all_targets(),
        resolution: structure.resolutions.first().copied(),
    }
}

fn template(temporal_layers: u8, place: Place, diffs: &[u16], base: u8) -> Template {
    // Target i holds the layers up to i.
    let indication = |target: u8| match target.cmp(&place.temporal) {
        std::cmp::Ordering::Less => Indication::NotPresent,
        std::cmp::Ordering::Equal if place.temporal > 0 => Indication::Discardable,
        _ => Indication::Switch,
    };
    Template {
        spatial: 0,
        temporal: place.temporal,
        indications: (0..temporal_layers).map(indication).collect(),
        diffs: diffs.iter().copied().collect(),
        chain_diffs: [base].into_iter().collect(),
    }
}
