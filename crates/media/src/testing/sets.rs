//! Parameter sets of a 640x360 stream, built bit by bit as their standards lay them out, so that a real parser takes them.

#![allow(clippy::unusual_byte_groupings)] // grouped by field

use crate::annexb;
use crate::bits::BitWriter;

pub(super) const WIDTH: u16 = 640;
pub(super) const HEIGHT: u16 = 360;

/// Constrained Baseline, level 3.1: what browsers negotiate as 42e01f.
pub(super) fn h264_sps() -> Vec<u8> {
    let mut bits = Unit::new(&[0x67]);
    bits.fixed(0x42e01f, 24);
    bits.unsigned(0); // id
    bits.unsigned(0); // 4 bits of frame number
    bits.unsigned(2); // output order is decoding order
    bits.unsigned(1); // one reference
    bits.fixed(0, 1);
    bits.unsigned(u32::from(WIDTH) / 16 - 1);
    bits.unsigned(u32::from(HEIGHT).div_ceil(16) - 1);
    bits.fixed(0b111, 3); // frames only, direct 8x8 inference, cropped
    for edge in [0, 0, 0, (u32::from(HEIGHT).next_multiple_of(16) - u32::from(HEIGHT)) / 2] {
        bits.unsigned(edge);
    }
    bits.fixed(0, 1);
    bits.finish()
}

pub(super) fn h264_pps() -> Vec<u8> {
    let mut bits = Unit::new(&[0x68]);
    bits.unsigned(0); // id
    bits.unsigned(0); // of which SPS
    bits.fixed(0, 2); // CAVLC, no field order
    for _ in 0..3 {
        bits.unsigned(0); // one slice group, one reference each way
    }
    bits.fixed(0, 3); // no weighted prediction
    for _ in 0..3 {
        bits.unsigned(0); // quantisers at their defaults
    }
    bits.fixed(0, 3);
    bits.finish()
}

pub(super) fn h265_vps() -> Vec<u8> {
    let mut bits = Unit::new(&[0x40, 1]);
    bits.fixed(0b0000_1_1_000000_000_1, 16);
    bits.fixed(0xffff, 16);
    profile_tier_level(&mut bits);
    buffering(&mut bits);
    bits.fixed(0, 6);
    bits.unsigned(0); // one layer set
    bits.fixed(0, 2);
    bits.finish()
}

pub(super) fn h265_sps() -> Vec<u8> {
    let mut bits = Unit::new(&[0x42, 1]);
    bits.fixed(0b0000_000_1, 8);
    profile_tier_level(&mut bits);
    bits.unsigned(0); // id
    bits.unsigned(1); // 4:2:0
    bits.unsigned(u32::from(WIDTH));
    bits.unsigned(u32::from(HEIGHT));
    bits.fixed(0, 1);
    bits.unsigned(0); // 8 bits deep
    bits.unsigned(0);
    bits.unsigned(4); // 8 bits of picture order count
    buffering(&mut bits);
    for size in [0, 3, 0, 3, 0, 0] {
        bits.unsigned(size); // coding blocks of 8 to 64, transform blocks of 4 to 32
    }
    bits.fixed(0, 4); // no scaling list, asymmetric partitions, sample adaptive offset, PCM
    bits.unsigned(0);
    bits.fixed(0, 5);
    bits.finish()
}

pub(super) fn h265_pps() -> Vec<u8> {
    let mut bits = Unit::new(&[0x44, 1]);
    bits.unsigned(0);
    bits.unsigned(0);
    bits.fixed(0, 7);
    for _ in 0..3 {
        bits.unsigned(0); // one reference each way, quantiser at its default
    }
    bits.fixed(0, 3);
    bits.unsigned(0);
    bits.unsigned(0);
    bits.fixed(0, 10); // no slice chroma offsets, weighting, bypass, tiles, wavefronts, loop filter or list extras
    bits.unsigned(0);
    bits.fixed(0, 2);
    bits.finish()
}

/// A sequence header OBU of profile 0, level 4.0, without a size field.
pub(super) fn av1_sequence_header() -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.bits(0x08, 8);
    bits.bits(0, 3 + 4 + 5 + 12); // profile 0, a moving picture, no timing, one operating point
    bits.bits(8, 5);
    bits.bits(0, 1);
    bits.bits(9, 4); // width in 10 bits, height in 9
    bits.bits(8, 4);
    bits.bits(u32::from(WIDTH) - 1, 10);
    bits.bits(u32::from(HEIGHT) - 1, 9);
    bits.bits(0, 9); // no frame ids and none of the optional tools
    bits.bits(0b11, 2); // screen content and integer vectors as each frame chooses
    bits.bits(0, 3);
    bits.bits(0, 7); // 8 bits, 4:2:0, nothing said of colour; no separate chroma quantisers
    bits.bits(0, 1); // no film grain
    bits.bits(1, 1);
    bits.finish()
}

fn profile_tier_level(bits: &mut Unit) {
    bits.fixed(0b00_0_00001, 8); // Main profile
    bits.fixed(0x6000_0000, 32);
    bits.fixed(0b1001, 4); // progressive, frames only
    bits.fixed(0, 32);
    bits.fixed(0, 12);
    bits.fixed(93, 8); // level 3.1
}

fn buffering(bits: &mut Unit) {
    bits.fixed(1, 1);
    bits.unsigned(1);
    bits.unsigned(0);
    bits.unsigned(0);
}

/// A NAL unit in the making.
struct Unit {
    header: Vec<u8>,
    body: BitWriter,
}

impl Unit {
    fn new(header: &[u8]) -> Unit {
        Unit { header: header.to_vec(), body: BitWriter::default() }
    }

    fn fixed(&mut self, value: u32, count: u32) {
        self.body.bits(value, count);
    }

    fn unsigned(&mut self, value: u32) {
        self.body.ue(value);
    }

    fn finish(mut self) -> Vec<u8> {
        self.body.bits(1, 1);
        annexb::escape(&self.header, &self.body.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_sets_contain_no_start_code() {
        for unit in [h264_sps(), h264_pps(), h265_vps(), h265_sps(), h265_pps()] {
            assert!(!unit.windows(3).any(|w| w[0] == 0 && w[1] == 0 && w[2] < 3), "{unit:02x?}");
            assert_ne!(unit.last(), Some(&0));
        }
    }

    #[test]
    fn the_usual_picture_parameter_set_comes_out() {
        assert_eq!(h264_pps(), [0x68, 0xce, 0x38, 0x80]);
        assert_eq!(h264_sps()[..4], [0x67, 0x42, 0xe0, 0x1f]);
    }
}
