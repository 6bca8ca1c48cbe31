//! `[media]`: the workers, their UDP ports, and what clients are told about them.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use signal::IceServer;

use super::Fault;
use super::address::Address;

/// A worker is a core; its number travels in one byte, and a ring leads from each worker to each other one.
const WORKERS_MAX: u8 = 64;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub listen: Address,
    pub workers: u8,
    pub advertise: Vec<IpAddr>,
    pub ice_servers: Vec<String>,
}

impl Default for Section {
    fn default() -> Section {
        Section {
            listen: Address((std::net::Ipv6Addr::UNSPECIFIED, 7900).into()),
            workers: 0,
            advertise: Vec::new(),
            ice_servers: Vec::new(),
        }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        if self.workers > WORKERS_MAX {
            return Err(Fault::new("media.workers", format!("more than {WORKERS_MAX} workers are not supported")));
        }
        let (first, workers) = (self.listen.0.port(), u16::from(self.workers()));
        if first.checked_add(workers - 1).is_none() {
            let problem =
                format!("worker i uses this port + i, and {workers} workers leave the range; use a lower port");
            return Err(Fault::new("media.listen", problem));
        }
        if let Some(ip) = self.advertise.iter().find(|ip| ip.is_unspecified() || ip.is_multicast()) {
            return Err(Fault::new(
                "media.advertise",
                format!("clients cannot send to {ip}; name an address they reach"),
            ));
        }
        self.ice_servers().map(|_| ())
    }

    /// Number of workers with 0 resolved: one for each core this process may use.
    pub fn workers(&self) -> u8 {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, |n| n.get().min(usize::from(WORKERS_MAX)) as u8),
            n => n,
        }
    }

    pub fn ice_servers(&self) -> Result<Vec<IceServer>, Fault> {
        self.ice_servers.iter().map(|text| ice_server(text)).collect()
    }
}

/// `stun:HOST[:PORT]` or `turn:HOST[:PORT] USERNAME CREDENTIAL`.
fn ice_server(text: &str) -> Result<IceServer, Fault> {
    let server = match text.split_ascii_whitespace().collect::<Vec<_>>()[..] {
        [url] if url.starts_with("stun") => IceServer::stun(url),
        [url, username, credential] => IceServer::turn(url, username, credential),
        _ => {
            let problem = "each is \"stun:HOST[:PORT]\" or \"turn:HOST[:PORT] USERNAME CREDENTIAL\"";
            return Err(Fault::new("media.ice_servers", problem));
        }
    };
    server.map_err(|error| Fault::new("media.ice_servers", error.to_string()))
}
