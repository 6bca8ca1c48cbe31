//! Which of the last frames were received.

/// How far back a reference is looked up. Older ones are long-term references, and taken on trust.
const WINDOW: u32 = 256;

/// A set over the last [`WINDOW`] numbers.
#[derive(Debug, Clone)]
pub(super) struct Received {
    bits: [u64; WINDOW as usize / 64],
    newest: u32,
}

impl Received {
    pub const fn new() -> Received {
        Received { bits: [0; WINDOW as usize / 64], newest: 0 }
    }

    /// Forgets everything and takes everything up to `number` as received: what precedes a beginning is not known.
    pub fn restart(&mut self, number: u32) {
        self.bits = [u64::MAX; WINDOW as usize / 64];
        self.newest = number;
    }

    /// Adds a number that is ahead of all others.
    pub fn add(&mut self, number: u32) {
        let ahead = number.wrapping_sub(self.newest).min(WINDOW);
        for skipped in (0..ahead).map(|n| number.wrapping_sub(n)) {
            let (word, bit) = slot(skipped);
            self.bits[word] &= !bit;
        }
        let (word, bit) = slot(number);
        self.bits[word] |= bit;
        self.newest = number;
    }

    /// Whether `number` came, seen from `current`, which is ahead of all others.
    pub fn has(&self, number: u32, current: u32) -> bool {
        let back = current.wrapping_sub(number);
        let skipped_back = current.wrapping_sub(self.newest);
        if back >= WINDOW {
            return true;
        }
        if back < skipped_back {
            return false;
        }
        let (word, bit) = slot(number);
        self.bits[word] & bit != 0
    }
}

fn slot(number: u32) -> (usize, u64) {
    let place = (number % WINDOW) as usize;
    (place / 64, 1 << (place % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_skipped_is_known_to_be_missing() {
        let mut received = Received::new();
        received.restart(10);
        received.add(11);
        received.add(14);
        assert!(received.has(14, 15) && received.has(11, 15) && received.has(9, 15));
        assert!(!received.has(12, 15) && !received.has(13, 15));
        assert!(!received.has(15, 17), "skipped since the newest");
        assert!(received.has(12, 12 + WINDOW), "too old to know");
    }
}
