//! Just enough of a URL to ask a server and to follow a `Location` that it gave, absolute or relative (RFC 3986, 5.2).

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    https: bool,
    /// As in the URL: IPv6 addresses without their brackets.
    host: String,
    port: Option<u16>,
    /// Path and query, at least "/".
    target: String,
}

impl Url {
    pub fn is_https(&self) -> bool {
        self.https
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }

    /// What the `Host` header says.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }

    /// Path and query, as the request line carries it.
    pub fn target(&self) -> &str {
        &self.target
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("/")
    }

    /// This server, another path (and query).
    pub fn with_target(&self, target: &str) -> Url {
        let slash = if target.starts_with('/') { "" } else { "/" };
        Url { target: format!("{slash}{target}"), ..self.clone() }
    }

    /// One more path segment, whether or not the base ends in a slash; its query is dropped.
    pub fn child(&self, segment: &str) -> Url {
        self.with_target(&format!("{}/{segment}", self.path().trim_end_matches('/')))
    }

    /// What `location` means when it came in the answer to this URL.
    pub fn join(&self, location: &str) -> Result<Url, Error> {
        let location = location.split('#').next().unwrap_or_default();
        if location.contains("://") && !location.starts_with(['/', '?', '.']) {
            return location.parse();
        }
        if let Some(rest) = location.strip_prefix("//") {
            let scheme = if self.https { "https" } else { "http" };
            return format!("{scheme}://{rest}").parse();
        }
        let (path, query) = match location.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (location, None),
        };
        let path = match path {
            "" => self.path().to_owned(),
            absolute if absolute.starts_with('/') => without_dots(absolute),
            relative => {
                let folder = &self.path()[..self.path().rfind('/').map_or(0, |slash| slash + 1)];
                without_dots(&format!("{folder}{relative}"))
            }
        };
        let url = self.with_target(&match query {
            Some(query) => format!("{path}?{query}"),
            None => path,
        });
        url.to_string().parse()
    }
}

fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}

impl FromStr for Url {
    type Err = Error;

    fn from_str(text: &str) -> Result<Url, Error> {
        let wrong = || Error::Url(text.to_owned());
        let uri: hyper::Uri = text.split('#').next().unwrap_or_default().parse().map_err(|_| wrong())?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        Ok(Url {
            https,
            host: host_name(host).ok_or_else(wrong)?.to_owned(),
            port: uri.port_u16(),
            target: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        })
    }
}

/// A name as it is, or an IPv6 address out of its brackets. `hyper::Uri` lets brackets stand anywhere in a host.
fn host_name(host: &str) -> Option<&str> {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').filter(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => Some(host).filter(|name| !name.contains(['[', ']', ':'])),
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_location_is_followed_however_the_server_wrote_it() {
        let base = url("http://127.0.0.1:8080/whip/demo?token=1");
        for (location, expected) in [
            ("http://other:1/x", "http://other:1/x"),
            ("//other/x", "http://other/x"),
            ("/session/abc", "http://127.0.0.1:8080/session/abc"),
            ("abc", "http://127.0.0.1:8080/whip/abc"),
            ("./abc?q=http://x", "http://127.0.0.1:8080/whip/abc?q=http://x"),
            ("../session/abc", "http://127.0.0.1:8080/session/abc"),
            ("../../../abc", "http://127.0.0.1:8080/abc"),
            ("", "http://127.0.0.1:8080/whip/demo"),
            ("?q=2#part", "http://127.0.0.1:8080/whip/demo?q=2"),
        ] {
            assert_eq!(base.join(location).unwrap().to_string(), expected, "{location:?}");
        }
    }

    #[test]
    fn a_url_knows_where_to_connect_and_what_to_say() {
        let v6 = url("https://[::1]/whep/demo");
        assert_eq!((v6.host(), v6.port(), v6.authority().as_str()), ("::1", 443, "[::1]"));
        assert_eq!(url("http://a:81").target(), "/");
        assert_eq!(url("http://a/base/").child("whip").to_string(), "http://a/base/whip");
        for wrong in ["", "a:80", "ftp://a/", "http:///x", "http://a b/"] {
            assert!(wrong.parse::<Url>().is_err(), "{wrong:?}");
        }
    }
}
