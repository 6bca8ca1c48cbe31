//! The dependency descriptor: the header extension by which a server knows what a frame is without reading its payload.
//!
//! An encoder sends, with its key frames, a [`Structure`] of templates; every later descriptor names a template and says
//! how the frame differs from it. So reading needs memory, one [`Parser`] per received stream. A descriptor is about
//! frames: where it and the codec's own descriptor disagree, it wins.

mod structure;

pub use structure::{ChainDiffs, Diffs, Indication, Indications, Structure, Template};

use crate::bits::{BitReader, BitWriter};
use crate::codec::Facts;
use crate::{Error, Seq};

/// One frame as its descriptor and the structure in force describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// First and last packet of the frame.
    pub start: bool,
    pub end: bool,
    /// 0..64
    pub template_id: u8,
    /// Counts the frames of all layers; wraps like a sequence number.
    pub frame_number: Seq,
    pub spatial: u8,
    pub temporal: u8,
    pub indications: Indications,
    pub diffs: Diffs,
    pub chain_diffs: ChainDiffs,
    /// A structure came with this packet: a key frame begins.
    pub structure_attached: bool,
    /// Decode targets that the sender produces at the moment, one bit each.
    pub active_targets: u32,
    /// Width and height of the frame's spatial layer, where the structure says.
    pub resolution: Option<(u32, u32)>,
}

/// Reads the descriptors of one stream.
#[derive(Debug, Clone, Default)]
pub struct Parser {
    structure: Option<Box<Structure>>,
    active_targets: u32,
}

impl Parser {
    pub fn new() -> Parser {
        Parser::default()
    }

    /// Reads one descriptor. A malformed one changes nothing.
    pub fn parse(&mut self, bytes: &[u8]) -> Result<Descriptor, Error> {
        let cut = || Error::Descriptor("it ends inside its fields");
        let mut reader = BitReader::new(bytes);
        let start = reader.bit().ok_or_else(cut)?;
        let end = reader.bit().ok_or_else(cut)?;
        let template_id = reader.bits(6).ok_or_else(cut)? as u8;
        let frame_number = Seq(reader.bits(16).ok_or_else(cut)? as u16);
        let extended = match bytes.len() {
            ..=3 => Extended::default(),
            _ => Extended::read(&mut reader)?,
        };
        let structure = extended.structure.as_ref().or(self.structure.as_deref());
        let structure = structure.ok_or(Error::Descriptor("no structure came before it"))?;
        let mut active_targets =
            if extended.structure.is_some() { structure.all_targets() } else { self.active_targets };
        if extended.active_targets_given {
            active_targets = reader.bits(u32::from(structure.targets)).ok_or_else(cut)?;
        }
        let template = structure.template(template_id).ok_or(Error::Descriptor("it names a template that is not"))?;
        let mut descriptor = Descriptor {
            start,
            end,
            template_id,
            frame_number,
            spatial: template.spatial,
            temporal: template.temporal,
            indications: template.indications,
            diffs: template.diffs,
            chain_diffs: template.chain_diffs,
            structure_attached: extended.structure.is_some(),
            active_targets,
            resolution: structure.resolutions.get(usize::from(template.spatial)).copied(),
        };
        if extended.custom_indications {
            descriptor.indications = Indications::read(&mut reader, structure.targets).ok_or_else(cut)?;
        }
        if extended.custom_diffs {
            descriptor.diffs = read_custom_diffs(&mut reader)?;
        }
        if extended.custom_chains {
            descriptor.chain_diffs = ChainDiffs::read(&mut reader, structure.chains, 8).ok_or_else(cut)?;
        }
        if let Some(structure) = extended.structure {
            self.structure = Some(Box::new(structure));
        }
        self.active_targets = active_targets;
        Ok(descriptor)
    }

    /// The structure in force.
    pub fn structure(&self) -> Option<&Structure> {
        self.structure.as_deref()
    }
}

impl Descriptor {
    /// Puts the descriptor's word in place of what the payload said.
    pub fn overrule(&self, said: Facts) -> Facts {
        let keyframe = self.start && self.structure_attached;
        let present = || self.indications.iter().filter(|indication| *indication != Indication::NotPresent);
        Facts {
            keyframe,
            frame_start: self.start,
            frame_end: self.end,
            spatial: self.spatial,
            temporal: self.temporal,
            switch_point: keyframe || present().any(|indication| indication == Indication::Switch),
            discardable: present().next().is_some()
                && present().all(|indication| indication == Indication::Discardable),
            ..said
        }
    }

