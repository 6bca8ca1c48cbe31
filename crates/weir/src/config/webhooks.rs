//! `[webhooks]`: who is told what happens.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use signal::webhooks::{ENDPOINTS_MAX, Endpoint, Settings};

use super::{Fault, at_least_one};

/// An endpoint that needs longer for one event falls behind with any traffic.
const TIMEOUT_MAX_S: u32 = 60;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub endpoints: Vec<String>,
    pub allow_private: bool,
    pub timeout_s: u32,
    pub give_up_hours: u32,
}

impl Default for Section {
    fn default() -> Section {
        let settings = Settings::default();
        Section {
            endpoints: Vec::new(),
            allow_private: settings.allow_private,
            timeout_s: settings.timeout.as_secs() as u32,
            give_up_hours: (settings.give_up_after.as_secs() / 3600) as u32,
        }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        let fault = |n: usize, why: &str| Fault::new("webhooks.endpoints", format!("nr. {}: {why}", n + 1));
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for (n, text) in self.endpoints.iter().enumerate() {
            let endpoint: Endpoint =
                text.parse().map_err(|error: signal::webhooks::BadEndpoint| fault(n, &error.to_string()))?;
            if !endpoint.is_https() && !self.allow_private {
                return Err(fault(n, "write https://, or set webhooks.allow_private in a network that is your own"));
            }
            if endpoints.iter().any(|other| other.is_same_place(&endpoint)) {
                return Err(fault(n, "it is there twice; name all its kinds in one"));
            }
            endpoints.push(endpoint);
        }
        if endpoints.len() > ENDPOINTS_MAX {
            return Err(Fault::new("webhooks.endpoints", format!("a node tells at most {ENDPOINTS_MAX}")));
        }
        if !(1..=TIMEOUT_MAX_S).contains(&self.timeout_s) {
            return Err(Fault::new("webhooks.timeout_s", format!("it must be between 1 and {TIMEOUT_MAX_S}")));
        }
        at_least_one("webhooks.give_up_hours", self.give_up_hours)
    }

    pub fn settings(&self) -> Settings {
        Settings {
            endpoints: self.endpoints.iter().map(|text| text.parse().expect("checked when it was loaded")).collect(),
            allow_private: self.allow_private,
            timeout: Duration::from_secs(self.timeout_s.into()),
            give_up_after: Duration::from_secs(3600) * self.give_up_hours,
            ..Settings::default()
        }
    }
}

/// An entry for people's eyes: neither its secrets nor what stands in the query of its URL.
pub fn shown(entry: &str) -> String {
    let word = |word: &str| match word {
        secret if secret.starts_with("whsec") => "whsec_***".to_owned(),
        url => match url.split_once('?') {
            Some((url, _)) => format!("{url}?***"),
            None => url.to_owned(),
        },
    };
    entry.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}
