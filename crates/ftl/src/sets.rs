//! H.264's parameter sets, taken out of where they do not belong and put in where they do.
//!
//! OBS sends them again with each packet of sound, in packets of their own under that one's time: two pictures of nothing between any two
//! real ones, which no browser decodes. Here such packets are kept back, and what they said goes before each keyframe, in one packet
//! with its time. The numbers of the others close up, so that what was lost on the way, and nothing else, is missing.

use std::collections::VecDeque;

use media::codec::Codec;
use media::codec::sets::{self, Name};

/// Encoders use one or two of a kind.
const UNITS_MAX: usize = 8;
/// All of them fit into one packet with room for its headers. Sets that do not are left where they are.
const BYTES_MAX: usize = 1_200;
/// Packets that come late are told apart by that many changes of the numbering: at 100 a second, what a second overtakes.
const STEPS_MAX: usize = 128;

/// Of one stream.
#[derive(Debug, Default)]
pub struct Sets {
    /// The oldest first.
    units: Vec<(Name, Vec<u8>)>,
    newest: Option<u64>,
    /// From which number on how many have been taken out, less those put in.
    steps: VecDeque<(u64, u64)>,
    /// The time of the picture before which they went last.
    put_at: Option<u32>,
}

/// What becomes of a packet.
#[derive(Debug, PartialEq, Eq)]
pub enum Placed {
    /// It is kept back.
    Kept,
    /// It has this number. If there are sets they go before it, with the number before.
    At { seq: u64, sets: Option<Vec<u8>> },
}

impl Sets {
    pub fn place(&mut self, seq: u64, time: u32, payload: &[u8]) -> Placed {
        let is_late = self.newest.is_some_and(|newest| seq < newest);
        if is_late {
            let taken = self.steps.iter().rev().find(|(from, _)| *from <= seq).map_or(0, |(_, taken)| *taken);
            return Placed::At { seq: seq - taken, sets: None };
        }
        self.newest = Some(seq);
        if self.keep(payload) {
            self.step(seq + 1, self.taken() + 1);
            return Placed::Kept;
        }
        let sets = self.sets_before(time, payload);
        if sets.is_some() {
            self.step(seq, self.taken() - 1);
        }
        Placed::At { seq: seq - self.taken(), sets }
    }

    /// Whether it was parameter sets and nothing else, and they are known now.
    fn keep(&mut self, payload: &[u8]) -> bool {
        let (mut units, mut bytes) = (Vec::new(), 0);
        sets::each(Codec::H264, payload, |name, unit| {
            bytes += unit.len() + 2;
            units.push((name, unit.to_vec()));
        });
        // One as it is, or several after a byte that says so, each after two that say how long.
        let is_all = matches!(&units[..], [(_, unit)] if unit[..] == *payload) || bytes + 1 == payload.len();
        if units.is_empty() || !is_all {
            return false;
        }
        let mut known = self.units.clone();
        known.retain(|(name, _)| units.iter().all(|(other, _)| other != name));
        known.extend(units);
        known.drain(..known.len().saturating_sub(UNITS_MAX));
        let fits = payload_of(&known).is_some();
        if fits {
            self.units = known;
        }
        fits
    }

    /// What goes before the first packet of a keyframe.
    fn sets_before(&mut self, time: u32, payload: &[u8]) -> Option<Vec<u8>> {
        if !begins_keyframe(payload) || self.put_at == Some(time) || self.taken() == 0 {
            return None;
        }
        self.put_at = Some(time);
        payload_of(&self.units)
    }

    fn taken(&self) -> u64 {
        self.steps.back().map_or(0, |(_, taken)| *taken)
    }

    fn step(&mut self, from: u64, taken: u64) {
        if self.steps.len() == STEPS_MAX {
            self.steps.pop_front();
        }
        self.steps.push_back((from, taken));
    }
}

