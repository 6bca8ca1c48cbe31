//! What shows a receiver that a delivery is ours and was not changed: the headers of the Standard Webhooks convention
//! (webhook-id, webhook-timestamp, webhook-signature), HMAC-SHA256 over `ID.TIMESTAMP.BODY`.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How a secret is written, so that it is recognised where it should not be.
const PREFIX: &str = "whsec_";

/// The convention's bounds: what is shorter can be guessed, what is longer gains nothing.
const BYTES_MIN: usize = 24;
const BYTES_MAX: usize = 64;

/// What both sides know, and nobody else.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and the base64 of 24 to 64 random bytes; `weir webhook secret` makes one")]
pub struct NotASecret;

impl Secret {
    pub fn generate() -> Secret {
        Secret(crate::people::random::<32>().to_vec())
    }

    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }
}

impl FromStr for Secret {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Secret, NotASecret> {
        let encoded = text.strip_prefix(PREFIX).filter(|encoded| encoded.len() <= 2 * BYTES_MAX).ok_or(NotASecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NotASecret)?;
        if (BYTES_MIN..=BYTES_MAX).contains(&bytes.len()) { Ok(Secret(bytes)) } else { Err(NotASecret) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// One signature for each secret: while a secret is replaced by another, receivers know one or the other.
pub fn sign(secrets: &[Secret], id: &str, timestamp: u64, body: &str) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    let one = |secret: &Secret| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret.0), signed.as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the convention's own reference libraries.
    #[test]
    fn the_signature_is_the_conventions() {
        let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let signature = sign(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_reads_back_is_never_printed_and_signs_beside_another() {
        let (one, two) = (Secret::generate(), Secret::generate());
        assert_eq!(one.reveal().parse(), Ok(one.clone()));
        assert!(!format!("{one:?}").contains(&one.reveal()[6..]));
        let both = sign(&[one.clone(), two.clone()], "id", 1, "body");
        assert_eq!(both, format!("{} {}", sign(&[one], "id", 1, "body"), sign(&[two], "id", 1, "body")));
        for bad in ["", "whsec_", "whsec_c2hvcnQ=", "hunter2", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!"] {
            assert_eq!(bad.parse::<Secret>(), Err(NotASecret), "{bad}");
        }
        assert!(format!("whsec_{}", "A".repeat(200)).parse::<Secret>().is_err());
    }
}
