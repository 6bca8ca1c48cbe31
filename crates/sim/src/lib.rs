//! A world from a seed: one node with its workers, clients with their lines, and a clock that only moves when nothing is
//! left to do.
//!
//! The cores are the real ones (engine, transport on both ends, the network model); only the wire and the clock are
//! made. A scenario reads as sentences, and what a viewer saw is judged by `media::check` after a receive buffer as a
//! browser has one:
//!
//! ```ignore
//! let mut sim = Sim::seed(7);
//! sim.publish("room", "ann");
//! sim.run(secs(2));
//! sim.watch("room", "bob");
//! sim.run(secs(5));
//! sim.viewer("bob").sees_a_clean_stream();
//! ```
//!
//! One seed is one run: the handshake's bytes differ from run to run (they are random keys), so lines are impaired and
//! the trace begins once a client is connected.

mod client;
mod talk;
mod viewer;
mod world;

pub use client::{Heard, Publish};
pub use viewer::{Seen, Steps};
pub use world::{Sim, profile};

use std::time::Duration;

pub fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}
