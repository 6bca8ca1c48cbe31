//! Dice, loaded by a seed.

use media::testing;

pub struct Rng(testing::Rng);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(testing::Rng::new(seed))
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0.word()
    }

    /// In `0..n`, 0 for an empty range.
    pub fn below(&mut self, n: usize) -> usize {
        self.0.below(n.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn byte(&mut self) -> u8 {
        self.next_u64() as u8
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }

    pub fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
