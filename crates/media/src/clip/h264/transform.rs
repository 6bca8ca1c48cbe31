//! H.264's integer transform and its quantiser (§8.5), at the one quality this encoder has.

use std::array::from_fn;

/// Coarse enough for a key frame of some kilobytes, fine enough that letters have no ragged edge.
pub const QP: i32 = 24;
/// QP / 6; QP % 6 is 0, which picks the rows of the two tables below.
const SHIFT: i32 = QP / 6;
/// Step sizes of the first row of the standard's table, by place (Table 8-15's v), and what divides by them.
const STEPS: [i32; 3] = [10, 16, 13];
const FACTORS: [i32; 3] = [13107, 5243, 8066];
const FACTOR_BITS: i32 = 15 + SHIFT;

/// Coefficients of 4x4 differences.
pub fn forward(x: &[i32; 16]) -> [i32; 16] {
    let line = |a: i32, b: i32, c: i32, d: i32| {
        let (outer, inner, far, near) = (a + d, b + c, a - d, b - c);
        [outer + inner, 2 * far + near, outer - inner, far - 2 * near]
    };
    both_ways(x, line)
}

/// Differences of 4x4 coefficients.
pub fn inverse(coefficients: &[i32; 16]) -> [i32; 16] {
    let line = |a: i32, b: i32, c: i32, d: i32| {
        let (sum, difference, low, high) = (a + c, a - c, (b >> 1) - d, b + (d >> 1));
        [sum + high, difference + low, difference - low, sum - high]
    };
    both_ways(coefficients, line).map(|x| (x + 32) >> 6)
}

/// The transform of the 16 means of a macroblock; its own inverse but for scale.
pub fn hadamard(x: &[i32; 16]) -> [i32; 16] {
    both_ways(x, |a, b, c, d| [a + b + c + d, a + b - c - d, a - b - c + d, a - b + c - d])
}

/// The same for the four means of a colour.
pub fn hadamard_2x2(x: &[i32; 4]) -> [i32; 4] {
    let [a, b, c, d] = *x;
    [a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d]
}

/// The level of the coefficient at `place` of 16.
pub fn quantise(place: usize, coefficient: i32) -> i32 {
    divide(coefficient, FACTORS[class(place)], FACTOR_BITS)
}

pub fn dequantise(place: usize, level: i32) -> i32 {
    (level * STEPS[class(place)]) << SHIFT
}

/// For the means of light, after [`hadamard`].
pub fn quantise_means(means: &[i32; 16]) -> [i32; 16] {
    means.map(|mean| divide(halved(mean), FACTORS[0], FACTOR_BITS + 1))
}

pub fn dequantise_means(levels: &[i32; 16]) -> [i32; 16] {
    // (f * 16 * step + 2^(5 - SHIFT)) >> (6 - SHIFT), which has no remainder at this quality.
    hadamard(levels).map(|f| (f * 16 * STEPS[0]) >> (6 - SHIFT))
}

/// For the means of a colour, after [`hadamard_2x2`].
pub fn quantise_colour_means(means: &[i32; 4]) -> [i32; 4] {
    means.map(|mean| divide(mean, FACTORS[0], FACTOR_BITS + 1))
}

pub fn dequantise_colour_means(levels: &[i32; 4]) -> [i32; 4] {
    hadamard_2x2(levels).map(|f| ((f * 16 * STEPS[0]) << SHIFT) >> 5)
}

fn both_ways(x: &[i32; 16], line: impl Fn(i32, i32, i32, i32) -> [i32; 4]) -> [i32; 16] {
    let rows: [[i32; 4]; 4] = from_fn(|r| line(x[4 * r], x[4 * r + 1], x[4 * r + 2], x[4 * r + 3]));
    let columns: [[i32; 4]; 4] = from_fn(|c| line(rows[0][c], rows[1][c], rows[2][c], rows[3][c]));
    from_fn(|i| columns[i % 4][i / 4])
}

/// Places whose basis functions have the same length.
fn class(place: usize) -> usize {
    match (place % 4 % 2, place / 4 % 2) {
        (0, 0) => 0,
        (1, 1) => 1,
        _ => 2,
    }
}

/// A third is where pictures that are not moving look best (the rounding of the standard's reference encoder).
fn divide(value: i32, factor: i32, bits: i32) -> i32 {
    let level = (i64::from(value.abs()) * i64::from(factor) + (1i64 << bits) / 3) >> bits;
    // Beyond this a level does not fit its longest code; no picture gets near it.
    value.signum() * level.min(2_000) as i32
}

fn halved(value: i32) -> i32 {
    value.signum() * ((value.abs() + 1) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_back_within_a_quantiser_step() {
        let mut rng = crate::testing::Rng::new(1);
        for _ in 0..200 {
            let block: [i32; 16] = from_fn(|_| (rng.word() % 511) as i32 - 255);
            let coefficients = forward(&block);
            let again: [i32; 16] = from_fn(|i| dequantise(i, quantise(i, coefficients[i])));
            let worst = inverse(&again).iter().zip(&block).map(|(a, b)| (a - b).abs()).max().unwrap();
            assert!(worst <= 25, "{worst}");
        }
    }

    #[test]
    fn means_come_back_within_a_quantiser_step() {
        let means: [i32; 16] = from_fn(|i| i as i32 * 217 - 1500);
        // A mean is scaled by 16 like a coefficient, and its dequantised form by 64/16 more.
        let again = dequantise_means(&quantise_means(&hadamard(&means)));
        for (mean, again) in means.iter().zip(again) {
            assert!((mean * 4 - again).abs() <= 4 * 160, "{mean} {again}");
        }
        let colour = [-400, 90, 1300, 7];
        let again = dequantise_colour_means(&quantise_colour_means(&hadamard_2x2(&colour)));
        for (mean, again) in colour.iter().zip(again) {
            assert!((mean * 4 - again).abs() <= 4 * 160, "{mean} {again}");
        }
    }
}
