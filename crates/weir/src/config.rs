//! The configuration: what can be set, and how defaults, a file, the environment and flags become one set of values.
//!
//! There is one rule. A key `key` of section `[section]` in the file is `WEIR_SECTION_KEY` in the environment and
//! `--set section.key=VALUE` on the command line; a later layer wins. The few flags with names of their own (`--http`,
//! `--media`, …) are short for a `--set`. Nothing is read from anywhere else, and every value knows where it came from.
//!
//! A section is one struct in one file, which also says what the numbers become. `weir.toml` at the top of the repository is
//! the manual of all of them, and a test holds the two together.

mod accounts;
mod address;
mod auth;
mod data;
mod drain;
mod events;
mod file;
mod ftl;
mod http;
mod layers;
mod limits;
mod log;
mod mail;
mod media;
mod meetings;
mod nearest;
mod stream;
#[cfg(test)]
mod tests;
mod upstream;
mod webhooks;

use serde::{Deserialize, Serialize};

pub use auth::Mode;
pub use layers::{Flag, Loaded, Sources, load};
pub use log::Format;
pub use stream::read_clip;

/// The manual, for `weir config manual`.
pub const MANUAL: &str = include_str!("../../../weir.toml");

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub http: http::Section,
    pub media: media::Section,
    pub auth: auth::Section,
    pub data: data::Section,
    pub accounts: accounts::Section,
    pub meetings: meetings::Section,
    pub mail: mail::Section,
    pub events: events::Section,
    pub webhooks: webhooks::Section,
    pub stream: stream::Section,
    pub upstream: upstream::Section,
    pub ftl: ftl::Section,
    pub limits: limits::Section,
    pub drain: drain::Section,
    pub log: log::Section,
}

/// A value that has the right type and still cannot be meant.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// `section.key`.
    pub key: &'static str,
    /// Completes the sentence "section.key = value: …".
    pub problem: String,
}

impl Fault {
    fn new(key: &'static str, problem: impl Into<String>) -> Fault {
        Fault { key, problem: problem.into() }
    }
}

impl Config {
    /// What types cannot express. The first fault found is the one to report.
    fn check(&self) -> Result<(), Fault> {
        self.http.check()?;
        self.media.check()?;
        self.data.check()?;
        self.accounts.check()?;
        self.meetings.check()?;
        self.mail.check()?;
        self.events.check()?;
        self.webhooks.check()?;
        self.stream.check()?;
        self.upstream.check()?;
        self.ftl.check()?;
        self.limits.check()?;
        self.log.check()
    }
}

/// For a number of which none at all would stop the node from working.
fn at_least_one(key: &'static str, n: impl Into<u64>) -> Result<(), Fault> {
    if n.into() == 0 { Err(Fault::new(key, "it must be 1 or more")) } else { Ok(()) }
}
