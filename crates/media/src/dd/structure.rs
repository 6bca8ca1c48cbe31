//! The template dependency structure: what an encoder says once about all frames to come.

use crate::Error;
use crate::bits::{BitReader, BitWriter};

pub const TEMPLATES_MAX: usize = 64;
pub const TARGETS_MAX: usize = 32;
pub const SPATIAL_MAX: u8 = 4;
pub const TEMPORAL_MAX: u8 = 8;
/// An AV1 frame has seven references and may use the layer below; twice that is generous.
pub const DIFFS_MAX: usize = 16;

/// What a frame is to one decode target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Indication {
    #[default]
    NotPresent,
    /// Part of the target, and no other frame of it depends on this one.
    Discardable,
    /// A viewer may come to the target here.
    Switch,
    Required,
}

impl Indication {
    fn from_bits(bits: u32) -> Indication {
        match bits & 3 {
            0 => Indication::NotPresent,
            1 => Indication::Discardable,
            2 => Indication::Switch,
            _ => Indication::Required,
        }
    }
}

/// One indication per decode target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Indications {
    /// Two bits per target, the first lowest.
    packed: u64,
    len: u8,
}

impl Indications {
    pub(super) fn read(reader: &mut BitReader<'_>, targets: u8) -> Option<Indications> {
        let mut indications = Indications { packed: 0, len: targets };
        for target in 0..targets {
            indications.packed |= u64::from(reader.bits(2)?) << (2 * target);
        }
        Some(indications)
    }

    pub(super) fn write(&self, writer: &mut BitWriter) {
        self.iter().for_each(|indication| writer.bits(indication as u32, 2));
    }

    pub fn get(&self, target: u8) -> Indication {
        if target >= self.len {
            return Indication::NotPresent;
        }
        Indication::from_bits((self.packed >> (2 * target)) as u32)
    }

    pub fn iter(&self) -> impl Iterator<Item = Indication> + '_ {
        (0..self.len).map(|target| self.get(target))
    }
}

impl FromIterator<Indication> for Indications {
    /// Takes the first 32.
    fn from_iter<I: IntoIterator<Item = Indication>>(indications: I) -> Indications {
        let mut all = Indications::default();
        for indication in indications.into_iter().take(TARGETS_MAX) {
            all.packed |= (indication as u64) << (2 * all.len);
            all.len += 1;
        }
        all
    }
}

/// How many frames back each reference lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Diffs {
    diffs: [u16; DIFFS_MAX],
    len: u8,
}

impl Diffs {
    pub(super) fn push(&mut self, diff: u16) -> Result<(), Error> {
        let too_many = Error::Descriptor("a frame has more than 16 references");
        *self.diffs.get_mut(usize::from(self.len)).ok_or(too_many)? = diff;
        self.len += 1;
        Ok(())
    }

    pub fn as_slice(&self) -> &[u16] {
        &self.diffs[..usize::from(self.len)]
    }
}

impl FromIterator<u16> for Diffs {
    /// Takes the first 16.
    fn from_iter<I: IntoIterator<Item = u16>>(diffs: I) -> Diffs {
        let mut all = Diffs::default();
        for (slot, diff) in all.diffs.iter_mut().zip(diffs) {
            *slot = diff;
            all.len += 1;
        }
        all
    }
}

/// How many frames back the previous frame of each chain lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChainDiffs {
    diffs: [u8; TARGETS_MAX],
    len: u8,
}

impl ChainDiffs {
    pub(super) fn read(reader: &mut BitReader<'_>, chains: u8, width: u32) -> Option<ChainDiffs> {
        let mut all = ChainDiffs { len: chains, ..ChainDiffs::default() };
        for diff in &mut all.diffs[..usize::from(chains)] {
            *diff = reader.bits(width)? as u8;
        }
        Some(all)
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.diffs[..usize::from(self.len)]
    }
}

impl FromIterator<u8> for ChainDiffs {
    /// Takes the first 32.
    fn from_iter<I: IntoIterator<Item = u8>>(diffs: I) -> ChainDiffs {
        let mut all = ChainDiffs::default();
        for (slot, diff) in all.diffs.iter_mut().zip(diffs) {
            *slot = diff;
            all.len += 1;
        }
        all
    }
}

/// What frames that name this template have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Template {
    pub spatial: u8,
    pub temporal: u8,
    pub indications: Indications,
    pub diffs: Diffs,
    pub chain_diffs: ChainDiffs,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// Id of the first template, 0..64.
    pub id_offset: u8,
    /// Decode targets, 1..=32.
    pub targets: u8,
    /// Chain that protects each target; empty when there are no chains.
    pub protected_by: Vec<u8>,
    pub chains: u8,
    /// In order of spatial layer, then temporal layer.
    pub templates: Vec<Template>,
    /// Width and height per spatial layer; empty when not given.
    pub resolutions: Vec<(u32, u32)>,
}

