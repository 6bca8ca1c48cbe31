//! One load test, from the first publisher to the report.
//!
//! ```text
//!   publishers join ─► baseline ─► viewers join, one by one ─► everybody watches ─► publishers stop ─► drain ─► report
//!                      (server's                               (rates, delays,       (what is missing
//!                       memory)                                 server's CPU)         now is lost)
//! ```
//!
//! HTTP runs on tokio. Media runs on a few plain threads ([`crew`]), which own their clients and share only counters.

mod board;
mod codecs;
mod conduct;
mod crew;
mod endpoint;
mod light;
mod numbers;
mod options;
mod publisher;
mod recording;
mod tally;
mod track;
mod viewer;

pub use conduct::run;
pub use options::{Options, Server, Weight};
