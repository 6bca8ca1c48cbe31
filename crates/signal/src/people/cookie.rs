//! Cookies: the login's token, and by what a browser is known again.
//!
//! The prefix `__Host-` makes browsers take them only from this very host, over TLS (or from localhost, which most trust alike),
//! and for all of it, so that no neighbouring site can plant one.

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

pub const LOGIN: &str = "__Host-weir";
pub const DEVICE: &str = "__Host-weir-device";
pub const GUEST: &str = "__Host-weir-guest";

/// The first one of that name.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// `value` is of our making: base64url and dots.
pub fn set(name: &str, value: &str, age: Duration) -> HeaderValue {
    let seconds = age.as_secs();
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    HeaderValue::from_str(&text).expect("base64url and plain words")
}

pub fn clear(name: &str) -> HeaderValue {
    set(name, "", Duration::ZERO)
}

pub fn fuzz(text: &str) {
    let mut headers = HeaderMap::new();
    let Ok(value) = text.parse() else { return };
    headers.insert(COOKIE, value);
    for name in [LOGIN, DEVICE, GUEST] {
        assert!(read(&headers, name).is_none_or(|value| text.contains(value) && !value.contains(';')));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=1; __Host-weir-device=d;__Host-weir=t; __Host-weir=u".parse().unwrap());
        assert_eq!(read(&headers, LOGIN), Some("t"));
        assert_eq!(read(&headers, DEVICE), Some("d"));
        assert_eq!(read(&headers, "Host-weir"), None);
    }

    #[test]
    fn a_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts() {
        let text = set(LOGIN, "abc", Duration::from_secs(60));
        assert_eq!(text, "__Host-weir=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
        assert_eq!(clear(LOGIN), "__Host-weir=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
