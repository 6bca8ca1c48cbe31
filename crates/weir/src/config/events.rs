//! `[events]`: the log of what happens on the node.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use signal::chronicle::Settings;

use super::{Fault, at_least_one};

/// A million rows of a few hundred bytes.
const KEPT_MAX: u32 = 1_000_000;

/// What a disk writes on the side, and a reader reads.
const VIEWERS_MAX: u32 = 1_000;

/// A host's name has at most so many bytes (RFC 1035).
const NODE_LEN_MAX: usize = 255;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub node: String,
    pub kept_max: u32,
    pub kept_days: u32,
    pub viewers_per_s: u32,
}

impl Default for Section {
    fn default() -> Section {
        let log = Settings::default();
        Section {
            node: String::new(),
            kept_max: log.kept_max as u32,
            kept_days: (log.kept.as_secs() / 86_400) as u32,
            viewers_per_s: log.viewers_per_s,
        }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        if self.node.len() > NODE_LEN_MAX || self.node.chars().any(char::is_control) {
            return Err(Fault::new("events.node", "a name has at most 255 bytes, and no control characters"));
        }
        if !(1_000..=KEPT_MAX).contains(&self.kept_max) {
            return Err(Fault::new("events.kept_max", format!("it must be between 1000 and {KEPT_MAX}")));
        }
        at_least_one("events.kept_days", self.kept_days)?;
        if self.viewers_per_s > VIEWERS_MAX {
            return Err(Fault::new("events.viewers_per_s", format!("it must be between 0 and {VIEWERS_MAX}")));
        }
        Ok(())
    }

    pub fn settings(&self) -> Settings {
        Settings {
            node: self.node(),
            kept_max: self.kept_max.into(),
            kept: Duration::from_secs(86_400) * self.kept_days,
            viewers_per_s: self.viewers_per_s,
        }
    }

    /// What events say; the machine's name where none was given.
    pub fn node(&self) -> String {
        if !self.node.is_empty() {
            return self.node.clone();
        }
        // Where it is on Linux; elsewhere the shell may know.
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let name = name.or_else(|| std::env::var("HOSTNAME").ok()).map(|name| name.trim().to_owned());
        name.filter(|name| !name.is_empty() && name.len() <= NODE_LEN_MAX).unwrap_or_else(|| "weir".to_owned())
    }
}
