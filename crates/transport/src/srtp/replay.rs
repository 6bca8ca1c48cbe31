//! The sequence space of one SSRC. For a receiver it guesses the rollover counter of a packet (RFC 3711 §3.3.1 and
//! appendix A); for both ends it refuses what was seen or is too old to know (§3.3.2).

/// 128 packets: half a second of a 2.5 Mbit/s video, more than a network reorders.
const WINDOW: u64 = 128;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    /// Highest index accepted so far; meaningless while `seen` is zero.
    top: u64,
    /// Bit `i` says that index `top - i` was accepted.
    seen: u128,
}

impl Window {
    /// The index that a packet with this sequence number most likely has. `None` when it would lie before the first.
    pub(super) fn guess(&self, seq: u16) -> Option<u64> {
        if self.seen == 0 {
            return Some(u64::from(seq));
        }
        let ahead = i64::from(seq.wrapping_sub(self.top as u16) as i16);
        self.top.checked_add_signed(ahead)
    }

    /// Whether the index is new and young enough.
    pub(super) fn admits(&self, index: u64) -> bool {
        if self.seen == 0 || index > self.top {
            return true;
        }
        let age = self.top - index;
        age < WINDOW && self.seen >> age & 1 == 0
    }

    /// Marks an index as received. Only for authentic packets: a forged one would move the window.
    pub(super) fn accept(&mut self, index: u64) {
        if self.seen == 0 {
            (self.top, self.seen) = (index, 1);
        } else if index > self.top {
            let shift = index - self.top;
            self.seen = if shift < WINDOW { self.seen << shift | 1 } else { 1 };
            self.top = index;
        } else {
            self.seen |= 1 << (self.top - index).min(WINDOW - 1);
        }
    }
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
        for index in [1000, 1001, 1200] {
            window.accept(index);
            assert!(!window.admits(index));
        }
        assert!(window.admits(1199));
        assert!(window.admits(1200 - WINDOW + 1));
        assert!(!window.admits(1200 - WINDOW));
    }

    #[test]
    fn nothing_comes_before_the_beginning() {
        let mut window = Window::default();
        window.accept(3);
        assert_eq!(window.guess(65_535), None);
    }
}
