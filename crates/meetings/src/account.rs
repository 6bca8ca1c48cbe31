//! Somebody who has signed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::AccountId;
use crate::store::Version;
use crate::time::UnixTime;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub email: Email,
    /// The address answered a mail of ours.
    pub confirmed: bool,
    pub name: PersonName,
    pub password: PasswordHash,
    pub grant: Grant,
    pub created: UnixTime,
    pub version: Version,
}

/// What an account may do beyond its own meetings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    #[default]
    Person,
    /// Sees and ends everything, on `/admin`.
    Admin,
}

/// A password as it is stored: a PHC string. It is kept out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// An address by which an account is known, in lower case: `Ann@Example.org` and `ann@example.org` are one person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    #[error("an e-mail address is written like ann@example.org, in at most 254 bytes without spaces")]
    Shape,
    #[error("a name is 1 to 64 characters long, none of them a control character")]
    Name,
}

impl Email {
    /// RFC 5321, 4.5.3.1: the longest path is 256 bytes with its two brackets.
    pub const LEN_MAX: usize = 254;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = EmailError;

    /// Whether an address exists only a mail can tell; what is refused here is what no mail could be sent to, and what
    /// would end a header line.
    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let (local, host) = text.rsplit_once('@').ok_or(EmailError::Shape)?;
        let printable = text.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"<>()[],;:\\\"".contains(c));
        let hosted = !host.is_empty() && !host.starts_with('.') && !host.ends_with('.') && !host.contains("..");
        if text.len() > Email::LEN_MAX || local.is_empty() || local.len() > 64 || !printable || !hosted {
            return Err(EmailError::Shape);
        }
        Ok(Email(text.to_lowercase()))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Addresses stay out of logs.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

/// What the others call somebody. Shown as text wherever it is shown; nothing in it is ever markup.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonName(String);

impl PersonName {
    pub const CHARS_MAX: usize = 64;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PersonName {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let fits = !text.is_empty()
            && text.len() <= 4 * PersonName::CHARS_MAX
            && text.chars().count() <= PersonName::CHARS_MAX;
        if !fits || text.chars().any(is_disguise) {
            return Err(EmailError::Name);
        }
        Ok(PersonName(text.to_owned()))
    }
}

/// Control characters, and those that turn the direction of what follows: a name must not rearrange the page around it.
fn is_disguise(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for PersonName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PersonName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_whatever_its_case() {
        assert_eq!(" Ann@Example.ORG ".parse::<Email>().unwrap().as_str(), "ann@example.org");
    }

    #[test]
    fn what_no_mail_could_be_sent_to_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "ann@.org",
            "a nn@example.org",
            "ann@exa\r\nBcc: x@y.z",
            "<ann@x.org>",
            &long,
        ] {
            assert_eq!(text.parse::<Email>(), Err(EmailError::Shape), "{text}");
        }
    }

    #[test]
    fn a_name_cannot_rearrange_the_page() {
        assert_eq!("  Zoë 王 ".parse::<PersonName>().unwrap().as_str(), "Zoë 王");
        for text in ["", "   ", "a\nb", "\u{202e}nnA", &"x".repeat(65)] {
            assert_eq!(text.parse::<PersonName>(), Err(EmailError::Name), "{text:?}");
        }
    }
}
