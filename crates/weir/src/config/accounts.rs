//! `[accounts]`: who can have an account, and how long what hangs on it lasts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fault, at_least_one};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub signup: bool,
    pub confirm_email: bool,
    pub login_days: u32,
    pub ticket_hours: u32,
    pub ended_days: u32,
    pub hashes_at_once: u32,
    pub ban_addresses: bool,
}

impl Default for Section {
    fn default() -> Section {
        Section {
            signup: true,
            confirm_email: false,
            login_days: 30,
            ticket_hours: 24,
            ended_days: 30,
            hashes_at_once: 0,
            ban_addresses: false,
        }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        at_least_one("accounts.login_days", self.login_days)?;
        at_least_one("accounts.ticket_hours", self.ticket_hours)
    }

    pub fn apply(&self, people: &mut signal::people::Settings) {
        people.signup = self.signup;
        people.confirm_email = self.confirm_email;
        people.login = DAY * self.login_days;
        people.ticket = Duration::from_secs(3600) * self.ticket_hours;
        people.ban_addresses = self.ban_addresses;
        people.ended_kept = DAY * self.ended_days;
        if self.hashes_at_once > 0 {
            people.hashes_at_once = self.hashes_at_once as usize;
        }
    }
}
