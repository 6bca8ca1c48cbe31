//! `[drain]`: how a node leaves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub deadline_s: u32,
}

impl Default for Section {
    fn default() -> Section {
        Section { deadline_s: 30 }
    }
}

impl Section {
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_s.into())
    }
}
