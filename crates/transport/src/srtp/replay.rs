//! The sequence space of one SSRC. For a receiver it guesses the rollover counter of a packet (RFC 3711 §3.3.1 and
//! appendix A); for both ends it refuses what was seen or is too old to know (§3.3.2).

/// What libwebrtc uses. A packet that was repaired upstream comes a round trip late: 200 ms of 8 Mbit/s are 160 packets.
const WINDOW: u64 = 1024;
const WORDS: usize = (WINDOW / 64) as usize;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    /// Highest index accepted so far; `None` before the first.
    top: Option<u64>,
    /// Bit `index mod WINDOW` says that the index was accepted; only the `WINDOW` indexes up to `top` are remembered.
    seen: [u64; WORDS],
}

impl Window {
    /// The index that a packet with this sequence number most likely has. `None` when it would lie before the first.
    pub(super) fn guess(&self, seq: u16) -> Option<u64> {
        let Some(top) = self.top else {
            return Some(u64::from(seq));
        };
        let ahead = i64::from(seq.wrapping_sub(top as u16) as i16);
        top.checked_add_signed(ahead)
    }

    /// Whether the index is new and young enough.
    pub(super) fn admits(&self, index: u64) -> bool {
        match self.top {
            Some(top) if index <= top => {
                let (word, bit) = place(index);
                top - index < WINDOW && self.seen[word] & bit == 0
            }
            _ => true,
        }
    }

    /// Marks an index as received. Only for authentic packets: a forged one would move the window.
    pub(super) fn accept(&mut self, index: u64) {
        match self.top {
            Some(top) if index <= top => {}
            Some(top) if index - top < WINDOW => {
                // What was remembered in these places has fallen out of the window.
                for fallen in top + 1..index {
                    let (word, bit) = place(fallen);
                    self.seen[word] &= !bit;
                }
                self.top = Some(index);
            }
            _ => {
                self.seen = [0; WORDS];
                self.top = Some(index);
            }
        }
        let (word, bit) = place(index);
        self.seen[word] |= bit;
    }
}

fn place(index: u64) -> (usize, u64) {
    ((index % WINDOW / 64) as usize, 1 << (index % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_continue_across_a_rollover_in_any_order() {
        let mut window = Window::default();
        let mut received = Vec::new();
        for seq in [65_530u16, 65_532, 65_531, 65_535, 0, 65_534, 2, 1] {
            let index = window.guess(seq).unwrap();
            assert!(window.admits(index), "{seq}");
            window.accept(index);
            received.push(index);
        }
        assert_eq!(received, [65_530, 65_532, 65_531, 65_535, 65_536, 65_534, 65_538, 65_537]);
    }

    #[test]
    fn a_replay_is_refused_and_so_is_what_is_too_old_to_know() {
        let mut window = Window::default();
        for index in [10_000, 10_001, 10_200] {
            window.accept(index);
            assert!(!window.admits(index));
        }
        assert!(window.admits(10_199));
        assert!(window.admits(10_201 - WINDOW));
        assert!(!window.admits(10_200 - WINDOW));
    }

    #[test]
    fn nothing_comes_before_the_beginning() {
        let mut window = Window::default();
        window.accept(3);
        assert_eq!(window.guess(65_535), None);
    }

    #[test]
    fn it_says_what_a_set_of_all_numbers_would_say() {
        let (mut window, mut model) = (Window::default(), std::collections::BTreeSet::new());
        let (mut dice, mut base) = (9u64, 100_000u64);
        for _ in 0..50_000 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Mostly one on, sometimes far ahead, often a straggler.
            base += if dice >> 54 == 0 { 3000 } else { dice >> 62 };
            let index = base - (dice >> 33) % 1500;
            let top = model.last().copied().unwrap_or(index);
            let expected = index > top || (top - index < WINDOW && !model.contains(&index));
            assert_eq!(window.admits(index), expected, "{index} under {top}");
            if expected {
                window.accept(index);
                model.insert(index);
            }
        }
    }
}
