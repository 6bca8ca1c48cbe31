//! Secrets that stand for somebody: a login, a place in a meeting, the link of a mail.
//!
//! A secret is shown once, to whom it is given. What is kept is its hash, so that whoever reads the store can log in as nobody.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::account::PersonName;
use crate::id::{AccountId, MeetingId, PersonId};
use crate::meeting::Mark;
use crate::time::UnixTime;

/// 256 random bits: no salt and no slow hash are needed to keep them from being guessed.
const SECRET_BYTES: usize = 32;

/// What somebody shows who was given a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    pub fn from_random(random: [u8; SECRET_BYTES]) -> Secret {
        Secret(random)
    }

    pub fn hash(&self) -> TokenHash {
        let hash = digest(&SHA256, &self.0);
        TokenHash(hash.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// As it goes over the wire. There is no `Display`, so that none gets into a log by chance.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct NotASecret;

impl FromStr for Secret {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Self, NotASecret> {
        let mut bytes = [0; SECRET_BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(SECRET_BYTES) => Ok(Secret(bytes)),
            _ => Err(NotASecret),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// By which a token is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenHash({:02x}{:02x}..)", self.0[0], self.0[1])
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub hash: TokenHash,
    pub purpose: Purpose,
    pub created: UnixTime,
    pub expires: UnixTime,
}

/// What a token is good for. Each is good for one thing only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Being somebody, until logout.
    Login(AccountId),
    /// Being in a meeting: the ticket that joining gives.
    Seat {
        meeting: MeetingId,
        person: PersonId,
        name: PersonName,
        /// By what they would be known again, should they be banned.
        marks: Vec<Mark>,
    },
    /// The link of a mail: choosing a new password, once.
    Reset(AccountId),
    /// The link of a mail: confirming the address, once.
    Confirm(AccountId),
}

impl Purpose {
    /// Whose token it is; a guest's belongs to nobody who has an account.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Purpose::Login(account) | Purpose::Reset(account) | Purpose::Confirm(account) => Some(account.clone()),
            Purpose::Seat { person, .. } => person.account(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_back_and_never_printed() {
        let secret = Secret::from_random([7; 32]);
        assert_eq!(secret.reveal().parse(), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_ne!(secret.hash(), Secret::from_random([8; 32]).hash());
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for text in ["", "abc", &"A".repeat(42), &"A".repeat(44), &"A".repeat(10_000), "ä"] {
            assert_eq!(text.parse::<Secret>(), Err(NotASecret), "{text}");
        }
    }
}
