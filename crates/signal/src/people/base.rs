//! The address under which people find this server, for links.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;

use super::People;

/// A name of 253 bytes and a port.
const HOST_LEN_MAX: usize = 260;

impl People {
    /// For an answer, which goes to whom the request came from; what stands in a mail never depends on a request.
    pub(super) fn base(&self, request: &Parts) -> String {
        if let Some(url) = &self.settings.public_url {
            return url.clone();
        }
        let Some(host) = host(&request.headers) else { return self.own_url.clone() };
        let secure = format!("https://{host}");
        let is_secure = request.headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() == secure.as_bytes());
        if is_secure { secure } else { format!("http://{host}") }
    }

    /// Whether the request was sent by a page of ours: another site's page can make a browser send our cookie along, and
    /// cannot make it say that it comes from here.
    pub fn is_from_our_page(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter().filter_map(|origin| origin.to_str().ok());
        let (Some(origin), None) = (origins.next(), origins.next()) else { return false };
        let same_site = headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin");
        let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let is_host = host(headers).is_some_and(|host| authority.is_some_and(|given| given.eq_ignore_ascii_case(host)));
        same_site && (is_host || self.settings.public_url.as_deref() == Some(origin))
    }
}

/// Where this server is as far as it knows itself, for links that no request has asked for.
pub fn own_url(public_url: Option<&str>, local: SocketAddr) -> String {
    public_url.map_or_else(|| of_socket(local), str::to_owned)
}

/// Where nobody said how the server is called: right for a page on the same machine.
fn of_socket(local: SocketAddr) -> String {
    let ip = local.ip().to_canonical();
    let host = match ip {
        ip if ip.is_unspecified() || ip.is_loopback() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    format!("http://{host}:{}", local.port())
}

/// The one `Host`, if nothing but a host and a port is in it.
fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    let (host, None) = (hosts.next()?.to_str().ok()?, hosts.next()) else { return None };
    let clean = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    (!host.is_empty() && host.len() <= HOST_LEN_MAX && host.bytes().all(clean)).then_some(host)
}

pub fn fuzz(text: &str) {
    let mut headers = HeaderMap::new();
    let Ok(value) = text.parse() else { return };
    headers.insert(HOST, value);
    if let Some(host) = host(&headers) {
        assert!(!host.contains(['/', '@', '<', '"', ' ']) && host.len() <= HOST_LEN_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_found_on_this_machine() {
        for (socket, url) in [
            ("[::]:8080", "http://localhost:8080"),
            ("127.0.0.1:80", "http://localhost:80"),
            ("192.0.2.7:8080", "http://192.0.2.7:8080"),
            ("[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        ] {
            assert_eq!(of_socket(socket.parse().unwrap()), url);
        }
    }

    #[test]
    fn a_host_that_would_write_a_link_of_its_own_is_none() {
        let host_of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, text.parse().unwrap());
            host(&headers).map(str::to_owned)
        };
        assert_eq!(host_of("meet.example.org:8443").as_deref(), Some("meet.example.org:8443"));
        for bad in ["", "a/b", "user@host", "a b", "a\"b", &"a".repeat(300)] {
            assert_eq!(host_of(bad), None, "{bad}");
        }
    }
}
