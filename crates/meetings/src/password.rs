//! What may be a password: long enough, and not among the first that anybody would try.
//!
//! There is no rule about capitals, digits or signs. Such rules make people write `Password1!`, and make good ones impossible.

use crate::account::{Email, PersonName};
use crate::well_known;

/// A new password that was found good enough. One that is being checked against a hash needs no rules.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has at least {min} characters; a few words in a row are easy to remember", min = Password::CHARS_MIN)]
    Short,
    #[error("a password has at most {max} characters", max = Password::CHARS_MAX)]
    Long,
    #[error(
        "this is among the first passwords that anybody would try; choose a few words in a row that only you would put together"
    )]
    WellKnown,
    #[error("a password must not be the e-mail address or the name, which others know")]
    Known,
}

impl Password {
    pub const CHARS_MIN: usize = 8;
    pub const CHARS_MAX: usize = 128;

    pub fn new(text: &str, email: &Email, name: &PersonName) -> Result<Password, PasswordError> {
        // Bytes first, so that nobody has us count the characters of a megabyte.
        if text.len() > 4 * Password::CHARS_MAX || text.chars().count() > Password::CHARS_MAX {
            return Err(PasswordError::Long);
        }
        if text.chars().count() < Password::CHARS_MIN {
            return Err(PasswordError::Short);
        }
        let lower = text.to_lowercase();
        let local = email.as_str().split('@').next().unwrap_or_default();
        if lower == email.as_str() || lower == local || lower == name.as_str().to_lowercase() {
            return Err(PasswordError::Known);
        }
        if well_known::contains(&lower) {
            return Err(PasswordError::WellKnown);
        }
        Ok(Password(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Result<(), PasswordError> {
        Password::new(text, &"anna.long@example.org".parse().unwrap(), &"Anna Long".parse().unwrap()).map(|_| ())
    }

    #[test]
    fn a_few_words_or_any_eight_characters_will_do() {
        for text in ["correct horse battery", "xk2#9 qz", "ünïcödé 王", &format!("{}い", "長".repeat(127)), "        x"]
        {
            assert_eq!(judged(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_short_long_or_known_is_refused() {
        for (text, why) in [
            ("", PasswordError::Short),
            ("seven77", PasswordError::Short),
            ("長長長長長長長", PasswordError::Short),
            (&"x".repeat(129), PasswordError::Long),
            (&"x".repeat(100_000), PasswordError::Long),
            ("Anna.Long@Example.org", PasswordError::Known),
            ("anna.long", PasswordError::Known),
            ("ANNA LONG", PasswordError::Known),
            ("Password1", PasswordError::WellKnown),
            ("12345678", PasswordError::WellKnown),
        ] {
            assert_eq!(judged(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let password = Password::new("correct horse", &"a@b.c".parse().unwrap(), &"a".parse().unwrap()).unwrap();
        assert_eq!(format!("{password:?}"), "Password(..)");
    }
}
