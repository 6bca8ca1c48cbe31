//! One model of a bad network, used twice: in virtual time by the simulator, and in real time between two TUN devices
//! for real programs in network namespaces (a kernel without `netem` is common: containers, micro-VMs).
//!
//! ```text
//!            rate and queue          loss, corruption         delay, jitter
//!   send ──► ▒▒▒▒ tail drop ───────► bursts or random ──────► in flight ──────► poll
//! ```
//!
//! [`Profile`] says what a direction does to datagrams, [`Link`] does it. Neither reads a clock or knows what the bytes
//! mean; [`shim`] is the only part that meets an operating system.

mod link;
mod profile;
mod rng;
pub mod shim;

#[doc(hidden)]
pub mod fuzz;

pub use link::{Link, Stats};
pub use profile::{Loss, PRESETS, Percent, Profile, Rate};
pub use rng::Rng;

/// What can go wrong, in words for the person who typed it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "`{0}` is not part of a network profile: use a preset ({presets}) or delay=50ms jitter=5ms reorder loss=5% \
         bursts=5%x4 duplicate=1% corrupt=0.1% rate=2000kbps queue=200ms mtu=1280 partition, joined by commas",
        presets = profile::preset_names()
    )]
    Profile(String),
    #[error("`{value}` is not a value for `{key}`: expected {expected}")]
    Value { key: &'static str, value: String, expected: &'static str },
    #[error("`{0}` is not an address with a prefix, like 10.9.0.1/24 or fd00::1/64")]
    Cidr(String),
    #[error("`{0}` is not a device name: 1 to 15 characters")]
    Device(String),
    #[error("{what}")]
    Io {
        what: String,
        #[source]
        source: std::io::Error,
    },
}
