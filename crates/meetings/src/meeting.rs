//! A meeting as it is kept: whose it is and who may come in. Who is inside right now is not kept anywhere; that is the business of
//! the nodes on which they are.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account::PasswordHash;
use crate::id::{AccountId, MeetingId, PersonId};
use crate::store::Version;
use crate::time::UnixTime;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    pub id: MeetingId,
    pub host: AccountId,
    pub created: UnixTime,
    /// When it was over. It is kept for a while after that, so that late-comers hear that it has ended and not that it never was.
    pub ended: Option<UnixTime>,
    /// The node to ask first; any other will do as well.
    pub server: String,
    pub recording: bool,
    pub settings: Settings,
    pub version: Version,
}

/// What hosts choose. Stored as one JSON text: a setting that is new has its default in meetings that are older.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// At most [`Settings::TITLE_CHARS_MAX`] characters.
    pub title: String,
    /// People without an account may come in by the link.
    pub guests: bool,
    /// Whoever is neither host nor co-host waits until one of them lets them in.
    pub lobby: bool,
    /// Nobody else comes in.
    pub locked: bool,
    /// Hashed like a password: it is short, and people use the same one again and again.
    pub passcode: Option<PasscodeHash>,
    pub co_hosts: BTreeSet<AccountId>,
    /// Who was thrown out and shall not come back.
    pub banned: BTreeSet<PersonId>,
}

impl Settings {
    pub const TITLE_CHARS_MAX: usize = 120;
    pub const CO_HOSTS_MAX: usize = 100;
    pub const BANNED_MAX: usize = 1000;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasscodeHash(pub PasswordHash);

impl Serialize for PasscodeHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.0)
    }
}

impl<'de> Deserialize<'de> for PasscodeHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(PasscodeHash(PasswordHash(String::deserialize(deserializer)?)))
    }
}
