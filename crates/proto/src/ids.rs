//! Identities. Parsed once where they enter; inside there is nothing left to check.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One core of one node: the owner of a socket, its peers and its part of every room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub u8);

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What publishers and viewers call the place where they meet. Part of a URL path, a log line and a metric label, hence
/// the narrow alphabet (the unreserved characters of RFC 3986).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(String);

impl RoomName {
    pub const LEN_MAX: usize = 64;

    /// Rooms whose names begin with it are the server's own: nobody publishes or watches there by asking for the name.
    pub const RESERVED: char = '~';

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(RoomName::RESERVED)
    }
}

/// By which one of several publishers of a room is known to the others: `?as=ann`. As narrow as a room's name, since it
/// is shown in the same places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublisherName(String);

impl PublisherName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("a room name is 1 to 64 characters of A-Z a-z 0-9 . _ ~ -")]
    RoomName,
    #[error("a publisher's name (?as=) is 1 to 64 characters of A-Z a-z 0-9 . _ ~ -")]
    PublisherName,
    #[error("not a session id")]
    SessionId,
}

impl FromStr for RoomName {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        if is_name(s) { Ok(RoomName(s.to_owned())) } else { Err(IdError::RoomName) }
    }
}

impl FromStr for PublisherName {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        if is_name(s) { Ok(PublisherName(s.to_owned())) } else { Err(IdError::PublisherName) }
    }
}

impl fmt::Display for PublisherName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_name(s: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-');
    // "." and ".." would vanish when a client normalises the URL path.
    let dots = s == "." || s == "..";
    !s.is_empty() && s.len() <= RoomName::LEN_MAX && !dots && s.bytes().all(allowed)
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RoomName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RoomName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let s = String::deserialize(deserializer)?;
        s.parse().map_err(serde::de::Error::custom)
    }
}

/// The name of a session URL. Whoever knows it may end the session, so it carries 128 random bits, and its `Debug`
/// form keeps it out of logs. It names its worker, so that any entrance can route a request without a directory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId {
    pub worker: WorkerId,
    pub secret: u128,
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "w{:02x}{:032x}", self.worker.0, self.secret)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId(w{:02x}..)", self.worker.0)
    }
}

impl FromStr for SessionId {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        let hex = s.strip_prefix('w').ok_or(IdError::SessionId)?;
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hex.len() != 34 || !hex.bytes().all(lower_hex) {
            return Err(IdError::SessionId);
        }
        let worker = u8::from_str_radix(&hex[..2], 16).map_err(|_| IdError::SessionId)?;
        let secret = u128::from_str_radix(&hex[2..], 16).map_err(|_| IdError::SessionId)?;
        Ok(SessionId { worker: WorkerId(worker), secret })
    }
}

/// One peer connection, for logs, metrics and the API: knowing it gives no right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId {
    pub worker: WorkerId,
    pub slot: u32,
    /// Counts the peers that used the slot, so that a late message for an earlier one finds nobody.
    pub generation: u32,
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.worker.0, self.slot, self.generation)
    }
}

impl FromStr for PeerId {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        let mut parts = s.splitn(3, '-');
        let mut next = || parts.next().ok_or(IdError::SessionId);
        let worker = WorkerId(next()?.parse().map_err(|_| IdError::SessionId)?);
        let slot = next()?.parse().map_err(|_| IdError::SessionId)?;
        let generation = next()?.parse().map_err(|_| IdError::SessionId)?;
        Ok(PeerId { worker, slot, generation })
    }
}

/// A published track (one simulcast or SVC group, or one audio stream). Its origin is its only writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId {
    pub origin: WorkerId,
    pub n: u32,
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.origin.0, self.n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_name_is_safe_in_a_path_a_log_and_a_label() {
        for good in ["demo", "a", "Town-Hall_2.1~b", &"x".repeat(64)] {
            assert_eq!(good.parse::<RoomName>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a/b", "ä", ".", "..", "a\n", "%41", &"x".repeat(65)] {
            assert_eq!(bad.parse::<RoomName>(), Err(IdError::RoomName), "{bad:?}");
            assert_eq!(bad.parse::<PublisherName>(), Err(IdError::PublisherName), "{bad:?}");
        }
    }

    #[test]
    fn a_session_id_survives_its_url_and_never_shows_in_a_log() {
        let id = SessionId { worker: WorkerId(3), secret: 0x1234_5678_9abc_def0 << 64 | 7 };
        assert_eq!(id.to_string().parse::<SessionId>(), Ok(id));
        assert!(!format!("{id:?}").contains("123456789abcdef0"));
        for bad in ["", "w", "w03", "x0300000000000000000000000000000000", "w03+0000000000000000000000000000000"] {
            assert_eq!(bad.parse::<SessionId>(), Err(IdError::SessionId), "{bad:?}");
        }
    }

    #[test]
    fn a_peer_id_survives_its_text_form() {
        let id = PeerId { worker: WorkerId(1), slot: 70_000, generation: 9 };
        assert_eq!(id.to_string().parse::<PeerId>(), Ok(id));
        assert!("1-2".parse::<PeerId>().is_err());
    }
}
