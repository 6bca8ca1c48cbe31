//! A meeting as it is kept: whose it is and who may come in. Who is inside right now is not kept anywhere; that is the business of
//! the nodes on which they are.

use std::collections::{BTreeMap, BTreeSet};

use proto::meeting as live;
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether those who are neither host nor co-host may write and send messages, react, show their screen, and unmute themselves.
    pub chat: bool,
    pub reactions: bool,
    pub share: bool,
    pub unmute: bool,
    /// Hashed like a password: it is short, and people use the same one again and again.
    pub passcode: Option<PasscodeHash>,
    pub co_hosts: BTreeSet<AccountId>,
    /// Who was thrown out and shall not come back.
    pub banned: BTreeSet<PersonId>,
    /// By what the browsers, and where that is wanted the networks, of these are known again: a guest is nobody without them.
    pub marks: BTreeMap<PersonId, BTreeSet<Mark>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            title: String::new(),
            guests: false,
            lobby: false,
            locked: false,
            chat: true,
            reactions: true,
            share: true,
            unmute: true,
            passcode: None,
            co_hosts: BTreeSet::new(),
            banned: BTreeSet::new(),
            marks: BTreeMap::new(),
        }
    }
}

impl Settings {
    pub const TITLE_CHARS_MAX: usize = 120;
    pub const CO_HOSTS_MAX: usize = 100;
    pub const BANNED_MAX: usize = 1000;
    /// Of one person: a browser and a network, and those of another device.
    pub const MARKS_MAX: usize = 4;

    /// The part that people in the meeting see and hosts switch there.
    pub fn live(&self) -> live::Settings {
        let Settings { lobby, locked, chat, reactions, share, unmute, .. } = *self;
        live::Settings { locked, lobby, chat, reactions, share, unmute }
    }

    /// What a change makes of it.
    pub fn changed(before: live::Settings, change: &live::SettingsChange) -> live::Settings {
        live::Settings {
            locked: change.locked.unwrap_or(before.locked),
            lobby: change.lobby.unwrap_or(before.lobby),
            chat: change.chat.unwrap_or(before.chat),
            reactions: change.reactions.unwrap_or(before.reactions),
            share: change.share.unwrap_or(before.share),
            unmute: change.unmute.unwrap_or(before.unmute),
        }
    }

    pub fn keep_live(&mut self, live: live::Settings) {
        let live::Settings { locked, lobby, chat, reactions, share, unmute } = live;
        (self.locked, self.lobby) = (locked, lobby);
        (self.chat, self.reactions, self.share, self.unmute) = (chat, reactions, share, unmute);
    }

    /// False when there is no room for more.
    pub fn ban(&mut self, person: &PersonId, marks: impl IntoIterator<Item = Mark>) -> bool {
        if self.banned.len() >= Settings::BANNED_MAX && !self.banned.contains(person) {
            return false;
        }
        self.banned.insert(person.clone());
        let known = self.marks.entry(person.clone()).or_default();
        known.extend(marks);
        while known.len() > Settings::MARKS_MAX {
            known.pop_last();
        }
        if known.is_empty() {
            self.marks.remove(person);
        }
        true
    }

    pub fn lift(&mut self, person: &PersonId) {
        self.banned.remove(person);
        self.marks.remove(person);
    }

    /// Somebody who was banned came with one of these.
    pub fn is_marked(&self, marks: &[Mark]) -> bool {
        self.marks.values().any(|theirs| marks.iter().any(|mark| theirs.contains(mark)))
    }
}

/// By what somebody is known again in one meeting and in no other: a keyed hash, of which nobody learns what it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark(pub [u8; Mark::LEN]);

impl Mark {
    pub const LEN: usize = 16;
}

impl Serialize for Mark {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = u128::from_str_radix(&text, 16).map_err(serde::de::Error::custom)?;
        Ok(Mark(number.to_be_bytes()))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meeting_that_is_older_than_a_setting_has_its_default() {
        let old = r#"{"title":"Standup","guests":true,"lobby":true,"locked":false,"passcode":null,"co_hosts":[],"banned":[]}"#;
        let read: Settings = serde_json::from_str(old).unwrap();
        let open = Settings { title: "Standup".to_owned(), guests: true, lobby: true, ..Settings::default() };
        assert_eq!(read, open);
        assert!(read.chat && read.reactions && read.share && read.unmute);
    }

    #[test]
    fn what_is_switched_in_a_meeting_and_whom_it_bans_is_written_and_read_again() {
        let mut settings = Settings::default();
        let live = live::Settings { chat: false, share: false, lobby: true, ..settings.live() };
        settings.keep_live(live);
        let guest = PersonId::guest_from_random(7);
        assert!(settings.ban(&guest, (0..9).map(|n| Mark([n; 16]))));
        let text = serde_json::to_string(&settings).unwrap();
        let mut read: Settings = serde_json::from_str(&text).unwrap();
        assert_eq!(read, settings);
        assert_eq!(read.live(), live);
        assert!(read.is_marked(&[Mark([9; 16]), Mark([0; 16])]) && !read.is_marked(&[Mark([9; 16])]));
        assert_eq!(read.marks[&guest].len(), Settings::MARKS_MAX);
        read.lift(&guest);
        assert!(read.banned.is_empty() && !read.is_marked(&[Mark([0; 16])]));
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut settings = Settings::default();
        let guest = |n| PersonId::guest_from_random(n);
        for n in 0..Settings::BANNED_MAX as u128 {
            assert!(settings.ban(&guest(n), []));
        }
        assert!(!settings.ban(&guest(5000), []));
        assert!(settings.ban(&guest(1), [Mark([1; 16])]), "who is in it is no more");
    }
}
