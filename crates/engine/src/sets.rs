//! The parameter sets of a layer, for streams that send them once and not with each keyframe.
//!
//! A decoder of H.264 or H.265 needs them before its first picture. What a layer has sent is kept here, one of each kind and id; whoever
//! begins with a keyframe that has none in front gets them as a packet of its own numbering ([`Lent`]), before the keyframe and with
//! its timestamp. The source's numbers do not know of it. To other workers they go as a record in the order of the media.
//!
//! It does not look into parameter sets beyond their ids. Bounded: what does not fit into one packet is not lent.

use std::time::{Duration, Instant};

use media::codec::sets::{self, Name};
use media::codec::{self, Codec};
use proto::WorkerId;
use proto::frame::{Frame, PARAMETER_SETS};

use crate::Engine;
use crate::ring::{Incoming, Packet, Read};
use crate::source::{Layer, Source};

/// Of a viewer's splice: segments of this layer are one packet long, and lie in no ring.
pub const LAYER: u8 = u8::MAX;
/// As long as a packet is worth repairing by default.
pub const FRESH: Duration = Duration::from_secs(2);

/// Sets of a stream that has several of a kind: encoders use one or two.
const UNITS_MAX: usize = 8;
/// All of them in one packet.
const BYTES_MAX: usize = 1_100;

#[derive(Default)]
pub struct Sets {
    /// The oldest first.
    units: Vec<Unit>,
    /// As they were when the keyframe came that is packet `.0`, which has none of its own; the last keyframe and the one before, which a
    /// viewer may be about to begin with.
    lent: [Option<(u64, Vec<u8>)>; 2],
    /// Another worker told them: they are those of the keyframe that comes next, whatever is missing before it.
    are_told: bool,
}

struct Unit {
    name: Name,
    bytes: Vec<u8>,
}

impl Sets {
    /// Keeps the sets that are in this payload.
    pub fn hear(&mut self, codec: Codec, payload: &[u8]) {
        sets::each(codec, payload, |name, unit| {
            self.units.retain(|known| known.name != name);
            if self.units.len() == UNITS_MAX {
                self.units.remove(0);
            }
            self.units.push(Unit { name, bytes: unit.to_vec() });
        });
    }

    /// A group of pictures begins with packet `seq`. Sets that come later may not be those that it was made with.
    pub fn begin(&mut self, codec: Codec, seq: u64, has_own: bool) {
        self.are_told = false;
        let payload = if has_own { None } else { self.payload(codec) };
        self.lent.swap(0, 1);
        self.lent[0] = payload.map(|payload| (seq, payload));
    }

    /// What a decoder needs before the keyframe that begins with this packet; `None` where it has its own.
    pub fn lend(&self, now: Instant, codec: Codec, first: &Packet) -> Option<Box<Lent>> {
        let (_, payload) = self.lent.iter().flatten().find(|(seq, _)| *seq == first.seq)?;
        let incoming = Incoming {
            seq: 0,
            time: first.time,
            marker: false,
            arrival: now,
            audio_level: None,
            orientation: None,
            dependency: &[],
            is_redundant: false,
            payload,
        };
        let facts = codec::facts(codec, payload, false, None);
        let packet = Packet::new(&incoming, Read { facts, pick: None });
        Some(Box::new(Lent { packet, is_sent: false }))
    }

    /// All in one payload: those that others refer to go first.
    fn payload(&self, codec: Codec) -> Option<Vec<u8>> {
        let mut units: Vec<&Unit> = self.units.iter().collect();
        units.sort_by_key(|unit| unit.name.kind);
        let units: Vec<&[u8]> = units.into_iter().map(|unit| &unit.bytes[..]).collect();
        sets::aggregate(codec, &units, BYTES_MAX)
    }
}

/// The sets on their way to one viewer. They go before every keyframe that has none, as if the encoder did so: a viewer who lost the very
/// first packet does not know of it, and could decode nothing for ever.
pub struct Lent {
    /// Its `seq` is the viewer's.
    pub packet: Packet,
    /// Else it waits until those before it have left.
    pub is_sent: bool,
}

impl Layer {
    /// A decoder that knows nothing can begin with `packet`, once it has what is lent before it.
    pub fn is_start(&self, codec: Codec, packet: &Packet) -> bool {
        let is_told = self.sets.are_told && packet.facts.keyframe && packet.facts.frame_start;
        self.gop.is_some_and(|gop| gop.start == packet.seq)
            || self.ring.is_decodable_start(codec, packet)
            || (is_told && packet.seq.checked_sub(1).is_none_or(|seq| self.ring.get(seq).is_none()))
    }
}

