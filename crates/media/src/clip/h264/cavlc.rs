//! How H.264's baseline writes the coefficients of a block (§9.2): how many, the small ones at the end, the others, and the
//! zeros between them.

use super::tables::{COEFF_TOKEN, COEFF_TOKEN_CHROMA_DC, RUN_BEFORE, TOTAL_ZEROS, TOTAL_ZEROS_CHROMA_DC};
use crate::bits::BitWriter;

/// What chooses the table for the number of coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// The number that blocks around this one have, nC in the standard.
    Around(usize),
    ChromaDc,
}

/// Writes a block's levels, which are in the order of the scan. Answers how many are not zero.
pub fn write(out: &mut BitWriter, levels: &[i32], context: Context) -> usize {
    // Backwards, as they are written: level, and zeros directly before it.
    let mut found: Vec<(i32, usize)> = Vec::new();
    let mut zeros = 0;
    for &level in levels {
        match level {
            0 => zeros += 1,
            _ => found.push((level, std::mem::take(&mut zeros))),
        }
    }
    found.reverse();
    let total = found.len();
    let ones = found.iter().take(3).take_while(|(level, _)| level.abs() == 1).count();
    write_token(out, total, ones, context);
    if total == 0 {
        return 0;
    }
    found[..ones].iter().for_each(|(level, _)| out.bit(*level < 0));
    write_levels(out, &found[ones..], total, ones);
    if total < levels.len() {
        write_zeros(out, &found, context);
    }
    total
}

fn write_token(out: &mut BitWriter, total: usize, ones: usize, context: Context) {
    match context {
        Context::ChromaDc => code(out, COEFF_TOKEN_CHROMA_DC[total][ones]),
        Context::Around(0..=1) => code(out, COEFF_TOKEN[0][total][ones]),
        Context::Around(2..=3) => code(out, COEFF_TOKEN[1][total][ones]),
        Context::Around(4..=7) => code(out, COEFF_TOKEN[2][total][ones]),
        Context::Around(_) if total == 0 => out.bits(3, 6),
        Context::Around(_) => out.bits((total as u32 - 1) << 2 | ones as u32, 6),
    }
}

/// §9.2.2.1, the other way round.
fn write_levels(out: &mut BitWriter, levels: &[(i32, usize)], total: usize, ones: usize) {
    let mut suffix_len: u32 = if total > 10 && ones < 3 { 1 } else { 0 };
    for (n, (level, _)) in levels.iter().enumerate() {
        let magnitude = level.unsigned_abs();
        let mut number = 2 * magnitude - if *level > 0 { 2 } else { 1 };
        if n == 0 && ones < 3 {
            // It would have been among the ones if it were one.
            number -= 2;
        }
        let escape = if suffix_len == 0 { 30 } else { 15 << suffix_len };
        if number >= escape {
            out.bits(1, 16);
            out.bits(number - escape, 12);
        } else if suffix_len == 0 && number >= 14 {
            out.bits(1, 15);
            out.bits(number - 14, 4);
        } else {
            out.bits(1, (number >> suffix_len) + 1);
            out.bits(number & ((1 << suffix_len) - 1), suffix_len);
        }
        suffix_len = suffix_len.max(1);
        if magnitude > 3 << (suffix_len - 1) && suffix_len < 6 {
            suffix_len += 1;
        }
    }
}

fn write_zeros(out: &mut BitWriter, found: &[(i32, usize)], context: Context) {
    let mut left: usize = found.iter().map(|(_, zeros)| zeros).sum();
    let totals: &[&[&str]] = if context == Context::ChromaDc { &TOTAL_ZEROS_CHROMA_DC } else { &TOTAL_ZEROS };
    code(out, totals[found.len() - 1][left]);
    // The zeros before the first level in the scan are what is left then.
    for (_, zeros) in &found[..found.len() - 1] {
        if left == 0 {
            break;
        }
        code(out, RUN_BEFORE[left.min(7) - 1][*zeros]);
        left -= zeros;
    }
}

fn code(out: &mut BitWriter, code: &str) {
    code.bytes().for_each(|digit| out.bit(digit == b'1'));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(levels: &[i32], context: Context) -> String {
        let mut out = BitWriter::default();
        write(&mut out, levels, context);
        // What follows shows where it ended.
        out.bit(true);
        let bits: String = out.finish().iter().map(|byte| format!("{byte:08b}")).collect();
        bits.trim_end_matches('0').strip_suffix('1').unwrap().to_owned()
    }

    #[test]
    fn a_block_of_small_levels_is_written_as_the_standard_says() {
        // 5 levels, 3 of them trailing ones, 3 zeros among them: worked out by hand from the tables.
        let levels = [0, 3, 0, 1, -1, -1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let expected = ["0000100", "0", "1", "1", "1", "0010", "111", "10", "1", "1", "01"].concat();
        assert_eq!(written(&levels, Context::Around(0)), expected);
    }

    #[test]
    fn an_empty_block_is_one_bit_where_its_neighbours_are_empty() {
        assert_eq!(written(&[0; 16], Context::Around(0)), "1");
        assert_eq!(written(&[0; 15], Context::Around(8)), "000011");
        assert_eq!(written(&[0; 4], Context::ChromaDc), "01");
    }

    #[test]
    fn a_large_level_is_escaped() {
        let mut levels = [0; 16];
        levels[0] = 400;
        // One level, no trailing one; its number is 2 * 400 - 2 - 2, past the escape by 766; no zeros.
        let expected = ["000101", "0000000000000001", "001011111110", "1"].concat();
        assert_eq!(written(&levels, Context::Around(0)), expected);
    }
}
