//! Two TUN devices joined by two links in real time: whatever programs on either side send to the other goes through
//! the model. One thread, one loop, no locks; a Unix socket changes the weather while it runs.
//!
//! ```text
//!   namespace "left"                                         namespace "right"
//!   browser ── tun ═══► forward: Link ═══════════════════════► tun ── weir
//!               ▲ ◄════════════════════════ back: Link ◄═══════ ▲
//! ```
//!
//! It sees IP packets, headers included: a corrupted one is usually refused by the receiver's UDP checksum, as on a
//! real wire, and `mtu` counts from the IP header.

mod control;
mod os;

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::{Error, Link, Profile, Stats};

pub use control::{Direction, Reply, Request, Weather, ask};

#[derive(Debug, Clone)]
pub struct Options {
    pub left: End,
    pub right: End,
    /// From left to right.
    pub forward: Profile,
    pub back: Profile,
    pub seed: u64,
    /// Where to listen for [`Request`]s, one JSON document per line.
    pub control: Option<PathBuf>,
}

/// One of the two devices.
#[derive(Debug, Clone)]
pub struct End {
    /// At most 15 characters, which is the kernel's limit.
    pub device: String,
    /// A name that `ip netns` knows, or a path such as `/proc/123/ns/net`; the current one if absent.
    pub namespace: Option<String>,
    pub addresses: Vec<Cidr>,
    pub mtu: u16,
}

impl End {
    pub fn new(device: &str) -> End {
        End { device: device.to_owned(), namespace: None, addresses: Vec::new(), mtu: 1500 }
    }

    pub fn namespace(self, namespace: &str) -> End {
        End { namespace: Some(namespace.to_owned()), ..self }
    }

    pub fn address(mut self, cidr: Cidr) -> End {
        self.addresses.push(cidr);
        self
    }
}

/// An address and the length of its network's prefix, like `10.9.0.1/24` or `fd00::1/64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    pub address: IpAddr,
    pub prefix: u8,
}

impl FromStr for Cidr {
    type Err = Error;

    fn from_str(text: &str) -> Result<Cidr, Error> {
        let parsed = || {
            let (address, prefix) = text.split_once('/')?;
            let address: IpAddr = address.parse().ok()?;
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= if address.is_ipv4() { 32 } else { 128 })?;
            Some(Cidr { address, prefix })
        };
        parsed().ok_or_else(|| Error::Cidr(text.to_owned()))
    }
}

/// What the shim is doing, per direction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    pub forward: DirectionStatus,
    pub back: DirectionStatus,
    /// Packets that the receiving kernel refused, as it does with a corrupted IP header.
    pub refused: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DirectionStatus {
    pub profile: Profile,
    pub in_flight: usize,
    pub stats: Stats,
}

/// Both devices exist and have their addresses; `run` starts to carry packets.
pub struct Shim {
    left: os::Tun,
    right: os::Tun,
    forward: Link,
    back: Link,
    refused: u64,
    control: Option<control::Server>,
}

/// Blocks until a `stop` on the control socket, or until the process ends. The devices vanish with it.
pub fn run(options: Options) -> Result<Status, Error> {
    Shim::open(options)?.run()
}

/// Reads per device before the other one, the timers and the control socket get their turn.
const BATCH: usize = 64;

impl Shim {
    pub fn open(options: Options) -> Result<Shim, Error> {
        Ok(Shim {
            left: os::Tun::open(&options.left)?,
            right: os::Tun::open(&options.right)?,
            forward: Link::new(options.forward, options.seed),
            // Another stream of luck, or both directions would lose the same packets.
            back: Link::new(options.back, !options.seed),
            refused: 0,
            control: options.control.map(control::Server::bind).transpose()?,
        })
    }

    pub fn run(mut self) -> Result<Status, Error> {
        loop {
            self.wait()?;
            carry(&self.left, &mut self.forward)?;
            carry(&self.right, &mut self.back)?;
            let now = Instant::now();
            self.refused += deliver(now, &mut self.forward, &self.right)?;
            self.refused += deliver(now, &mut self.back, &self.left)?;
            if self.answer() {
                return Ok(self.status());
            }
        }
    }

    pub fn status(&self) -> Status {
        let direction = |link: &Link| DirectionStatus {
            profile: link.profile().clone(),
            in_flight: link.in_flight(),
            stats: link.stats(),
        };
        Status { forward: direction(&self.forward), back: direction(&self.back), refused: self.refused }
    }

    /// Until a packet can be read, one in flight is due, or somebody asks something.
    fn wait(&self) -> Result<(), Error> {
        let due = [self.forward.next(), self.back.next()].into_iter().flatten().min();
        let timeout = due.map(|due| due.saturating_duration_since(Instant::now()));
        let mut fds = vec![self.left.raw(), self.right.raw()];
        if let Some(control) = &self.control {
            control.watch(&mut fds);
        }
        os::wait(&fds, timeout).map_err(|source| Error::Io { what: "waiting for packets".to_owned(), source })
    }

    /// Whether somebody said stop.
    fn answer(&mut self) -> bool {
        let Some(mut control) = self.control.take() else { return false };
        let mut stop = false;
        control.serve(|request| match request {
            Request::Status => Reply::Ok(Box::new(self.status())),
            Request::Stop => {
                stop = true;
                Reply::Ok(Box::new(self.status()))
            }
            Request::Set { direction, profile } => match Profile::try_from(profile) {
                Ok(profile) => {
                    if direction != Direction::Back {
                        self.forward.set_profile(profile.clone());
                    }
                    if direction != Direction::Forward {
                        self.back.set_profile(profile);
                    }
                    Reply::Ok(Box::new(self.status()))
                }
                Err(error) => Reply::Error(error.to_string()),
            },
        });
        self.control = Some(control);
        stop
    }
}

fn carry(from: &os::Tun, link: &mut Link) -> Result<(), Error> {
    let mut packet = [0; 65_536];
    for _ in 0..BATCH {
        match from.read(&mut packet)? {
            Some(length) => link.send(Instant::now(), &packet[..length]),
            None => break,
        }
    }
    Ok(())
}

/// How many the receiving kernel refused.
fn deliver(now: Instant, link: &mut Link, to: &os::Tun) -> Result<u64, Error> {
    let mut refused = 0;
    while let Some(packet) = link.poll(now) {
        refused += u64::from(!to.write(&packet)?);
    }
    Ok(refused)
}
