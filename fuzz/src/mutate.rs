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
        // Bits flipped in text mostly make it no text, which a parser is quick to refuse: half of the damage to text is
        // done to whole lines and to numbers, which gets further in.
        let text = input.contains(&b'\n') && input.is_ascii();
        for _ in 0..=self.below(4) {
            if text && self.below(2) == 0 {
                bytes = self.damage_lines(&bytes, other);
            } else {
                self.damage_once(&mut bytes, other);
            }
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

    /// A line dropped, doubled, moved or borrowed; a digit changed; a number made long.
    fn damage_lines(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
        let (at, to) = (self.below(lines.len().max(1)), self.below(lines.len().max(1)));
        if lines.is_empty() {
            return other.to_vec();
        }
        match self.below(6) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(to, lines[at]),
            2 => lines.swap(at, to),
            3 => {
                let lent: Vec<&[u8]> = other.split_inclusive(|b| *b == b'\n').collect();
                if !lent.is_empty() {
                    lines.insert(at, lent[self.below(lent.len())]);
                }
            }
            kind => {
                let digits: Vec<usize> = (0..bytes.len()).filter(|i| bytes[*i].is_ascii_digit()).collect();
                let mut bytes = bytes.to_vec();
                if digits.is_empty() {
                    return bytes;
                }
                let digit = digits[self.below(digits.len())];
                if kind == 4 {
                    bytes[digit] = b'0' + self.below(10) as u8;
                } else {
                    bytes.splice(digit..digit, *b"99999999999999999999");
                }
                return bytes;
            }
        }
        lines.concat()
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
