//! A browser that has logged in to an address before is known again, so that strangers who guess at the address cannot make
//! its owner wait.
//!
//! What it keeps is signed and stored nowhere. It is no login: it says which queue to wait in, and guesses made with it are
//! counted by themselves.

use std::time::Duration;

use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use meetings::Email;

use super::{cookie, random};
use crate::auth::Key;

/// Browsers keep a cookie for 400 days at most.
pub const AGE: Duration = Duration::from_secs(400 * 24 * 3600);

const ID_BYTES: usize = 16;

/// A browser's own random number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device(pub [u8; ID_BYTES]);

impl Device {
    pub fn new() -> Device {
        Device(random())
    }

    /// The one that the request shows, if it has logged in to this address before.
    pub fn known(headers: &HeaderMap, key: &Key, email: &Email) -> Option<Device> {
        let (id, mac) = cookie::read(headers, cookie::DEVICE)?.split_once('.')?;
        let mut device = [0; ID_BYTES];
        let id_len = URL_SAFE_NO_PAD.decode_slice(id, &mut device).ok()?;
        let mut given = [0; 32];
        let mac_len = URL_SAFE_NO_PAD.decode_slice(mac, &mut given).ok()?;
        if (id_len, mac_len) != (ID_BYTES, 32) {
            return None;
        }
        hmac::verify(&signing_key(key), &signed(device, email), &given).ok().map(|()| Device(device))
    }

    pub fn show(self, key: &Key, email: &Email) -> String {
        let mac = hmac::sign(&signing_key(key), &signed(self.0, email));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(self.0), URL_SAFE_NO_PAD.encode(mac.as_ref()))
    }
}

fn signing_key(key: &Key) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.secret())
}

/// The same key signs JWTs, whose text has no zero byte in it: neither passes for the other.
fn signed(device: [u8; ID_BYTES], email: &Email) -> Vec<u8> {
    [b"weir device\0", &device[..], email.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_for_the_address_it_logged_in_to() {
        let (key, ann, bob) = (Key::generate(), "ann@x.org".parse().unwrap(), "bob@x.org".parse().unwrap());
        let device = Device::new();
        let shown = device.show(&key, &ann);
        let known = |shown: &str, key: &Key, email| {
            let mut headers = HeaderMap::new();
            headers.insert("cookie", format!("{}={shown}", cookie::DEVICE).parse().unwrap());
            Device::known(&headers, key, email)
        };
        assert_eq!(known(&shown, &key, &ann), Some(device));
        assert_eq!(known(&shown, &key, &bob), None);
        assert_eq!(known(&shown, &Key::generate(), &ann), None);
        for bad in ["", ".", "a.b", &shown[1..], &shown[..shown.len() - 1], &"A".repeat(9000)] {
            assert_eq!(known(bad, &key, &ann), None, "{bad}");
        }
    }
}
