//! Wrong keys per address, in bounded memory: after ten an address waits.
//!
//! An address gets one of its tries back every half minute, so that a person who mistypes is not locked out for long, and one
//! who guesses has 2,880 tries a day. An IPv6 client owns a /64, which counts as one address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

pub const WRONG_MAX: u32 = 10;
const FORGET_ONE: Duration = Duration::from_secs(30);

/// Addresses remembered. Beyond it, strangers share one count: an attacker with many addresses slows other newcomers with a
/// wrong key down, and cannot make the table grow.
const ADDRESSES_MAX: usize = 4096;

#[derive(Debug, Default)]
pub struct Throttle {
    wrong: BTreeMap<IpAddr, Wrong>,
    shared: Option<Wrong>,
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    times: u32,
    counted: Instant,
}

impl Throttle {
    /// Whether a key from this address is looked at at all.
    pub fn allows(&mut self, now: Instant, ip: IpAddr) -> bool {
        let ip = network(ip);
        let known = self.wrong.get_mut(&ip);
        let full = known.is_none().then_some(self.shared.as_mut()).flatten();
        known.or(full).is_none_or(|wrong| wrong.left(now) < WRONG_MAX)
    }

    pub fn wrong(&mut self, now: Instant, ip: IpAddr) {
        let ip = network(ip);
        if !self.wrong.contains_key(&ip) && self.wrong.len() >= ADDRESSES_MAX {
            self.wrong.retain(|_, wrong| wrong.left(now) > 0);
        }
        let fresh = Wrong { times: 0, counted: now };
        let wrong = if self.wrong.contains_key(&ip) || self.wrong.len() < ADDRESSES_MAX {
            self.wrong.entry(ip).or_insert(fresh)
        } else {
            self.shared.get_or_insert(fresh)
        };
        wrong.left(now);
        wrong.times = (wrong.times + 1).min(WRONG_MAX);
    }
}

impl Wrong {
    /// Times that still count.
    fn left(&mut self, now: Instant) -> u32 {
        let forgotten = now.saturating_duration_since(self.counted).as_secs() / FORGET_ONE.as_secs();
        if forgotten > 0 {
            self.counted = now;
            self.times = self.times.saturating_sub(forgotten.min(u64::from(WRONG_MAX)) as u32);
        }
        self.times
    }
}

fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    #[test]
    fn ten_wrong_keys_and_an_address_waits_while_others_do_not() {
        let now = Instant::now();
        let mut throttle = Throttle::default();
        for _ in 0..10 {
            assert!(throttle.allows(now, ip(1)));
            throttle.wrong(now, ip(1));
        }
        assert!(!throttle.allows(now, ip(1)) && throttle.allows(now, ip(2)));
        assert!(!throttle.allows(now + Duration::from_secs(29), ip(1)));
        let later = now + Duration::from_secs(30);
        assert!(throttle.allows(later, ip(1)));
        throttle.wrong(later, ip(1));
        assert!(!throttle.allows(later, ip(1)), "one try came back, not all");
    }

    #[test]
    fn a_v6_network_counts_as_one_and_a_mapped_address_as_what_it_is() {
        let now = Instant::now();
        let mut throttle = Throttle::default();
        for n in 0..10 {
            throttle.wrong(now, format!("2001:db8::{n}").parse().unwrap());
            throttle.wrong(now, "::ffff:192.0.2.1".parse().unwrap());
        }
        assert!(!throttle.allows(now, "2001:db8::ffff".parse().unwrap()));
        assert!(throttle.allows(now, "2001:db8:0:1::".parse().unwrap()));
        assert!(!throttle.allows(now, "192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn many_addresses_do_not_make_it_grow() {
        let now = Instant::now();
        let mut throttle = Throttle::default();
        for n in 0..10_000 {
            throttle.wrong(now, ip(n));
        }
        assert_eq!(throttle.wrong.len(), ADDRESSES_MAX);
        assert!(!throttle.allows(now, ip(1_000_000)), "strangers share a count");
        assert!(throttle.allows(now, ip(5)), "those who are known have their own");
    }
}
