//! What became of a publisher's packets on their way to one viewer, by the counters inside the payloads: whatever the
//! server rewrote in headers, a packet is the same packet. One ledger per viewer and stream.

/// How far back a late packet is still recognised as late rather than as a duplicate. A second and a half of a
/// 10 Mbit/s stream; a power of two.
const WINDOW: u64 = 2048;

#[derive(Debug, Clone)]
pub struct Ledger {
    first: u64,
    highest: u64,
    /// One bit per counter in `highest - WINDOW + 1 ..= highest`.
    seen: Box<[u64; (WINDOW / 64) as usize]>,
    unique: u64,
    duplicated: u64,
    reordered: u64,
    skipped: u64,
}

/// What a ledger says in the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balance {
    pub received: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    /// Passed over on purpose, see [`Ledger::skip_to`].
    pub skipped: u64,
}

impl Ledger {
    /// Opened by the first packet: what was sent before it belongs to nobody's expectations.
    pub fn open(counter: u64) -> Ledger {
        let mut ledger = Ledger {
            first: counter,
            highest: counter,
            seen: Box::new([0; (WINDOW / 64) as usize]),
            unique: 1,
            duplicated: 0,
            reordered: 0,
            skipped: 0,
        };
        ledger.mark(counter);
        ledger
    }

    pub fn enter(&mut self, counter: u64) {
        if counter > self.highest {
            let newly = (counter - self.highest).min(WINDOW);
            for forgotten in counter - newly + 1..=counter {
                let (word, bit) = slot(forgotten);
                self.seen[word] &= !bit;
            }
            self.highest = counter;
            self.mark(counter);
            self.unique += 1;
            return;
        }
        let (word, bit) = slot(counter);
        if counter + WINDOW <= self.highest || self.seen[word] & bit != 0 {
            self.duplicated += 1;
            return;
        }
        self.mark(counter);
        self.unique += 1;
        self.reordered += 1;
        // A repair may bring what came before our first: then that is where the stream began.
        self.first = self.first.min(counter);
    }

    /// The server went on with a keyframe, and numbered it as if nothing lay between: whoever catches up with what is live need not see
    /// all of the past. What lies between is not lost, since nobody would ask for it.
    pub fn skip_to(&mut self, counter: u64) {
        self.skipped += (counter - self.highest.min(counter)).saturating_sub(1);
        self.enter(counter);
    }

    /// `last_sent` is the publisher's last counter: what is missing at the end of the stream is lost as well.
    pub fn close(&self, last_sent: u64) -> Balance {
        let expected = last_sent.max(self.highest) - self.first + 1;
        Balance {
            received: self.unique + self.duplicated,
            lost: expected.saturating_sub(self.unique + self.skipped),
            duplicated: self.duplicated,
            reordered: self.reordered,
            skipped: self.skipped,
        }
    }

    fn mark(&mut self, counter: u64) {
        let (word, bit) = slot(counter);
        self.seen[word] |= bit;
    }
}

impl std::ops::AddAssign for Balance {
    fn add_assign(&mut self, other: Balance) {
        self.received += other.received;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.skipped += other.skipped;
    }
}

fn slot(counter: u64) -> (usize, u64) {
    ((counter % WINDOW / 64) as usize, 1 << (counter % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn balance(counters: &[u64], last_sent: u64) -> Balance {
        let mut ledger = Ledger::open(counters[0]);
        for counter in &counters[1..] {
            ledger.enter(*counter);
        }
        ledger.close(last_sent)
    }

    #[test]
    fn a_viewer_that_joins_late_and_gets_the_rest_has_lost_nothing() {
        let rest: Vec<u64> = (5000..9000).collect();
        assert_eq!(balance(&rest, 8999), Balance { received: 4000, ..Balance::default() });
    }

    #[test]
    fn holes_ends_repeats_and_late_ones_are_each_counted_as_what_they_are() {
        assert_eq!(balance(&[1, 2, 4], 4), Balance { received: 3, lost: 1, ..Balance::default() });
        assert_eq!(balance(&[1, 2, 3], 5), Balance { received: 3, lost: 2, ..Balance::default() });
        assert_eq!(balance(&[1, 2, 2, 3], 3), Balance { received: 4, duplicated: 1, ..Balance::default() });
        assert_eq!(balance(&[1, 3, 2], 3), Balance { received: 3, reordered: 1, ..Balance::default() });
        assert_eq!(balance(&[3, 2, 1], 3), Balance { received: 3, reordered: 2, ..Balance::default() });
    }

    #[test]
    fn what_is_passed_over_with_a_keyframe_is_not_lost_and_what_is_missing_after_it_is() {
        let mut ledger = Ledger::open(10);
        ledger.enter(11);
        ledger.skip_to(50);
        ledger.skip_to(51);
        ledger.enter(53);
        assert_eq!(ledger.close(53), Balance { received: 5, lost: 1, skipped: 38, ..Balance::default() });
    }

    #[test]
    fn a_jump_longer_than_the_window_forgets_nothing_it_should_know() {
        let jump = 10 * WINDOW;
        assert_eq!(balance(&[1, jump, jump], jump).duplicated, 1);
        assert_eq!(balance(&[1, jump, jump - WINDOW + 1], jump).reordered, 1);
        assert_eq!(balance(&[1, jump], jump).lost, jump - 2);
    }

    proptest! {
        #[test]
        fn within_the_window_the_ledger_agrees_with_a_set(counters in proptest::collection::vec(100u64..1500, 1..300)) {
            let set: std::collections::BTreeSet<u64> = counters.iter().copied().collect();
            let balance = balance(&counters, 1500);
            prop_assert_eq!(balance.received, counters.len() as u64);
            prop_assert_eq!(balance.duplicated, (counters.len() - set.len()) as u64);
            prop_assert_eq!(balance.lost, 1500 - set.first().unwrap() + 1 - set.len() as u64);
        }
    }
}
