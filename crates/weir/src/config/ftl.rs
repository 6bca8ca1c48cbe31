//! `[ftl]`: ingest for older encoders, without encryption.

use ftl::listener::Settings;
use ftl::{Key, Keys};
use serde::{Deserialize, Serialize};

use super::Fault;
use super::address::Address;

/// More channels than an operator writes down one by one.
const SESSIONS_MAX: u32 = 4096;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub enabled: bool,
    pub listen: Address,
    pub media: Address,
    pub keys: Vec<String>,
    pub sessions_max: u32,
}

impl Default for Section {
    fn default() -> Section {
        let everywhere = Address((std::net::Ipv6Addr::UNSPECIFIED, ftl::client::PORT).into());
        Section { enabled: false, listen: everywhere, media: everywhere, keys: Vec::new(), sessions_max: 64 }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        self.keys().map_err(|error| Fault::new("ftl.keys", error.to_string()))?;
        if self.enabled && self.keys.is_empty() {
            return Err(Fault::new("ftl.keys", "FTL is enabled, and nobody has a key: write [\"CHANNEL-SECRET\"]"));
        }
        if !(1..=SESSIONS_MAX).contains(&self.sessions_max) {
            return Err(Fault::new("ftl.sessions_max", format!("it must be between 1 and {SESSIONS_MAX}")));
        }
        Ok(())
    }

    /// What a node is to run; nothing unless it is enabled.
    pub fn settings(&self) -> Option<Settings> {
        self.enabled.then(|| Settings {
            listen: self.listen.0,
            media: self.media.0,
            keys: self.keys().expect("checked when it was loaded"),
            sessions_max: self.sessions_max as usize,
        })
    }

    fn keys(&self) -> Result<Keys, ftl::Error> {
        Keys::new(self.keys.iter().map(|key| Key::parse(key)).collect::<Result<Vec<_>, _>>()?)
    }
}