/// Those that others refer to go first.
fn payload_of(units: &[(Name, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut units: Vec<&(Name, Vec<u8>)> = units.iter().collect();
    units.sort_by_key(|(name, _)| name.kind);
    let units: Vec<&[u8]> = units.into_iter().map(|(_, unit)| &unit[..]).collect();
    sets::aggregate(Codec::H264, &units, BYTES_MAX)
}

/// A slice of a picture that refers to none before it, whole or its first part.
fn begins_keyframe(payload: &[u8]) -> bool {
    const IDR: u8 = 5;
    const FU_A: u8 = 28;
    match payload {
        [header, part, ..] if header & 0x1f == FU_A => part & 0x80 != 0 && part & 0x1f == IDR,
        [header, ..] => header & 0x1f == IDR,
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1e, 0xda, 2];
    const PPS: &[u8] = &[0x68, 0xce, 0x3c, 0x80];
    const IDR: &[u8] = &[0x7c, 0x85, 0x88, 1];
    const REST: &[u8] = &[0x7c, 0x45, 1, 1];
    const PICTURE: &[u8] = &[0x61, 0x9a, 1];
    const BOTH: &[u8] = &[0x78, 0, 6, 0x67, 0x42, 0xc0, 0x1e, 0xda, 2, 0, 4, 0x68, 0xce, 0x3c, 0x80];

    /// What leaves, as number, time and payload.
    fn leaves(packets: &[(u64, u32, &[u8])]) -> Vec<(u64, u32, Vec<u8>)> {
        let (mut sets, mut out) = (Sets::default(), Vec::new());
        for &(seq, time, payload) in packets {
            if let Placed::At { seq, sets } = sets.place(seq, time, payload) {
                out.extend(sets.map(|sets| (seq - 1, time, sets)));
                out.push((seq, time, payload.to_vec()));
            }
        }
        out
    }

    #[test]
    fn sets_between_pictures_go_before_the_next_keyframe_and_the_numbers_close_up() {
        let out = leaves(&[
            (10, 100, SPS),
            (11, 100, PPS),
            (12, 120, IDR),
            (13, 120, REST),
            (14, 150, SPS),
            (15, 150, PPS),
            (16, 160, PICTURE),
            (17, 190, SPS),
            (18, 190, PPS),
            (19, 200, IDR),
            (20, 200, REST),
        ]);
        let expected: Vec<(u64, u32, Vec<u8>)> = [
            (10, 120, BOTH),
            (11, 120, IDR),
            (12, 120, REST),
            (13, 160, PICTURE),
            (14, 200, BOTH),
            (15, 200, IDR),
            (16, 200, REST),
        ]
        .map(|(seq, time, payload)| (seq, time, payload.to_vec()))
        .into();
        assert_eq!(out, expected);
    }

    #[test]
    fn a_loss_stays_a_loss_and_what_comes_late_finds_its_place() {
        let out = leaves(&[
            (10, 0, SPS),
            (11, 0, PPS),
            (12, 0, IDR),
            (14, 9, PICTURE),
            (15, 12, SPS),
            (17, 18, PICTURE),
            (16, 15, PICTURE),
            (13, 0, REST),
        ]);
        let numbers: Vec<(u64, u32)> = out.iter().map(|(seq, time, _)| (*seq, *time)).collect();
        assert_eq!(numbers, [(10, 0), (11, 0), (13, 9), (15, 18), (14, 15), (12, 0)]);
    }

    #[test]
    fn a_stream_that_needs_nothing_is_left_as_it_is() {
        for packets in [
            vec![(7, 0, BOTH.to_vec()), (8, 0, IDR.to_vec())],
            vec![(7, 0, [SPS, &[0; 1300]].concat()), (8, 0, IDR.to_vec())],
            vec![(7, 0, vec![]), (8, 0, PICTURE.to_vec()), (9, 0, [&[0x78, 0, 4][..], PPS, &[0, 3], PICTURE].concat())],
        ] {
            let borrowed: Vec<(u64, u32, &[u8])> =
                packets.iter().map(|(seq, time, payload)| (*seq, *time, &payload[..])).collect();
            assert_eq!(leaves(&borrowed), packets);
        }
    }
}
