//! `[mail]`: where mails go.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use signal::people::{Mail, MailError};

use super::{Fault, at_least_one};

/// In the data directory, where no other one is named.
const OUTBOX: &str = "outbox";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub smtp: String,
    pub from: String,
    pub outbox: PathBuf,
    pub timeout_s: u32,
}

impl Default for Section {
    fn default() -> Section {
        Section { smtp: String::new(), from: "Weir <weir@localhost>".to_owned(), outbox: PathBuf::new(), timeout_s: 20 }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        at_least_one("mail.timeout_s", self.timeout_s)?;
        self.settings(Path::new("")).map(|_| ()).map_err(|error| match error {
            MailError::From => Fault::new("mail.from", error.to_string()),
            MailError::Smtp => Fault::new("mail.smtp", error.to_string()),
        })
    }

    pub fn settings(&self, data: &Path) -> Result<Mail, MailError> {
        let outbox = if self.outbox.as_os_str().is_empty() { data.join(OUTBOX) } else { self.outbox.clone() };
        let timeout = Duration::from_secs(self.timeout_s.into());
        Mail::new(outbox, &self.from, (!self.smtp.is_empty()).then_some((&self.smtp, timeout)))
    }
}
