//! Small, seeded damage to an input: what a line, an attacker or a broken encoder does to a packet. It is no
//! replacement for libFuzzer, which sees the branches; it is what fits into every `make test` on a stable compiler.

/// A source of damage. One seed, one sequence.
pub struct Mutator {
    state: u64,
}

impl Mutator {
    pub fn seed(seed: u64) -> Mutator {
        // The generator's only forbidden state is zero.
        Mutator { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// `input` with one to four pieces of damage; `other` lends bytes for some of them.
    pub fn damage(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(4) {
            self.damage_once(&mut bytes, other);
        }
        bytes
    }

    fn damage_once(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        if bytes.is_empty() {
            bytes.extend_from_slice(&other[..self.below(other.len() + 1)]);
            return;
        }
        let at = self.below(bytes.len());
        match self.below(9) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = self.next() as u8,
            // Lengths and counts are most interesting at their ends.
            2 => bytes[at] = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff][self.below(6)],
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..(at + 1 + self.below(8)).min(bytes.len()))),
            5 => {
                let end = (at + 1 + self.below(32)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = self.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            6 => {
                let from = self.below(other.len().max(1)).min(other.len());
                let end = (from + 1 + self.below(64)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            7 => {
                let to = self.below(bytes.len());
                bytes.swap(at, to);
            }
            _ => {
                // A 16-bit length that lies.
                let lie = [0u16, 1, 4, 0x7fff, 0xffff, bytes.len() as u16][self.below(6)].to_be_bytes();
                bytes[at] = lie[0];
                if let Some(next) = bytes.get_mut(at + 1) {
                    *next = lie[1];
                }
            }
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// xorshift64*: enough for damage, and the same on every machine.
    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_sequence_of_damage() {
        let run = |seed| {
            let mut mutator = Mutator::seed(seed);
            (0..50).map(|_| mutator.damage(b"a packet of some length", b"another")).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn damage_is_varied_and_bounded() {
        let mut mutator = Mutator::seed(1);
        let input = [0x55; 100];
        let damaged: Vec<_> = (0..1000).map(|_| mutator.damage(&input, &[0xaa; 50])).collect();
        assert!(damaged.iter().any(|bytes| bytes.len() < 100) && damaged.iter().any(|bytes| bytes.len() > 100));
        assert!(damaged.iter().filter(|bytes| ***bytes == input).count() < 50);
        assert!(damaged.iter().all(|bytes| bytes.len() < 100 + 4 * 64));
        mutator.damage(&[], &[]);
    }
}
