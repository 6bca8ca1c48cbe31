//! Which sequence numbers of a stream have been sealed: the guard behind the safety rule.
//!
//! Under AES-GCM two different packets sealed with one key, SSRC and index give the authentication key away. The fan-out
//! sends each packet of a ring once, so this never has to say no; should a bug make it, the packet is dropped and
//! counted, and the key is safe.

/// As many packets behind the newest as a late one can be: half a second of 8 Mbit/s in short packets.
const WINDOW: u64 = 1024;

#[derive(Debug, Default)]
pub struct Sealed {
    newest: Option<u64>,
    bits: [u64; (WINDOW / 64) as usize],
}

impl Sealed {
    /// False when `seq` was inserted before, or is too old to tell.
    pub fn insert(&mut self, seq: u64) -> bool {
        match self.newest {
            None => self.newest = Some(seq),
            Some(newest) if seq > newest => {
                if seq - newest >= WINDOW {
                    self.bits = [0; (WINDOW / 64) as usize];
                } else {
                    for skipped in newest + 1..seq {
                        let (word, bit) = place(skipped);
                        self.bits[word] &= !bit;
                    }
                }
                let (word, bit) = place(seq);
                self.bits[word] &= !bit;
                self.newest = Some(seq);
            }
            Some(newest) if newest - seq >= WINDOW => return false,
            Some(_) => {}
        }
        let (word, bit) = place(seq);
        let is_new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        is_new
    }
}

fn place(seq: u64) -> (usize, u64) {
    ((seq % WINDOW / 64) as usize, 1 << (seq % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_is_new_once() {
        let mut sealed = Sealed::default();
        assert!((5..5000).all(|seq| sealed.insert(seq)));
        assert!((5000 - WINDOW + 1..5000).all(|seq| !sealed.insert(seq)));
    }

    #[test]
    fn a_late_number_is_new_once_and_one_beyond_the_window_never() {
        let mut sealed = Sealed::default();
        assert!(sealed.insert(10) && sealed.insert(2000));
        assert!(!sealed.insert(10));
        assert!(sealed.insert(1500) && !sealed.insert(1500));
        assert!(!sealed.insert(2000 - WINDOW));
        assert!(sealed.insert(2001 - WINDOW));
    }

    #[test]
    fn it_says_what_a_set_of_all_numbers_would_say() {
        let (mut sealed, mut model) = (Sealed::default(), BTreeSet::new());
        let (mut x, mut base) = (9u64, 10_000u64);
        for _ in 0..20_000 {
            x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            base += (x >> 60) / 4;
            let seq = base - (x >> 33) % 900;
            let newest = model.last().copied().unwrap_or(seq);
            if seq + WINDOW > newest {
                assert_eq!(sealed.insert(seq), model.insert(seq), "{seq}");
            }
        }
    }
}
