//! Token buckets per client address, in bounded memory.
//!
//! When the table is full of addresses that are all still refilling, newcomers share one bucket: an attacker with many
//! addresses then slows other newcomers down, and cannot make the table grow.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::settings::Rate;

/// 64 Ki entries of about 40 bytes are 3 MiB.
const CLIENTS_MAX: usize = 65_536;

/// Looking for idle entries walks the table (about 1 ms): once in a second at most.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Limiter {
    rate: Rate,
    clients_max: usize,
    clients: HashMap<IpAddr, Bucket>,
    shared: Option<Bucket>,
    swept: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Thousandths of a request.
    level: u64,
    filled: Instant,
}

impl Limiter {
    pub fn new(rate: Rate) -> Limiter {
        Limiter { rate, clients_max: CLIENTS_MAX, clients: HashMap::new(), shared: None, swept: None }
    }

    /// Takes one request out of the client's bucket, or says in how many seconds there will be one.
    pub fn take(&mut self, now: Instant, ip: IpAddr) -> Result<(), u32> {
        let rate = self.rate;
        let client = network(ip);
        if !self.clients.contains_key(&client) && self.clients.len() >= self.clients_max {
            self.sweep(now);
        }
        let fresh = Bucket::full(rate, now);
        let bucket = if self.clients.contains_key(&client) || self.clients.len() < self.clients_max {
            self.clients.entry(client).or_insert(fresh)
        } else {
            self.shared.get_or_insert(fresh)
        };
        bucket.take(rate, now)
    }

    /// As [`Limiter::take`], and takes nothing.
    pub fn look(&self, now: Instant, ip: IpAddr) -> Result<(), u32> {
        let is_full = self.clients.len() >= self.clients_max;
        let bucket = match self.clients.get(&network(ip)) {
            None if is_full => self.shared,
            known => known.copied(),
        };
        bucket.map_or(Ok(()), |mut copy| copy.take(self.rate, now))
    }

    /// Forgets the clients whose bucket is full again: they are as good as new.
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|swept| now.saturating_duration_since(swept) < SWEEP_INTERVAL) {
            return;
        }
        self.swept = Some(now);
        let rate = self.rate;
        self.clients.retain(|_, bucket| {
            bucket.fill(rate, now);
            bucket.level < capacity(rate)
        });
    }
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Bucket {
        Bucket { level: capacity(rate), filled: now }
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let elapsed_ms = now.saturating_duration_since(self.filled).as_millis().min(u128::from(u32::MAX)) as u64;
        // The clock moves only by what was credited, so that many quick calls do not round their share away.
        if elapsed_ms == 0 {
            return;
        }
        self.filled = now;
        self.level = self.level.saturating_add(elapsed_ms * u64::from(rate.per_s)).min(capacity(rate));
    }

    fn take(&mut self, rate: Rate, now: Instant) -> Result<(), u32> {
        self.fill(rate, now);
        if let Some(left) = self.level.checked_sub(1000) {
            self.level = left;
            return Ok(());
        }
        let wait_s = (1000 - self.level).div_ceil(1000 * u64::from(rate.per_s.max(1)));
        Err(wait_s.clamp(1, 3600) as u32)
    }
}

fn capacity(rate: Rate) -> u64 {
    u64::from(rate.burst) * 1000
}

/// An IPv6 client owns a /64, and its addresses count as one.
pub fn network(ip: IpAddr) -> IpAddr {
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
    fn a_client_may_burst_and_then_waits_while_others_do_not() {
        let start = Instant::now();
        let mut limiter = Limiter::new(Rate { per_s: 2, burst: 3 });
        for _ in 0..3 {
            assert_eq!(limiter.take(start, ip(1)), Ok(()));
        }
        assert_eq!(limiter.take(start, ip(1)), Err(1));
        assert_eq!(limiter.take(start, ip(2)), Ok(()));
        assert_eq!(limiter.take(start + Duration::from_millis(500), ip(1)), Ok(()));
        assert_eq!(limiter.take(start + Duration::from_millis(500), ip(1)), Err(1));
    }

    #[test]
    fn looking_takes_nothing() {
        let start = Instant::now();
        let mut limiter = Limiter::new(Rate { per_s: 1, burst: 1 });
        assert_eq!((limiter.look(start, ip(1)), limiter.look(start, ip(1))), (Ok(()), Ok(())));
        assert_eq!(limiter.take(start, ip(1)), Ok(()));
        assert_eq!((limiter.look(start, ip(1)), limiter.look(start, ip(2))), (Err(1), Ok(())));
    }

    #[test]
    fn addresses_of_one_v6_network_share_a_bucket() {
        let start = Instant::now();
        let mut limiter = Limiter::new(Rate { per_s: 1, burst: 1 });
        assert_eq!(limiter.take(start, "2001:db8::1".parse().unwrap()), Ok(()));
        assert_eq!(limiter.take(start, "2001:db8::2".parse().unwrap()), Err(1));
        assert_eq!(limiter.take(start, "2001:db8:0:1::1".parse().unwrap()), Ok(()));
    }

    #[test]
    fn the_table_is_bounded_and_forgets_who_has_been_quiet() {
        let start = Instant::now();
        let mut limiter = Limiter { clients_max: 10, ..Limiter::new(Rate { per_s: 1, burst: 2 }) };
        for n in 0..10 {
            assert_eq!(limiter.take(start, ip(n)), Ok(()));
        }
        // Strangers share one bucket of two.
        assert_eq!(limiter.take(start, ip(100)), Ok(()));
        assert_eq!(limiter.take(start, ip(101)), Ok(()));
        assert_eq!(limiter.take(start, ip(102)), Err(1));
        assert_eq!(limiter.clients.len(), 10);
        // Those who are known keep their own.
        assert_eq!(limiter.take(start, ip(3)), Ok(()));
        // When the quiet ones are full again, they make way.
        assert_eq!(limiter.take(start + Duration::from_secs(5), ip(103)), Ok(()));
        assert_eq!(limiter.clients.len(), 1);
    }
}
