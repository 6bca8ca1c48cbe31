//! Identities of people and meetings. Parsed once where they enter.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The letters of ids that people do not type: base 32, five bits each.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// 26 letters hold 130 bits, of which 128 are random.
const ACCOUNT_LETTERS: usize = 26;

/// 26^13 is 61.1 bits: at a thousand guesses a second against a million meetings, the first hit takes 38 years on average.
const MEETING_LETTERS: usize = 13;

/// Where a meeting's letters are parted when it is written: `qkfd-mzwhp-xbtr`.
const MEETING_GROUPS: [usize; 3] = [4, 5, 4];

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("an account id is the letter a and 26 letters a-z and digits 2-7")]
    Account,
    #[error("a person is named by an account id, or by a guest's, which begins with g")]
    Person,
    #[error("a meeting is 13 letters, written like qkfd-mzwhp-xbtr")]
    Meeting,
}

/// Somebody who has signed up. Public: everybody in a meeting sees those of the others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    pub fn from_random(random: u128) -> AccountId {
        AccountId(spell('a', random))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Somebody in a meeting: an account, or a guest who has none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(String);

impl PersonId {
    pub fn guest_from_random(random: u128) -> PersonId {
        PersonId(spell('g', random))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account, unless it is a guest.
    pub fn account(&self) -> Option<AccountId> {
        self.0.starts_with('a').then(|| AccountId(self.0.clone()))
    }
}

impl From<AccountId> for PersonId {
    fn from(account: AccountId) -> PersonId {
        PersonId(account.0)
    }
}

/// What is sent to people as a link, read aloud over a telephone, and typed. Whoever knows it may ask to be let in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeetingId(String);

impl MeetingId {
    /// Every id is as likely as every other, within 2^-66.
    pub fn from_random(random: u128) -> MeetingId {
        let mut rest = random;
        let mut letters = Vec::with_capacity(MEETING_LETTERS);
        for _ in 0..MEETING_LETTERS {
            letters.push(b'a' + (rest % 26) as u8);
            rest /= 26;
        }
        MeetingId(grouped(&String::from_utf8(letters).expect("letters of ASCII")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn spell(kind: char, random: u128) -> String {
    let letters = (0..ACCOUNT_LETTERS).map(|n| BASE32[(random >> (5 * n)) as usize % 32] as char);
    std::iter::once(kind).chain(letters).collect()
}

fn is_spelled(kind: char, text: &str) -> bool {
    let letters = text.strip_prefix(kind).unwrap_or_default();
    letters.len() == ACCOUNT_LETTERS && letters.bytes().all(|b| BASE32.contains(&b))
}

fn grouped(letters: &str) -> String {
    let mut parts = Vec::new();
    let mut rest = letters;
    for length in MEETING_GROUPS {
        let (part, after) = rest.split_at(length);
        parts.push(part);
        rest = after;
    }
    parts.join("-")
}

impl FromStr for AccountId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if is_spelled('a', text) { Ok(AccountId(text.to_owned())) } else { Err(IdError::Account) }
    }
}

impl FromStr for PersonId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let known = is_spelled('a', text) || is_spelled('g', text);
        if known { Ok(PersonId(text.to_owned())) } else { Err(IdError::Person) }
    }
}

impl FromStr for MeetingId {
    type Err = IdError;

    /// As people type it: capitals, spaces and hyphens anywhere are forgiven.
    fn from_str(text: &str) -> Result<Self, IdError> {
        // Twice the length of a written id is room for a hyphen behind every letter.
        if text.len() > 2 * (MEETING_LETTERS + 2) {
            return Err(IdError::Meeting);
        }
        let letters: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        if letters.len() != MEETING_LETTERS || !letters.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(IdError::Meeting);
        }
        Ok(MeetingId(grouped(&letters.to_ascii_lowercase())))
    }
}

macro_rules! text_id {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

text_id!(AccountId);
text_id!(PersonId);
text_id!(MeetingId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_was_written() {
        for random in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef] {
            let account = AccountId::from_random(random);
            assert_eq!(account.as_str().parse(), Ok(account.clone()));
            let guest = PersonId::guest_from_random(random);
            assert_eq!(guest.as_str().parse(), Ok(guest.clone()));
            assert!(guest.account().is_none() && guest.as_str().parse::<AccountId>().is_err());
            assert_eq!(PersonId::from(account.clone()).account(), Some(account));
            let meeting = MeetingId::from_random(random);
            assert_eq!(meeting.as_str().parse(), Ok(meeting));
        }
    }

    #[test]
    fn every_random_bit_of_an_account_counts() {
        let all: std::collections::HashSet<_> = (0..128).map(|bit| AccountId::from_random(1 << bit)).collect();
        assert_eq!(all.len(), 128);
    }

    #[test]
    fn a_meeting_is_found_however_its_letters_are_typed() {
        let meeting: MeetingId = "qkfd-mzwhp-xbtr".parse().unwrap();
        for typed in ["qkfdmzwhpxbtr", "QKFD MZWHP XBTR", "q-k-f-d-m-z-w-h-p-x-b-t-r"] {
            assert_eq!(typed.parse(), Ok(meeting.clone()), "{typed}");
        }
        for typed in
            ["", "qkfd-mzwhp-xbt", "qkfd-mzwhp-xbtrr", "qkfd-mzwhp-xbt1", "qkfd-mzwhp-xbtä", &"-".repeat(10_000)]
        {
            assert_eq!(typed.parse::<MeetingId>(), Err(IdError::Meeting), "{typed}");
        }
    }
}
