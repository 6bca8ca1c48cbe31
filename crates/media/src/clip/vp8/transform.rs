//! VP8's transforms and quantiser (RFC 6386 §14), at the one quality this encoder has.

use std::array::from_fn;

/// Entry of the standard's tables of step sizes, and what they have there.
pub const INDEX: u32 = 14;
const DC: i32 = 17;
const AC: i32 = 18;
/// What kind of block: its steps for the first coefficient and for the others.
pub const LIGHT: [i32; 2] = [DC, AC];
pub const COLOUR: [i32; 2] = [DC, AC];
pub const MEANS: [i32; 2] = [2 * DC, AC * 155 / 100];

/// cos(pi/8)/sqrt(2), sin(pi/8)/sqrt(2) and 1/2, in 2^14ths.
const COS: i32 = 10_703;
const SIN: i32 = 4_433;
const HALF: i32 = 8_192;

/// Coefficients of 4x4 differences: twice those of the plain cosine transform.
pub fn forward(x: &[i32; 16]) -> [i32; 16] {
    // The second pass keeps one bit more than it got, which is the factor two.
    let rows = both_axes(x, |line| pass(line, 13));
    both_axes(&rows, |line| pass(line, 14))
}

/// Differences of 4x4 coefficients, to the bit as the standard has it.
pub fn inverse(coefficients: &[i32; 16]) -> [i32; 16] {
    let line = |[a, b, c, d]: [i32; 4]| {
        // 35468 and 20091 are sqrt(2) sin(pi/8) and sqrt(2) cos(pi/8) - 1 in 2^16ths.
        let (small, large) = (|x: i32| (x * 35_468) >> 16, |x: i32| x + ((x * 20_091) >> 16));
        let (sum, difference) = (a + c, a - c);
        let (low, high) = (small(b) - large(d), large(b) + small(d));
        [sum + high, difference + low, difference - low, sum - high]
    };
    // Columns first, which rounding notices.
    let columns = both_axes(&transposed(coefficients), line);
    transposed(&both_axes(&columns, line)).map(|x| (x + 4) >> 3)
}

/// The transform of a macroblock's 16 means, halved as the inverse expects.
pub fn forward_means(means: &[i32; 16]) -> [i32; 16] {
    hadamard(means).map(|x| if x < 0 { -((1 - x) >> 1) } else { (x + 1) >> 1 })
}

pub fn inverse_means(coefficients: &[i32; 16]) -> [i32; 16] {
    hadamard(coefficients).map(|x| (x + 3) >> 3)
}

/// Levels of coefficients.
pub fn quantise(coefficients: &[i32; 16], steps: [i32; 2]) -> [i32; 16] {
    from_fn(|i| {
        let step = steps[usize::from(i > 0)];
        let level = (coefficients[i].abs() + step / 3) / step;
        // The longest token holds 11 bits.
        coefficients[i].signum() * level.min(2047)
    })
}

pub fn dequantise(levels: &[i32; 16], steps: [i32; 2]) -> [i32; 16] {
    from_fn(|i| levels[i] * steps[usize::from(i > 0)])
}

fn hadamard(x: &[i32; 16]) -> [i32; 16] {
    let line = |[a, b, c, d]: [i32; 4]| [a + b + c + d, a + b - c - d, a - b - c + d, a - b + c - d];
    both_axes(&both_axes(x, line), line)
}

/// One dimension of the cosine transform.
fn pass([a, b, c, d]: [i32; 4], bits: u32) -> [i32; 4] {
    let (outer, inner, far, near) = (a + d, b + c, a - d, b - c);
    let rounded = |x: i32| (x + (1 << (bits - 1))) >> bits;
    [
        rounded((outer + inner) * HALF),
        rounded(far * COS + near * SIN),
        rounded((outer - inner) * HALF),
        rounded(far * SIN - near * COS),
    ]
}

/// Each row through `line`, and the result turned, so that twice is both dimensions and the right way round.
fn both_axes(x: &[i32; 16], line: impl Fn([i32; 4]) -> [i32; 4]) -> [i32; 16] {
    let rows: [[i32; 4]; 4] = from_fn(|r| line([x[4 * r], x[4 * r + 1], x[4 * r + 2], x[4 * r + 3]]));
    from_fn(|i| rows[i % 4][i / 4])
}

fn transposed(x: &[i32; 16]) -> [i32; 16] {
    from_fn(|i| x[i % 4 * 4 + i / 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_transformed_comes_back() {
        let mut rng = crate::testing::Rng::new(1);
        for _ in 0..200 {
            let block: [i32; 16] = from_fn(|_| (rng.word() % 511) as i32 - 255);
            let again = inverse(&forward(&block));
            let worst = again.iter().zip(&block).map(|(a, b)| (a - b).abs()).max().unwrap();
            assert!(worst <= 2, "{worst}");
            let again = inverse_means(&forward_means(&block));
            let worst = again.iter().zip(&block).map(|(a, b)| (a - b).abs()).max().unwrap();
            assert!(worst <= 2, "{worst}");
        }
    }

    #[test]
    fn a_block_comes_back_within_a_quantiser_step() {
        let block: [i32; 16] = from_fn(|i| [200, -90, 3, 41][i % 4] - 17 * i as i32);
        let levels = quantise(&forward(&block), LIGHT);
        let again = inverse(&dequantise(&levels, LIGHT));
        let worst = again.iter().zip(&block).map(|(a, b)| (a - b).abs()).max().unwrap();
        assert!(worst <= AC, "{worst}");
    }
}
