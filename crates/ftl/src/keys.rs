//! Which channels may stream here, and whether somebody knows the secret of one.
//!
//! A client proves that it knows a channel's secret by an HMAC over random bytes of ours, so the secret itself never crosses
//! the line. Everything after that does so in the clear.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use proto::RoomName;

use crate::Error;
use crate::code::Code;
use crate::handshake::{Challenge, Claim};

/// What a channel needs.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    pub channel: u32,
    pub secret: String,
    pub room: RoomName,
}

/// The keys of a node.
#[derive(Debug, Clone, Default)]
pub struct Keys(BTreeMap<u32, Key>);

impl Key {
    /// `CHANNEL-SECRET`, as a user types it into OBS, or `CHANNEL-SECRET ROOM`. Without a room's name the channel's number is it.
    pub fn parse(text: &str) -> Result<Key, Error> {
        let wrong = || Error::Key(redacted(text));
        let mut words = text.split_whitespace();
        let (channel, secret) = words.next().and_then(|key| key.split_once('-')).ok_or_else(wrong)?;
        let digits = !channel.is_empty() && channel.bytes().all(|b| b.is_ascii_digit());
        let channel: u32 = channel.parse().ok().filter(|_| digits && !secret.is_empty()).ok_or_else(wrong)?;
        let room = words.next().map_or_else(|| channel.to_string(), str::to_owned);
        if words.next().is_some() {
            return Err(wrong());
        }
        let room = room.parse().map_err(|why: proto::ids::IdError| Error::Room { channel, why: why.to_string() })?;
        Ok(Key { channel, secret: secret.to_owned(), room })
    }
}

impl Keys {
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Keys, Error> {
        let mut all = BTreeMap::new();
        for key in keys {
            let channel = key.channel;
            if all.insert(channel, key).is_some() {
                return Err(Error::TwoKeys(channel));
            }
        }
        Ok(Keys(all))
    }

    /// The key that a client has proved to know. The comparison takes the same time however much of a proof is right.
    pub fn check(&self, claim: &Claim, challenge: &Challenge) -> Result<&Key, Code> {
        let key = self.0.get(&claim.channel).ok_or(Code::Unauthorized)?;
        let secret = hmac::Key::new(hmac::HMAC_SHA512, key.secret.as_bytes());
        hmac::verify(&secret, challenge, &claim.proof).map_err(|_| Code::WrongKey)?;
        Ok(key)
    }
}

/// What a client answers to a challenge.
pub fn prove(secret: &str, challenge: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA512, secret.as_bytes());
    hmac::sign(&key, challenge).as_ref().to_vec()
}

/// A key in an error message must not give its secret away.
fn redacted(text: &str) -> String {
    text.split_once('-').map_or_else(|| "***".to_owned(), |(channel, _)| format!("{channel}-***"))
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("channel", &self.channel).field("room", &self.room).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_obs_takes_and_may_name_a_room() {
        let key = Key::parse("77-s3-cret").unwrap();
        assert_eq!((key.channel, key.secret.as_str(), key.room.as_str()), (77, "s3-cret", "77"));
        assert_eq!(Key::parse(" 7-x   town-hall ").unwrap().room.as_str(), "town-hall");
        for bad in ["", "77", "77-", "-x", "a-x", "+7-x", "99999999999-x", "7-x a b", "7-x a/b"] {
            let error = Key::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("-x"), "{error}");
        }
        assert!(!format!("{key:?}").contains("cret"));
    }

    #[test]
    fn a_channel_has_one_key() {
        let key = |text| Key::parse(text).unwrap();
        assert!(matches!(Keys::new([key("1-a"), key("2-a"), key("1-b")]), Err(Error::TwoKeys(1))));
    }

    #[test]
    fn only_the_proof_of_the_right_secret_over_the_right_bytes_is_believed() {
        let keys = Keys::new([Key::parse("7-right").unwrap()]).unwrap();
        let challenge = [9; 128];
        let claim = |channel, proof| Claim { channel, proof };
        assert_eq!(keys.check(&claim(7, prove("right", &challenge)), &challenge).unwrap().channel, 7);
        assert_eq!(keys.check(&claim(7, prove("wrong", &challenge)), &challenge), Err(Code::WrongKey));
        assert_eq!(keys.check(&claim(7, prove("right", &[8; 128])), &challenge), Err(Code::WrongKey));
        assert_eq!(keys.check(&claim(7, prove("right", &challenge)[..63].to_vec()), &challenge), Err(Code::WrongKey));
        assert_eq!(keys.check(&claim(8, prove("right", &challenge)), &challenge), Err(Code::Unauthorized));
    }
}
