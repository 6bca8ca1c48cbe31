//! Waits that grow with each try: for guesses at passwords, and for whatever else should become slow before it becomes many.
//!
//! Nobody is ever locked out. A key that was tried too often waits, at most [`Policy::longest`], and is forgotten after a while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Context, SHA256};

/// 64 Ki entries of about 60 bytes are 4 MiB.
const ENTRIES_MAX: usize = 65_536;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Tries before the first wait.
    pub free: u32,
    /// The first wait. Each one after it is twice as long.
    pub first: Duration,
    pub longest: Duration,
    /// After this long without a try everything is forgotten.
    pub forget: Duration,
}

/// Who tries what. A hash, so that the table holds no address, and an entry has one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key([u8; 16]);

impl Key {
    pub fn of(parts: &[&[u8]]) -> Key {
        let mut hash = Context::new(&SHA256);
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut half = [0; 16];
        half.copy_from_slice(&hash.finish().as_ref()[..16]);
        Key(half)
    }
}

#[derive(Debug)]
pub struct Throttle {
    policy: Policy,
    entries_max: usize,
    entries: BTreeMap<Key, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    tries: u32,
    last: Instant,
    /// Nothing is tried before this.
    next: Instant,
}

impl Throttle {
    pub fn new(policy: Policy) -> Throttle {
        Throttle { policy, entries_max: ENTRIES_MAX, entries: BTreeMap::new() }
    }

    /// One more try, which counts at once, so that a hundred at the same time are a hundred. Else how long to wait; to be told
    /// so costs nothing.
    pub fn take(&mut self, now: Instant, key: Key) -> Result<(), Duration> {
        if self.entries.len() >= self.entries_max && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        let policy = self.policy;
        let fresh = Entry { tries: 0, last: now, next: now };
        let entry = self.entries.entry(key).or_insert(fresh);
        if now.saturating_duration_since(entry.last) >= policy.forget {
            *entry = fresh;
        }
        entry.last = now;
        if now < entry.next {
            return Err(entry.next - now);
        }
        entry.tries = entry.tries.saturating_add(1);
        entry.next = now + policy.wait_after(entry.tries);
        Ok(())
    }

    /// The try was a good one: nothing is held against this key.
    pub fn forgive(&mut self, key: Key) {
        self.entries.remove(&key);
    }

    /// The try does not count, and those before it do.
    pub fn give_back(&mut self, now: Instant, key: Key) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.tries = entry.tries.saturating_sub(1);
            entry.next = now;
        }
    }

    /// Drops the half that has been quiet for longest. Whoever fills the table with new keys drops their own sooner than those
    /// that are being tried.
    fn make_room(&mut self, now: Instant) {
        let forget = self.policy.forget;
        self.entries.retain(|_, entry| now.saturating_duration_since(entry.last) < forget);
        if self.entries.len() < self.entries_max {
            return;
        }
        let mut lasts: Vec<Instant> = self.entries.values().map(|entry| entry.last).collect();
        lasts.sort_unstable();
        let middle = lasts[lasts.len() / 2];
        let mut spare = self.entries.len() / 2;
        self.entries.retain(|_, entry| {
            let drop = entry.last <= middle && spare > 0;
            spare -= usize::from(drop);
            !drop
        });
    }
}

impl Policy {
    fn wait_after(self, tries: u32) -> Duration {
        let Some(over) = tries.checked_sub(self.free).filter(|over| *over > 0) else { return Duration::ZERO };
        // 2^31 of anything is longer than the longest wait.
        self.first.saturating_mul(1 << (over - 1).min(31)).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        free: 3,
        first: Duration::from_secs(1),
        longest: Duration::from_secs(10),
        forget: Duration::from_secs(3600),
    };

    fn key(n: u32) -> Key {
        Key::of(&[b"test", &n.to_be_bytes()])
    }

    #[test]
    fn the_first_tries_are_free_and_then_waits_double_up_to_the_longest() {
        let mut throttle = Throttle::new(POLICY);
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..10 {
            let mut waited = Duration::ZERO;
            while let Err(wait) = throttle.take(now, key(1)) {
                waited += wait;
                now += wait;
            }
            waits.push(waited.as_secs());
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 10, 10]);
        assert_eq!(throttle.take(now, key(2)), Ok(()), "another key does not wait");
    }

    #[test]
    fn a_good_try_and_a_quiet_hour_begin_anew() {
        let now = Instant::now();
        for anew in [true, false] {
            let mut throttle = Throttle::new(POLICY);
            (0..4).for_each(|_| throttle.take(now, key(1)).unwrap());
            assert_eq!(throttle.take(now, key(1)), Err(Duration::from_secs(1)));
            if anew {
                throttle.forgive(key(1));
                assert_eq!(throttle.take(now, key(1)), Ok(()));
            } else {
                let later = now + POLICY.forget;
                (0..3).for_each(|_| throttle.take(later, key(1)).unwrap());
            }
        }
    }

    #[test]
    fn being_told_to_wait_makes_the_wait_no_longer() {
        let mut throttle = Throttle::new(POLICY);
        let now = Instant::now();
        (0..4).for_each(|_| throttle.take(now, key(1)).unwrap());
        for _ in 0..1000 {
            assert!(throttle.take(now, key(1)).is_err());
        }
        assert_eq!(throttle.take(now + Duration::from_secs(1), key(1)), Ok(()));
    }

    #[test]
    fn a_flood_of_new_keys_drops_those_that_were_quiet_and_not_those_that_are_tried() {
        let mut throttle = Throttle { entries_max: 100, ..Throttle::new(POLICY) };
        let mut now = Instant::now();
        let mut waited = 0;
        for n in 10..10_000 {
            now += Duration::from_millis(10);
            assert_eq!(throttle.take(now, key(n)), Ok(()));
            waited += u32::from(throttle.take(now, key(1)).is_err());
            assert!(throttle.entries.len() <= 100);
        }
        assert!(waited > 9_900, "{waited}");
    }

    #[test]
    fn parts_of_a_key_do_not_run_into_each_other() {
        assert_ne!(Key::of(&[b"ab", b"c"]), Key::of(&[b"a", b"bc"]));
    }
}