    /// Where a viewer who gets this frame may go: one bit per pair of layers, `1 << (8 * spatial + temporal)`, set when all
    /// that follows of the decode target with these highest layers can be decoded if this frame can.
    pub fn opens(&self, structure: &Structure) -> u32 {
        let mut opened = 0;
        for target in 0..structure.targets {
            if self.indications.get(target) == Indication::Switch {
                let (spatial, temporal) = structure.target_layers(target);
                opened |= layers_bit(spatial, temporal);
            }
        }
        opened
    }

    /// Appends a descriptor that says the same, independent of what its template says, with `structure` (the one in
    /// force) attached if `structure_attached`. Active targets are written beside a structure only: on other frames the
    /// reader's stay in force.
    pub fn encode(&self, structure: &Structure, out: &mut Vec<u8>) {
        let Some(template) = structure.template(self.template_id) else {
            return;
        };
        let custom_indications = self.indications != template.indications;
        let custom_diffs = self.diffs != template.diffs;
        let custom_chains = self.chain_diffs != template.chain_diffs;
        let active_given = self.structure_attached && self.active_targets != structure.all_targets();
        let mut writer = BitWriter::default();
        writer.bit(self.start);
        writer.bit(self.end);
        writer.bits(u32::from(self.template_id), 6);
        writer.bits(u32::from(self.frame_number.0), 16);
        if self.structure_attached || custom_indications || custom_diffs || custom_chains {
            writer.bit(self.structure_attached);
            writer.bit(active_given);
            writer.bit(custom_indications);
            writer.bit(custom_diffs);
            writer.bit(custom_chains);
            if self.structure_attached {
                structure.write(&mut writer);
            }
            if active_given {
                writer.bits(self.active_targets, u32::from(structure.targets));
            }
            if custom_indications {
                self.indications.write(&mut writer);
            }
            if custom_diffs {
                write_custom_diffs(&mut writer, self.diffs.as_slice());
            }
            if custom_chains {
                self.chain_diffs.as_slice().iter().for_each(|diff| writer.bits(u32::from(*diff), 8));
            }
        }
        out.extend_from_slice(&writer.finish());
    }
}

/// The bit of a pair of layers in [`Descriptor::opens`]; none for layers that no structure can have.
pub fn layers_bit(spatial: u8, temporal: u8) -> u32 {
    match spatial < structure::SPATIAL_MAX && temporal < structure::TEMPORAL_MAX {
        true => 1 << (structure::TEMPORAL_MAX * spatial + temporal),
        false => 0,
    }
}

/// Gives a descriptor another frame number, in place: what a splice does. False when it is cut.
pub fn renumber(bytes: &mut [u8], frame_number: Seq) -> bool {
    match bytes.get_mut(1..3) {
        Some(field) => {
            field.copy_from_slice(&frame_number.0.to_be_bytes());
            true
        }
        None => false,
    }
}

/// A descriptor's frame number, which needs no structure. `None` when it is cut.
pub fn frame_number(bytes: &[u8]) -> Option<Seq> {
    bytes.get(1..3).map(|field| Seq(u16::from_be_bytes([field[0], field[1]])))
}

#[derive(Default)]
struct Extended {
    structure: Option<Structure>,
    active_targets_given: bool,
    custom_indications: bool,
    custom_diffs: bool,
    custom_chains: bool,
}

impl Extended {
    fn read(reader: &mut BitReader<'_>) -> Result<Extended, Error> {
        let cut = || Error::Descriptor("it ends inside its flags");
        let structure_present = reader.bit().ok_or_else(cut)?;
        Ok(Extended {
            active_targets_given: reader.bit().ok_or_else(cut)?,
            custom_indications: reader.bit().ok_or_else(cut)?,
            custom_diffs: reader.bit().ok_or_else(cut)?,
            custom_chains: reader.bit().ok_or_else(cut)?,
            structure: if structure_present { Some(Structure::read(reader)?) } else { None },
        })
    }
}

fn read_custom_diffs(reader: &mut BitReader<'_>) -> Result<Diffs, Error> {
    let cut = || Error::Descriptor("it ends inside its references");
    let mut diffs = Diffs::default();
    loop {
        match reader.bits(2).ok_or_else(cut)? {
            0 => return Ok(diffs),
            nibbles => diffs.push(reader.bits(4 * nibbles).ok_or_else(cut)? as u16 + 1)?,
        }
    }
}

fn write_custom_diffs(writer: &mut BitWriter, diffs: &[u16]) {
    for diff in diffs {
        let value = u32::from(*diff) - 1;
        let nibbles = (32 - value.leading_zeros()).div_ceil(4).clamp(1, 3);
        writer.bits(nibbles, 2);
        writer.bits(value, 4 * nibbles);
    }
    writer.bits(0, 2);
}

#[cfg(test)]
mod tests;
