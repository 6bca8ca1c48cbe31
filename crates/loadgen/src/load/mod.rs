//! One load test, from the first publisher to the report.
//!
//! ```text
//!   publishers join ─► baseline ─► viewers join, one by one ─► everybody watches ─► publishers stop ─► drain ─► report
//!                      (server's                               (rates, delays,       (what is missing
//!                       memory)                                 server's CPU)         now is lost)
//! ```
//!
//! HTTP runs on tokio. Media runs on a few plain threads ([`crew`]), which own their clients and share only counters.

pub(crate) mod board;
pub(crate) mod codecs;
pub(crate) mod conduct;
pub(crate) mod crew;
pub(crate) mod endpoint;
pub(crate) mod feed;
pub(crate) mod light;
pub(crate) mod numbers;
mod options;
pub(crate) mod publisher;
pub(crate) mod receiver;
mod recording;
mod tally;
pub(crate) mod track;
mod viewer;

pub use conduct::run;
pub use options::{Options, Server, Weight};
