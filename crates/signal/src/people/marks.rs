//! By what somebody who was banned from a meeting is known when they come back as somebody new: a guest is nothing but a ticket, which can be
//! thrown away.
//!
//! A browser keeps a random number, and where an operator wants it its network counts too. What is stored of either is a keyed hash that means
//! something in one meeting only: nobody who reads the store learns an address, or who was in two meetings. It is an obstacle and no wall: another
//! browser, or a private window, is somebody new. What keeps people out is a lobby, a passcode, a lock, or accounts.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use meetings::{Mark, MeetingId};

use super::{cookie, random};
use crate::auth::Key;

/// Longer than a meeting with the same link goes on being held, and less than browsers keep anything.
pub const AGE: Duration = Duration::from_secs(180 * 24 * 3600);

const ID_BYTES: usize = 16;

/// A browser's own random number. It says nothing by itself, and whoever makes one up is somebody new as without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Browser([u8; ID_BYTES]);

impl Browser {
    pub fn new() -> Browser {
        Browser(random())
    }

    pub fn shown(headers: &HeaderMap) -> Option<Browser> {
        let mut id = [0; ID_BYTES];
        let len = URL_SAFE_NO_PAD.decode_slice(cookie::read(headers, cookie::GUEST)?, &mut id).ok()?;
        (len == ID_BYTES).then_some(Browser(id))
    }

    pub fn show(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub fn mark(self, key: &Key, meeting: &MeetingId) -> Mark {
        mark(key, meeting, b"browser", &self.0)
    }
}

/// An IPv6 network of 64 bits is one household's as an IPv4 address is.
pub fn of_address(key: &Key, meeting: &MeetingId, address: IpAddr) -> Mark {
    match address.to_canonical() {
        IpAddr::V4(v4) => mark(key, meeting, b"address", &v4.octets()),
        IpAddr::V6(v6) => mark(key, meeting, b"address", &v6.octets()[..8]),
    }
}

fn mark(key: &Key, meeting: &MeetingId, what: &[u8], value: &[u8]) -> Mark {
    // The same key signs JWTs, whose text has no zero byte in it, and devices, which are called so.
    let text = [b"weir mark\0", what, b"\0", meeting.as_str().as_bytes(), b"\0", value].concat();
    let whole = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.secret()), &text);
    Mark(whole.as_ref()[..Mark::LEN].try_into().expect("SHA-256 has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_and_a_network_are_known_in_the_meeting_where_they_were_seen() {
        let (key, here, there) = (Key::generate(), MeetingId::from_random(1), MeetingId::from_random(2));
        let browser = Browser::new();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", format!("{}={}", cookie::GUEST, browser.show()).parse().unwrap());
        assert_eq!(Browser::shown(&headers), Some(browser));
        assert_eq!(browser.mark(&key, &here), browser.mark(&key, &here));
        assert_ne!(browser.mark(&key, &here), browser.mark(&key, &there));
        assert_ne!(browser.mark(&key, &here), browser.mark(&Key::generate(), &here));
        let of = |address: &str| of_address(&key, &here, address.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:3:4:5"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        for bad in ["", "a", "AAAA", &"A".repeat(23), &"A".repeat(9000)] {
            headers.insert("cookie", format!("{}={bad}", cookie::GUEST).parse().unwrap());
            assert_eq!(Browser::shown(&headers), None, "{bad}");
        }
    }
}
