//! `[auth]`: who needs a token.

use serde::{Deserialize, Serialize};
use signal::auth::Policy;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Auto,
    Token,
    Open,
}

impl From<Mode> for Policy {
    fn from(mode: Mode) -> Policy {
        match mode {
            Mode::Auto => Policy::Auto,
            Mode::Token => Policy::Required,
            Mode::Open => Policy::Open,
        }
    }
}
