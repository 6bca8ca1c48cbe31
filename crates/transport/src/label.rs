//! Short names inside SDP and RTP: the mid of a media section and the rid of a simulcast layer, kept inline so that
//! they travel with every packet without an allocation.

use std::fmt;

/// 1 to 16 printable ASCII characters without blanks, which is also what fits a one-byte RTP header extension.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    bytes: [u8; Label::LEN_MAX],
    len: u8,
}

/// Names a media section.
pub type Mid = Label;
/// Names a simulcast layer of a media section.
pub type Rid = Label;

impl Label {
    pub const LEN_MAX: usize = 16;

    pub fn new(s: &str) -> Option<Label> {
        if s.is_empty() || s.len() > Self::LEN_MAX || !s.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let mut bytes = [0; Self::LEN_MAX];
        bytes[..s.len()].copy_from_slice(s.as_bytes());
        Some(Label { bytes, len: s.len() as u8 })
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len as usize]).expect("Label::new lets only ASCII in")
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq<str> for Label {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Label {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_what_fits_a_header_extension() {
        assert_eq!(Label::new("0").unwrap(), "0");
        assert_eq!(Label::new("0123456789abcdef").unwrap().as_str(), "0123456789abcdef");
        for bad in ["", "0123456789abcdefg", "a b", "ä", "a\n"] {
            assert_eq!(Label::new(bad), None, "{bad:?}");
        }
    }
}
