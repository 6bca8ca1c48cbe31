//! `[data]`: the only directory a node writes to.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Fault;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub dir: PathBuf,
}

impl Default for Section {
    fn default() -> Section {
        Section { dir: "weir-data".into() }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        if self.dir.as_os_str().is_empty() {
            return Err(Fault::new("data.dir", "name a directory; \".\" is the current one"));
        }
        Ok(())
    }
}