impl Structure {
    pub(super) fn read(reader: &mut BitReader<'_>) -> Result<Structure, Error> {
        let cut = || Error::Descriptor("it ends inside the template structure");
        let id_offset = reader.bits(6).ok_or_else(cut)? as u8;
        let targets = reader.bits(5).ok_or_else(cut)? as u8 + 1;
        let mut templates = read_layers(reader)?;
        for template in &mut templates {
            template.indications = Indications::read(reader, targets).ok_or_else(cut)?;
        }
        for template in &mut templates {
            while reader.bit().ok_or_else(cut)? {
                template.diffs.push(reader.bits(4).ok_or_else(cut)? as u16 + 1)?;
            }
        }
        let chains = reader.below(u32::from(targets) + 1).ok_or_else(cut)? as u8;
        let mut protected_by = Vec::new();
        if chains > 0 {
            for _ in 0..targets {
                protected_by.push(reader.below(u32::from(chains)).ok_or_else(cut)? as u8);
            }
            for template in &mut templates {
                template.chain_diffs = ChainDiffs::read(reader, chains, 4).ok_or_else(cut)?;
            }
        }
        let mut resolutions = Vec::new();
        if reader.bit().ok_or_else(cut)? {
            let spatial_layers = templates.last().map_or(0, |last| last.spatial + 1);
            for _ in 0..spatial_layers {
                let width = reader.bits(16).ok_or_else(cut)? + 1;
                resolutions.push((width, reader.bits(16).ok_or_else(cut)? + 1));
            }
        }
        Ok(Structure { id_offset, targets, protected_by, chains, templates, resolutions })
    }

    pub(super) fn write(&self, writer: &mut BitWriter) {
        writer.bits(u32::from(self.id_offset), 6);
        writer.bits(u32::from(self.targets) - 1, 5);
        for (i, template) in self.templates.iter().enumerate() {
            writer.bits(template.step_to(self.templates.get(i + 1)), 2);
        }
        self.templates.iter().for_each(|template| template.indications.write(writer));
        for template in &self.templates {
            for diff in template.diffs.as_slice() {
                writer.bit(true);
                writer.bits(u32::from(*diff) - 1, 4);
            }
            writer.bit(false);
        }
        writer.below(u32::from(self.targets) + 1, u32::from(self.chains));
        if self.chains > 0 {
            self.protected_by.iter().for_each(|chain| writer.below(u32::from(self.chains), u32::from(*chain)));
            for diff in self.templates.iter().flat_map(|template| template.chain_diffs.as_slice()) {
                writer.bits(u32::from(*diff), 4);
            }
        }
        writer.bit(!self.resolutions.is_empty());
        for (width, height) in &self.resolutions {
            writer.bits(width - 1, 16);
            writer.bits(height - 1, 16);
        }
    }

    /// The template a frame names.
    pub fn template(&self, id: u8) -> Option<&Template> {
        self.templates.get(usize::from(id.wrapping_sub(self.id_offset) & 0x3f))
    }

    /// Highest spatial and temporal layer that a decode target contains.
    pub fn target_layers(&self, target: u8) -> (u8, u8) {
        let present = self.templates.iter().filter(|t| t.indications.get(target) != Indication::NotPresent);
        present.fold((0, 0), |(s, t), template| (s.max(template.spatial), t.max(template.temporal)))
    }

    /// The decode target that ends at these layers, if the sender has one.
    pub fn target_of(&self, spatial: u8, temporal: u8) -> Option<u8> {
        (0..self.targets).find(|target| self.target_layers(*target) == (spatial, temporal))
    }

    /// One bit per target.
    pub fn all_targets(&self) -> u32 {
        u32::MAX >> (32 - u32::from(self.targets))
    }
}

impl Template {
    /// The code for how the next template's layers differ from this one's.
    fn step_to(&self, next: Option<&Template>) -> u32 {
        match next {
            None => 3,
            Some(next) if next.spatial != self.spatial => 2,
            Some(next) if next.temporal != self.temporal => 1,
            Some(_) => 0,
        }
    }
}

/// Layers of all templates, coded as steps from one to the next.
fn read_layers(reader: &mut BitReader<'_>) -> Result<Vec<Template>, Error> {
    let mut templates = Vec::new();
    let mut template = Template::default();
    loop {
        if templates.len() == TEMPLATES_MAX {
            return Err(Error::Descriptor("it has more than 64 templates"));
        }
        templates.push(template);
        match reader.bits(2).ok_or(Error::Descriptor("it ends inside the template layers"))? {
            0 => {}
            1 => template.temporal += 1,
            2 => (template.spatial, template.temporal) = (template.spatial + 1, 0),
            _ => return Ok(templates),
        }
        if template.spatial >= SPATIAL_MAX || template.temporal >= TEMPORAL_MAX {
            return Err(Error::Descriptor("it has more than 4 spatial or 8 temporal layers"));
        }
    }
}
