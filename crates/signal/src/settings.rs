//! What an operator can set. A plain struct: the binary maps its configuration file on it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use meetings::Store;
use meetings::hall::Rules;

use crate::auth::{Key, Policy};
use crate::{Error, chronicle, people, webhooks};

#[derive(Debug, Clone)]
pub struct Settings {
    /// Who needs a token.
    pub auth: Policy,
    /// What tokens are signed with.
    pub key: Key,
    /// Offered to clients in `Link` headers (RFC 9725). Empty: clients connect to the node directly.
    pub ice_servers: Vec<IceServer>,
    pub limits: Limits,
    /// Origins of web pages on other hosts that may use WHIP and WHEP here. The requests carry no cookies, so the
    /// default lets any page ask; a token decides.
    pub cors: Cors,
    /// Addresses of reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Shown by `/api/node`.
    pub version: String,
    /// Shown by `/api/node`.
    pub workers: u8,
    /// Accounts and meetings.
    pub people: people::Settings,
    /// The log of what happens.
    pub chronicle: chronicle::Settings,
    /// Who is told of it.
    pub webhooks: webhooks::Settings,
    /// How long and how many, in each meeting.
    pub meetings: Rules,
}

impl Settings {
    /// Everything at its default, tokens signed with `key`, accounts and meetings in `store`.
    pub fn new(key: Key, store: Arc<dyn Store>) -> Settings {
        Settings {
            auth: Policy::default(),
            key,
            ice_servers: Vec::new(),
            limits: Limits::default(),
            cors: Cors::default(),
            trusted_proxies: Vec::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workers: 1,
            people: people::Settings::new(store),
            chronicle: chronicle::Settings::default(),
            webhooks: webhooks::Settings::default(),
            meetings: Rules::default(),
        }
    }
}

/// Bounds on what clients can make the server hold or do.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Longest SDP offer, bytes. Chrome's longest is about 12 kB; a parse costs 8.6 ms per 2.8 kB of the worst text.
    pub offer_bytes_max: usize,
    /// Longest trickle fragment, bytes.
    pub fragment_bytes_max: usize,
    /// Open connections. Beyond it the one that has waited longest without sending a request makes way.
    pub connections_max: usize,
    /// Time for a client to send a request's head, and how long an idle connection is kept.
    pub head_timeout: Duration,
    /// Time for a client to send a request's body.
    pub body_timeout: Duration,
    /// WebSockets of people in meetings.
    pub meeting_sockets_max: usize,
    /// Of these, those of one client address (IPv6: one /64).
    pub meeting_sockets_per_address_max: usize,
    /// `GET /api/rooms/events` streams at once.
    pub event_streams_max: usize,
    /// POST, PATCH and DELETE of one client address (IPv6: one /64).
    pub rate: Rate,
    /// The same for clients on this machine: load tests and proxies run there.
    pub local_rate: Rate,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            offer_bytes_max: 64 * 1024,
            fragment_bytes_max: 16 * 1024,
            connections_max: 4096,
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            meeting_sockets_max: 4096,
            meeting_sockets_per_address_max: 1024,
            event_streams_max: 512,
            rate: Rate { per_s: 50, burst: 500 },
            local_rate: Rate { per_s: 2_000, burst: 10_000 },
        }
    }
}

/// A token bucket: `burst` at once, refilled by `per_s`. The burst is a town hall behind one company address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub per_s: u32,
    pub burst: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cors {
    #[default]
    Any,
    /// Exactly these, as `https://host[:port]`.
    Only(Vec<String>),
}

/// A STUN or TURN server in the form of RFC 7064 and RFC 7065.
#[derive(Clone, PartialEq, Eq)]
pub struct IceServer {
    pub(crate) url: String,
    pub(crate) login: Option<(String, String)>,
}

impl IceServer {
    pub fn stun(url: &str) -> Result<IceServer, Error> {
        Ok(IceServer { url: ice_url(url, &["stun:", "stuns:"])?, login: None })
    }

    pub fn turn(url: &str, username: &str, credential: &str) -> Result<IceServer, Error> {
        let url = ice_url(url, &["turn:", "turns:"])?;
        let printable = |s: &str| s.bytes().all(|b| (0x20..0x7f).contains(&b));
        if !printable(username) || !printable(credential) {
            return Err(Error::IceServer {
                url,
                reason: "its username and credential must be printable ASCII, because they travel in a header",
            });
        }
        Ok(IceServer { url, login: Some((username.to_owned(), credential.to_owned())) })
    }
}

/// The URL goes between `<` and `>` of a header, unescaped: it must not be able to leave them.
fn ice_url(url: &str, schemes: &[&str]) -> Result<String, Error> {
    let known = schemes.iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
    let clean =
        url.len() <= 512 && url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\'));
    if !known || !clean {
        return Err(Error::IceServer {
            url: url.chars().take(80).collect(),
            reason: "write stun:HOST[:PORT], or turn:HOST[:PORT]?transport=udp with a username and a credential",
        });
    }
    Ok(url.to_owned())
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The credential stays out of logs.
        f.debug_struct("IceServer").field("url", &self.url).field("login", &self.login.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ice_server_cannot_write_other_headers() {
        assert!(IceServer::stun("stun:stun.example.net:3478").is_ok());
        assert!(IceServer::turn("turn:t.example.net?transport=udp", "u", "p\"\\").is_ok());
        for bad in ["", "stun:", "http://x", "stun:a>b", "stun:a\r\nX: y", "stun:a b"] {
            assert!(IceServer::stun(bad).is_err(), "{bad:?}");
        }
        assert!(IceServer::turn("turn:a", "u\r\n", "p").is_err());
        assert!(!format!("{:?}", IceServer::turn("turn:a", "u", "hunter2").unwrap()).contains("hunter2"));
    }
}
