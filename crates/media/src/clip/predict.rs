//! What both encoders guess of a macroblock before they code the difference: the row above it, the column left of it, or
//! their mean. The two formats agree about that everywhere but in the mean of H.264's colour.

use super::picture::{Plane, block_edge};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Mean,
    /// The row above, repeated.
    Down,
    /// The column on the left, repeated.
    Right,
}

/// A macroblock's part of one plane: where it is, and what has been decoded around it.
pub struct Around {
    pub edge: usize,
    pub left: usize,
    pub top: usize,
    above: Option<Vec<u8>>,
    beside: Option<Vec<u8>>,
}

impl Around {
    /// `decoded` is plane `n` of the picture as far as a decoder has it.
    pub fn new(decoded: &Plane, n: usize, column: usize, row: usize) -> Around {
        let edge = block_edge(n);
        let (left, top) = (column * edge, row * edge);
        let above = (row > 0).then(|| decoded.row(left, top - 1, edge).to_vec());
        let beside = (column > 0).then(|| (top..top + edge).map(|y| decoded.at(left - 1, y)).collect());
        Around { edge, left, top, above, beside }
    }

    /// The mode whose guess is nearest to `wanted`. At the edges of the picture only the mean is the same in both formats.
    pub fn best(&self, wanted: &Plane) -> (Mode, Vec<u8>) {
        let modes = [
            Some((Mode::Mean, self.mean())),
            self.above.as_ref().map(|above| (Mode::Down, self.filled(|x, _| above[x]))),
            self.beside.as_ref().map(|beside| (Mode::Right, self.filled(|_, y| beside[y]))),
        ];
        let distance = |guess: &[u8]| -> u32 {
            let rows = guess.chunks_exact(self.edge).enumerate();
            rows.map(|(y, row)| distance(row, wanted.row(self.left, self.top + y, self.edge))).sum()
        };
        let nearest = modes.into_iter().flatten().min_by_key(|(_, guess)| distance(guess));
        nearest.expect("the mean is always there")
    }

    /// The mean of what is around it, or mid grey where nothing is.
    pub fn mean(&self) -> Vec<u8> {
        vec![mean([self.above.as_deref(), self.beside.as_deref()]); self.edge * self.edge]
    }

    /// H.264's for colour: each quarter has its own, from the samples nearest to it (§8.3.4).
    pub fn mean_of_quarters(&self) -> Vec<u8> {
        let part = |side: &Option<Vec<u8>>, from: usize| side.as_ref().map(|side| side[from..from + 4].to_vec());
        let quarter = |x: usize, y: usize| {
            let (above, beside) = (part(&self.above, x), part(&self.beside, y));
            match (x, y) {
                (4, 0) if above.is_some() => mean([above.as_deref(), None]),
                (0, 4) if beside.is_some() => mean([beside.as_deref(), None]),
                _ => mean([above.as_deref(), beside.as_deref()]),
            }
        };
        self.filled(|x, y| quarter(x & 4, y & 4))
    }

    fn filled(&self, sample: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        (0..self.edge * self.edge).map(|i| sample(i % self.edge, i / self.edge)).collect()
    }
}

fn mean(sides: [Option<&[u8]>; 2]) -> u8 {
    let samples: Vec<u32> = sides.into_iter().flatten().flatten().map(|&sample| sample.into()).collect();
    let count = samples.len() as u32;
    (samples.iter().sum::<u32>() + count / 2).checked_div(count).unwrap_or(128) as u8
}

fn distance(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
}
