//! A meeting full of synthetic people, who come in as a page does: a ticket over HTTP, the WebSocket of
//! `docs/client-protocol.md`, one peer connection for what they send and one with slots for what they receive.
//!
//! ```text
//!             door (HTTP) ─▶ socket ◀── packets ──▶ person ── offers, pages ──┐
//!                                                     ▲                       ▼
//!   crew: publishers ══ media ══▶ the node ══ media ══ crew: listeners ── sightings
//!              ▲                                            │
//!              └────────── rota: who speaks when ───────────┘ voices, tiles: is it right?
//! ```
//!
//! A person is one task; media runs on the threads of [`crate::load::crew`]. [`conduct`] is a meeting that is looked at,
//! [`cycles`] one that people come to and leave ten thousand times, after which [`gauges`] have to stand where they stood.

mod conduct;
mod cycles;
mod door;
mod gallery;
mod gauges;
mod listener;
mod options;
mod person;
mod report;
mod rota;
mod socket;
mod studio;
mod tiles;
mod voices;

pub use conduct::run;
pub use cycles::run as run_cycles;
pub use options::{CycleOptions, Options, Venue};
pub use report::{CyclesReport, Report};
pub use rota::Rota;
