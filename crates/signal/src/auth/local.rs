//! Whether a request to a loopback address really belongs to this machine.
//!
//! A web page of any site can make a browser send requests to `localhost`, directly or by a name that resolves there
//! (DNS rebinding), and a reverse proxy carries the whole internet to it. Such requests say so in their headers, and
//! then being on loopback gives them nothing.

use axum::http::HeaderMap;
use axum::http::header::{FORWARDED, HOST, ORIGIN};

pub fn is_of_this_machine(headers: &HeaderMap) -> bool {
    let proxied = headers.contains_key(FORWARDED)
        || headers.contains_key("x-forwarded-for")
        || headers.contains_key("x-forwarded-host")
        || headers.contains_key("x-real-ip");
    !proxied
        && headers.get_all(HOST).iter().all(|host| host.to_str().is_ok_and(is_loopback_authority))
        && headers.get_all(ORIGIN).iter().all(|origin| origin.to_str().is_ok_and(is_loopback_origin))
}

fn is_loopback_origin(origin: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(is_loopback_authority)
}

fn is_loopback_authority(authority: &str) -> bool {
    let host = if let Some(v6) = authority.strip_prefix('[') {
        v6.split_once(']').map_or("", |(host, _)| host)
    } else {
        authority.split_once(':').map_or(authority, |(host, _)| host)
    };
    if let Ok(ip) = host.parse::<std::net::IpAddr>() {
        return ip.to_canonical().is_loopback();
    }
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        is_of_this_machine(&headers)
    }

    #[test]
    fn programs_and_pages_of_this_machine_are_local() {
        assert!(local(&[]));
        assert!(local(&[("host", "127.0.0.1:8080")]));
        assert!(local(&[("host", "[::1]:8080"), ("origin", "http://[::1]:8080")]));
        assert!(local(&[("host", "localhost:8080"), ("origin", "http://localhost:5173")]));
        assert!(local(&[("host", "weir.LOCALHOST")]));
    }

    #[test]
    fn pages_of_other_sites_rebound_names_and_proxied_requests_are_not() {
        assert!(!local(&[("host", "127.0.0.1:8080"), ("origin", "https://evil.example")]));
        assert!(!local(&[("host", "127.0.0.1:8080"), ("origin", "null")]));
        assert!(!local(&[("host", "rebound.example:8080")]));
        assert!(!local(&[("host", "localhost.evil.example")]));
        assert!(!local(&[("host", "localhost"), ("x-forwarded-for", "203.0.113.9")]));
        assert!(!local(&[("host", "localhost"), ("forwarded", "for=203.0.113.9")]));
    }
}
