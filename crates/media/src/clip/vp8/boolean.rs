//! VP8's arithmetic coder (RFC 6386 §7): each bit costs what its probability says.

pub struct Writer {
    bytes: Vec<u8>,
    low: u32,
    /// 128..=255 between bits.
    range: u32,
    /// Shifts until the highest byte of `low` is final but for a carry.
    until_byte: u32,
}

impl Writer {
    pub fn new() -> Writer {
        Writer { bytes: Vec::new(), low: 0, range: 255, until_byte: 24 }
    }

    /// `zero` is how likely `bit` is false, in 256ths.
    pub fn bit(&mut self, bit: bool, zero: u8) {
        let split = 1 + (((self.range - 1) * u32::from(zero)) >> 8);
        if bit {
            self.low += split;
            self.range -= split;
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.range <<= 1;
            self.shift();
        }
    }

    /// An unsigned number, each bit as likely as not.
    pub fn bits(&mut self, value: u32, count: u32) {
        (0..count).rev().for_each(|i| self.bit(value >> i & 1 == 1, 128));
    }

    /// A leaf of a tree: the way to it, each turn with its probability.
    pub fn path(&mut self, turns: &[(bool, u8)]) {
        turns.iter().for_each(|(bit, zero)| self.bit(*bit, *zero));
    }

    pub fn finish(mut self) -> Vec<u8> {
        // Pushes all that matters of `low` out.
        self.bits(0, 32);
        self.bytes
    }

    fn shift(&mut self) {
        if self.low & 1 << 31 != 0 {
            self.carry();
        }
        self.low <<= 1;
        self.until_byte -= 1;
        if self.until_byte == 0 {
            self.bytes.push((self.low >> 24) as u8);
            self.low &= 0x00ff_ffff;
            self.until_byte = 8;
        }
    }

    fn carry(&mut self) {
        for byte in self.bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// §7.2, the other side.
    struct Reader<'a> {
        bytes: std::slice::Iter<'a, u8>,
        value: u32,
        range: u32,
        shifts: u32,
    }

    impl<'a> Reader<'a> {
        fn new(bytes: &'a [u8]) -> Reader<'a> {
            let mut bytes = bytes.iter();
            let mut next = || u32::from(bytes.next().copied().unwrap_or(0));
            let value = next() << 8 | next();
            Reader { bytes, value, range: 255, shifts: 0 }
        }

        fn bit(&mut self, zero: u8) -> bool {
            let split = 1 + (((self.range - 1) * u32::from(zero)) >> 8);
            let bit = self.value >= split << 8;
            if bit {
                self.range -= split;
                self.value -= split << 8;
            } else {
                self.range = split;
            }
            while self.range < 128 {
                self.value <<= 1;
                self.range <<= 1;
                self.shifts += 1;
                if self.shifts == 8 {
                    self.shifts = 0;
                    self.value |= u32::from(self.bytes.next().copied().unwrap_or(0));
                }
            }
            bit
        }
    }

    proptest::proptest! {
        #[test]
        fn bits_come_back_as_they_were_written(bits in proptest::collection::vec((proptest::bool::ANY, 1u8..), 0..2000)) {
            let mut writer = Writer::new();
            writer.path(&bits);
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            for (bit, zero) in bits {
                proptest::prop_assert_eq!(reader.bit(zero), bit);
            }
        }
    }

    #[test]
    fn a_likely_bit_costs_less_than_a_bit() {
        let mut writer = Writer::new();
        (0..8000).for_each(|_| writer.bit(false, 255));
        assert!(writer.finish().len() < 60);
    }
}
