//! `[http]`: where signalling, the API and the web client are served, and to whom.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use signal::Cors;

use super::Fault;
use super::address::Address;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub listen: Address,
    pub public_url: String,
    pub cors_origins: Vec<String>,
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Section {
    fn default() -> Section {
        Section {
            listen: Address(([127, 0, 0, 1], 8080).into()),
            public_url: String::new(),
            cors_origins: vec!["*".to_owned()],
            trusted_proxies: Vec::new(),
        }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        if !self.public_url.is_empty() && !is_origin(&self.public_url) {
            return Err(Fault::new("http.public_url", "write https://HOST[:PORT], without anything behind it"));
        }
        let fault = |origin: &String| {
            (!is_origin(origin)).then(|| {
                Fault::new(
                    "http.cors_origins",
                    format!("{origin:?} is not an origin; write https://HOST[:PORT], or \"*\""),
                )
            })
        };
        if self.allows_any_origin() { Ok(()) } else { self.cors_origins.iter().find_map(fault).map_or(Ok(()), Err) }
    }

    pub fn public_url(&self) -> Option<String> {
        (!self.public_url.is_empty()).then(|| self.public_url.clone())
    }

    pub fn cors(&self) -> Cors {
        if self.allows_any_origin() { Cors::Any } else { Cors::Only(self.cors_origins.clone()) }
    }

    fn allows_any_origin(&self) -> bool {
        self.cors_origins == ["*"]
    }
}

fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '?', '#', ' '])
    })
}
