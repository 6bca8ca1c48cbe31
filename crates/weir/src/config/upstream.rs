//! `[upstream]`: the parent that rooms are pulled from.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fault, at_least_one};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub url: String,
    pub token: String,
    pub linger_s: u32,
    pub hops_max: u32,
    pub allow: Vec<String>,
}

impl Default for Section {
    fn default() -> Section {
        let node = node::Upstream::default();
        Section {
            url: String::new(),
            token: String::new(),
            linger_s: node.linger.as_secs() as u32,
            hops_max: node.hops_max as u32,
            allow: node.allow,
        }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        if !self.url.is_empty() {
            node::check_upstream(&self.url).map_err(|problem| Fault::new("upstream.url", problem))?;
        }
        if !self.token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Fault::new("upstream.token", "a token has no blanks and no line breaks"));
        }
        at_least_one("upstream.linger_s", self.linger_s)?;
        if !(1..=64).contains(&self.hops_max) {
            return Err(Fault::new("upstream.hops_max", "it must be between 1 and 64"));
        }
        match self.allow.iter().find(|host| host.is_empty() || host.contains([':', '/', ' '])) {
            Some(host) => {
                Err(Fault::new("upstream.allow", format!("{host:?} is not a host; write its name, or \"*\" for all")))
            }
            None => Ok(()),
        }
    }

    pub fn node(&self) -> node::Upstream {
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        node::Upstream {
            url: some(&self.url),
            token: some(&self.token),
            linger: Duration::from_secs(self.linger_s.into()),
            hops_max: self.hops_max as usize,
            allow: self.allow.clone(),
        }
    }
}
