//! `[log]`: what is written to standard error, and how.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use super::Fault;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub level: String,
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Auto,
    Text,
    Json,
}

impl Default for Section {
    fn default() -> Section {
        Section { level: "info".to_owned(), format: Format::Auto }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        self.filter().map(|_| ())
    }

    pub fn filter(&self) -> Result<EnvFilter, Fault> {
        let problem =
            "write error, warn, info, debug or trace, and for single parts PART=LEVEL, as in \"info,engine=debug\"";
        // EnvFilter takes any word for the name of a part, and so would log nothing where a level is misspelt.
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        let first = self.level.split(',').next().unwrap_or_default().trim();
        if !first.contains('=') && !levels.contains(&first.to_ascii_lowercase().as_str()) {
            return Err(Fault::new("log.level", problem));
        }
        EnvFilter::builder().parse(&self.level).map_err(|_| Fault::new("log.level", problem))
    }
}
