//! Bits, most significant first, in and out.

pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> BitReader<'a> {
        BitReader { bytes, at: 0 }
    }

    pub fn bit(&mut self) -> Option<bool> {
        let byte = *self.bytes.get(self.at / 8)?;
        let set = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(set)
    }

    /// Up to 32 bits.
    pub fn bits(&mut self, count: u32) -> Option<u32> {
        let end = self.at + count as usize;
        if end > self.bytes.len() * 8 {
            return None;
        }
        let mut value = 0;
        while self.at < end {
            let left = 8 - self.at % 8;
            let taken = left.min(end - self.at);
            let byte = u32::from(self.bytes[self.at / 8]) >> (left - taken) & ((1 << taken) - 1);
            value = value << taken | byte;
            self.at += taken;
        }
        Some(value)
    }

    /// A number below `n` in as few bits as that allows (AV1 §4.10.7). `n` is at least 1.
    pub fn below(&mut self, n: u32) -> Option<u32> {
        let (width, short) = below_code(n);
        let value = self.bits(width - 1)?;
        if value < short {
            return Some(value);
        }
        Some((value << 1) - short + u32::from(self.bit()?))
    }

    /// An unsigned Exp-Golomb number (H.264 §9.1).
    pub fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
        }
        // One of 32 bits does not fit, and stands for nothing.
        (zeros < 32).then(|| Some((1 << zeros) - 1 + self.bits(zeros)?))?
    }

    /// A signed one (H.264 §9.1.1).
    pub fn se(&mut self) -> Option<i32> {
        let code = i64::from(self.ue()?);
        i32::try_from(if code % 2 == 1 { (code + 1) / 2 } else { -code / 2 }).ok()
    }
}

#[derive(Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits used in the last byte, 0 when it is full or there is none.
    used: u32,
}

impl BitWriter {
    pub fn bit(&mut self, set: bool) {
        self.bits(u32::from(set), 1);
    }

    pub fn bits(&mut self, value: u32, count: u32) {
        for i in (0..count).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> i & 1) as u8) << (7 - self.used);
            }
            self.used = (self.used + 1) % 8;
        }
    }

    pub fn below(&mut self, n: u32, value: u32) {
        let (width, short) = below_code(n);
        if value < short {
            self.bits(value, width - 1);
        } else {
            self.bits(value + short, width);
        }
    }

    /// An unsigned Exp-Golomb number. `value` is below 2^16, which is more than anybody here needs.
    pub fn ue(&mut self, value: u32) {
        let width = 32 - (value + 1).leading_zeros();
        self.bits(0, width - 1);
        self.bits(value + 1, width);
    }

    pub fn se(&mut self, value: i32) {
        let magnitude = value.unsigned_abs();
        self.ue(if value > 0 { 2 * magnitude - 1 } else { 2 * magnitude });
    }

    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Width of the longer code, and how many values have the one a bit shorter.
fn below_code(n: u32) -> (u32, u32) {
    let width = 32 - n.leading_zeros();
    (width, (1 << width) - n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reading_beyond_the_end_answers_nothing() {
        let mut reader = BitReader::new(&[0b1010_0000]);
        assert_eq!((reader.bits(3), reader.bits(6), reader.bits(5), reader.bit()), (Some(5), None, Some(0), None));
    }

    proptest! {
        #[test]
        fn numbers_come_back_as_they_were_written(numbers in proptest::collection::vec((1u32..40, 0u32..40), 1..40)) {
            let mut writer = BitWriter::default();
            for (n, value) in &numbers {
                writer.below(*n, value % n);
                writer.bits(*value, 6);
                writer.ue(*value);
                writer.se(*value as i32 - 20);
            }
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes);
            for (n, value) in &numbers {
                prop_assert_eq!(reader.below(*n), Some(value % n));
                prop_assert_eq!(reader.bits(6), Some(*value));
                prop_assert_eq!(reader.ue(), Some(*value));
                prop_assert_eq!(reader.se(), Some(*value as i32 - 20));
            }
        }
    }
}