impl Source {
    /// As a record for another worker, which has seen nothing of this layer yet.
    pub fn tell_sets(&self, layer: usize, tell: impl FnOnce(&Frame<'_>)) {
        let Some(entry) = self.layers.get(layer) else { return };
        let Some(payload) = entry.sets.payload(self.codec) else { return };
        tell(&Frame {
            track: self.id,
            layer: layer as u8 | PARAMETER_SETS,
            marker: false,
            generation: entry.generation,
            seq: 0,
            time: 0,
            arrival_us: 0,
            audio_level: None,
            orientation: None,
            dependency: &[],
            is_redundant: false,
            payload: &payload,
        });
    }
}

impl Engine {
    /// Tells another worker what the layers (a mask) of this source need to be decoded, before it is told anything else of them.
    pub(crate) fn tell_sets(&mut self, index: usize, to: WorkerId, layers: u8) {
        let Some(source) = self.sources[index].as_ref() else { return };
        let Some(link) = self.links.iter_mut().find(|link| link.to == to) else { return };
        for layer in (0..source.layers.len()).filter(|layer| layers & 1 << layer != 0) {
            source.tell_sets(layer, |frame| self.stats.records_out += u64::from(link.push_frame(frame)));
        }
    }

    /// What another worker tells like that.
    pub(crate) fn hear_sets(&mut self, now: Instant, index: usize, frame: &Frame<'_>) {
        let layer = frame.layer & !PARAMETER_SETS;
        let known = self.sources[index].as_ref().and_then(|source| source.layers.get(layer as usize));
        let Some(generation) = known.map(|entry| entry.generation) else { return };
        if generation != frame.generation {
            self.release_source(now, index);
        }
        let Some(source) = self.sources[index].as_mut() else { return };
        if generation != frame.generation {
            source.restart(now, layer, frame.generation, &self.config.limits);
        }
        let sets = &mut source.layers[layer as usize].sets;
        sets.hear(source.codec, frame.payload);
        sets.are_told = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: [u8; 6] = [0x67, 0x42, 0xe0, 0x1f, 0xda, 1];
    const PPS: [u8; 3] = [0x68, 0xce, 1];

    fn first(payload: &[u8], seq: u64) -> Packet {
        let incoming = Incoming {
            seq,
            time: 0,
            marker: false,
            arrival: Instant::now(),
            audio_level: None,
            orientation: None,
            dependency: &[],
            is_redundant: false,
            payload,
        };
        let facts = codec::facts(Codec::H264, payload, false, None);
        Packet::new(&incoming, Read { facts, pick: None })
    }

    fn lent(sets: &Sets, first: &Packet) -> Option<Vec<u8>> {
        sets.lend(Instant::now(), Codec::H264, first).map(|lent| lent.packet.text().to_vec())
    }

    #[test]
    fn a_keyframe_gets_the_sets_of_its_time_and_one_with_its_own_gets_none() {
        let mut sets = Sets::default();
        let idr = [0x65, 0x88];
        sets.begin(Codec::H264, 5, false);
        assert_eq!(lent(&sets, &first(&idr, 5)), None, "nothing is known");
        sets.hear(Codec::H264, &PPS);
        sets.hear(Codec::H264, &SPS);
        sets.begin(Codec::H264, 7, false);
        let other = [0x68, 0xce, 2];
        sets.hear(Codec::H264, &other);
        let expected = [&[0x78, 0, 6][..], &SPS, &[0, 3], &PPS].concat();
        assert_eq!(lent(&sets, &first(&idr, 7)), Some(expected.clone()));
        sets.begin(Codec::H264, 9, false);
        assert_eq!(lent(&sets, &first(&idr, 9)), Some([&expected[..11], &other].concat()));
        assert_eq!(lent(&sets, &first(&idr, 7)), Some(expected.clone()), "the one before is remembered");
        sets.begin(Codec::H264, 11, true);
        assert_eq!(lent(&sets, &first(&expected, 11)), None);
        assert_eq!(lent(&sets, &first(&[0x41, 0x9a], 8)), None, "not a keyframe");
    }

    #[test]
    fn sets_with_other_ids_stand_beside_each_other_and_there_is_an_end_to_them() {
        let mut sets = Sets::default();
        // Ids 0, 1, 2 … of a picture parameter set, as Exp-Golomb numbers.
        for id in [0x80, 0x40, 0x60, 0x20, 0x28, 0x30, 0x38, 0x10, 0x12, 0x14] {
            sets.hear(Codec::H264, &[0x68, id, 1]);
            sets.hear(Codec::H264, &[0x68, id, 1]);
        }
        assert_eq!(sets.units.len(), UNITS_MAX);
        sets.hear(Codec::H264, &[&[0x67][..], &[1; 1_200]].concat());
        assert!(sets.payload(Codec::H264).is_none(), "too much for a packet");
    }
}
