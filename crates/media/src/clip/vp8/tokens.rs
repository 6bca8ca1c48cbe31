//! How VP8 writes the coefficients of a block (RFC 6386 §13): a token each, its probability from the kind of block, the
//! place in the scan, and what was there before.

use super::boolean::Writer;
use super::tables;
use crate::clip::scan::ZIGZAG;

/// What a block holds; the discriminant picks the probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Light whose means are sent apart: the first coefficient is left out.
    Light = 0,
    Means = 1,
    Colour = 2,
}

/// By place in the scan.
const BANDS: [usize; 16] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7];

/// Tokens for more than four: least level, and the probabilities of the bits beyond it (§13.2).
const LARGE: [(u32, &[u8]); 6] = [
    (5, &[159]),
    (7, &[165, 145]),
    (11, &[173, 148, 140]),
    (19, &[176, 155, 140, 135]),
    (35, &[180, 157, 141, 134, 130]),
    (67, &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129]),
];

/// Writes a block. `around` says how many of the blocks left and above have any token. Answers whether this one has.
pub fn write(out: &mut Writer, kind: Kind, levels: &[i32; 16], around: usize) -> bool {
    let first = usize::from(kind == Kind::Light);
    let end = (first..16).rev().find(|&place| levels[ZIGZAG[place]] != 0).map_or(first, |last| last + 1);
    let mut context = around;
    let mut after_zero = false;
    for place in first..end {
        let level = levels[ZIGZAG[place]];
        let p = &tables::DEFAULT[kind as usize][BANDS[place]][context];
        // A block does not end in a zero, so after one there is no asking.
        if !after_zero {
            out.bit(true, p[0]);
        }
        write_level(out, level, p);
        after_zero = level == 0;
        context = level.unsigned_abs().min(2) as usize;
    }
    if end < 16 {
        out.bit(false, tables::DEFAULT[kind as usize][BANDS[end]][context][0]);
    }
    end > first
}

fn write_level(out: &mut Writer, level: i32, p: &[u8; 11]) {
    let magnitude = level.unsigned_abs();
    match magnitude {
        0 => return out.bit(false, p[1]),
        1 => out.path(&[(true, p[1]), (false, p[2])]),
        2 => out.path(&[(true, p[1]), (true, p[2]), (false, p[3]), (false, p[4])]),
        3..=4 => out.path(&[(true, p[1]), (true, p[2]), (false, p[3]), (true, p[4]), (magnitude == 4, p[5])]),
        _ => write_large(out, magnitude, p),
    }
    out.bit(level < 0, 128);
}

fn write_large(out: &mut Writer, magnitude: u32, p: &[u8; 11]) {
    let token = LARGE.iter().rposition(|(least, _)| *least <= magnitude).expect("the first begins at five");
    out.path(&[(true, p[1]), (true, p[2]), (true, p[3])]);
    match token {
        0..=1 => out.path(&[(false, p[6]), (token == 1, p[7])]),
        2..=3 => out.path(&[(true, p[6]), (false, p[8]), (token == 3, p[9])]),
        _ => out.path(&[(true, p[6]), (true, p[8]), (token == 5, p[10])]),
    }
    let (least, bits) = LARGE[token];
    let rest = magnitude - least;
    for (n, probability) in bits.iter().enumerate() {
        out.bit(rest >> (bits.len() - 1 - n) & 1 == 1, *probability);
    }
}
