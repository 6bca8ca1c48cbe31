//! What an H.264 sequence parameter set says about who can decode it and how large the picture is (H.264 §7.3.2.1.1),
//! for the baseline profile.

use crate::annexb;
use crate::bits::BitReader;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sps {
    /// Baseline, and none of what only baseline has: a decoder of the main profile can decode it too.
    pub constrained_baseline: bool,
    /// Ten times the level.
    pub level: u8,
    pub width: u32,
    pub height: u32,
}

impl Sps {
    /// None when it is cut, of another profile, or larger than anybody means.
    pub fn parse(unit: &[u8]) -> Option<Sps> {
        let body = annexb::unescape(unit.get(1..)?);
        let mut bits = BitReader::new(&body);
        let profile = bits.bits(8)?;
        let constraints = bits.bits(8)?;
        let level = bits.bits(8)? as u8;
        if profile != 66 {
            return None;
        }
        bits.ue()?; // its id
        bits.ue()?; // range of frame_num
        match bits.ue()? {
            0 => _ = bits.ue()?,
            1 => {
                bits.bit()?;
                bits.se()?;
                bits.se()?;
                let cycle = bits.ue().filter(|cycle| *cycle <= 255)?;
                (0..cycle).try_for_each(|_| bits.se().map(drop))?;
            }
            2 => {}
            _ => return None,
        }
        bits.ue()?; // reference frames
        bits.bit()?;
        let columns = bits.ue().filter(|n| *n < 1_024)? + 1;
        let rows = bits.ue().filter(|n| *n < 1_024)? + 1;
        let whole_frames = bits.bit()?;
        if !whole_frames {
            return None; // baseline has no fields
        }
        bits.bit()?;
        let mut crop = [0; 4];
        if bits.bit()? {
            for edge in &mut crop {
                *edge = bits.ue().filter(|edge| *edge < 8_192)?;
            }
        }
        let [left, right, top, bottom] = crop;
        Some(Sps {
            constrained_baseline: constraints & 0x40 != 0,
            level,
            width: (columns * 16).checked_sub(2 * (left + right))?,
            height: (rows * 16).checked_sub(2 * (top + bottom))?,
        })
    }
}
