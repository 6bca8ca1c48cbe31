//! What becomes slower the more often it is tried, in one place. The table behind it is [`meetings::throttle`].

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use meetings::throttle::{Key, Policy, Throttle};

use crate::problem::{Failure, Kind};
use crate::rate::network;

/// Guesses from one place: a handful of typing errors, then waits that double up to a quarter of an hour.
const GUESSES: Policy = Policy { free: 5, first: secs(5), longest: secs(900), forget: secs(3600) };

/// Guesses at one address (or passcode) from everywhere, by those that nobody knows: about one a minute once there were many.
const STRANGERS: Policy = Policy { free: 50, first: secs(5), longest: secs(60), forget: secs(3600) };

/// Guesses at a meeting's passcode from one place: a class that comes in by one address, all at the same moment.
const PASSCODES: Policy = Policy { free: 40, ..GUESSES };

/// What makes something that stays: accounts from one network, meetings of one account. A class or an office gets in.
const MADE: Policy = Policy { free: 100, first: secs(5), longest: secs(60), forget: secs(3600) };

/// Joins from one network, beyond the ones that are free. A town hall behind one address gets in within minutes.
const fn joins(free: u32) -> Policy {
    Policy { free, first: secs(1), longest: secs(5), forget: secs(3600) }
}

#[derive(Debug)]
pub struct Slow {
    pub guesses: Table,
    pub passcodes: Table,
    pub strangers: Table,
    pub made: Table,
    pub joins: Table,
}

#[derive(Debug)]
pub struct Table(Mutex<Throttle>);

impl Slow {
    pub fn new(joins_burst: u32) -> Slow {
        let table = |policy| Table(Mutex::new(Throttle::new(policy)));
        Slow {
            guesses: table(GUESSES),
            passcodes: table(PASSCODES),
            strangers: table(STRANGERS),
            made: table(MADE),
            joins: table(joins(joins_burst)),
        }
    }
}

impl Table {
    /// One more try.
    pub fn take(&self, key: Key) -> Result<(), Failure> {
        self.table().take(Instant::now(), key).map_err(|wait| {
            // Rounded up: who comes back when told to is let in.
            let wait_s = wait.as_secs_f64().ceil() as u32;
            Failure::new(Kind::TooManyAttempts, format!("this was tried too often; retry in {wait_s} s"))
                .retry_after(wait_s)
        })
    }

    /// It was a good one.
    pub fn forgive(&self, key: Key) {
        self.table().forgive(key);
    }

    /// It was none.
    pub fn give_back(&self, key: Key) {
        self.table().give_back(Instant::now(), key);
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Throttle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `what` somebody at `client` tries, at `object`.
pub fn key(what: &str, object: &str, client: IpAddr) -> Key {
    Key::of(&[what.as_bytes(), object.as_bytes(), network(client).to_string().as_bytes()])
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
