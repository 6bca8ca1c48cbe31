//! `application/trickle-ice-sdpfrag` (RFC 8840): the body of a PATCH that brings candidates or restarts ICE.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use crate::Error;
use crate::answer::candidate_line;
use crate::label::{Label, Mid};
use crate::offer::{LINE_LEN_MAX, ice_text};

/// Credentials, a media section and a page of candidates.
pub const LEN_MAX: usize = 16 * 1024;
pub const CANDIDATES_MAX: usize = 64;
const LINES_MAX: usize = 512;

/// What a fragment says. Lines with another meaning are skipped, as RFC 8840 §9 asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragment {
    pub ufrag: Option<String>,
    pub pwd: Option<String>,
    /// The section that the candidates stand under; in a bundle there is one.
    pub mid: Option<Mid>,
    /// As they stand after "a=", `candidate:` included.
    pub candidates: Vec<String>,
    /// No more candidates will come.
    pub end: bool,
}

impl Fragment {
    pub fn parse(text: &str) -> Result<Fragment, Error> {
        if text.len() > LEN_MAX {
            return Err(Error::TooLong { len: text.len(), max: LEN_MAX });
        }
        let mut fragment = Fragment::default();
        let mut meaningful = false;
        for (i, line) in text.split('\n').enumerate() {
            if i >= LINES_MAX {
                return Err(Error::TooMany { what: "lines", max: LINES_MAX });
            }
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let wrong = |problem| Error::Malformed { line: i + 1, problem };
            if line.len() > LINE_LEN_MAX || line.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
                return Err(wrong("is too long or has control characters"));
            }
            let (kind, value) = line.split_once('=').ok_or(wrong("is not of the form x=value"))?;
            if kind.len() != 1 {
                return Err(wrong("is not of the form x=value"));
            }
            if kind != "a" {
                meaningful |= kind == "m";
                continue;
            }
            let (name, rest) = value.split_once(':').unwrap_or((value, ""));
            let rest = rest.trim();
            meaningful = true;
            match name {
                "ice-ufrag" => fragment.ufrag = Some(ice_text(rest, 4).ok_or(wrong("has no valid username fragment"))?),
                "ice-pwd" => fragment.pwd = Some(ice_text(rest, 22).ok_or(wrong("has no valid ICE password"))?),
                "mid" if fragment.mid.is_none() => {
                    fragment.mid = Some(Label::new(rest).ok_or(wrong("has an a=mid that is not 1 to 16 characters"))?);
                }
                "candidate" => {
                    if fragment.candidates.len() == CANDIDATES_MAX {
                        return Err(Error::TooMany { what: "candidates", max: CANDIDATES_MAX });
                    }
                    fragment.candidates.push(value.trim().to_owned());
                }
                "end-of-candidates" => fragment.end = true,
                _ => {}
            }
        }
        if !meaningful {
            return Err(Error::Missing { what: "any a= line" });
        }
        if fragment.ufrag.is_some() != fragment.pwd.is_some() {
            return Err(Error::Missing { what: "one of a=ice-ufrag and a=ice-pwd, which come together" });
        }
        Ok(fragment)
    }

    /// What the server answers to a restart: its new credentials and all its candidates, under the section that the
    /// bundle is tagged with.
    pub(crate) fn answer(mid: Mid, creds: &crate::Creds, candidates: &[SocketAddr]) -> String {
        let candidates = candidates.iter().enumerate().map(|(i, address)| candidate_line(*address, i)).collect();
        let fragment = Fragment {
            ufrag: Some(creds.ufrag.clone()),
            pwd: Some(creds.pwd.clone()),
            mid: Some(mid),
            candidates,
            end: true,
        };
        // The same as in the answer: a restart changes none of these (RFC 9725 §4.3.3).
        format!("a=ice-lite\r\na=ice-options:trickle\r\n{}", fragment.write())
    }

    pub fn write(&self) -> String {
        let mut text = String::new();
        let mut line = |s: &str| write!(text, "{s}\r\n").expect("a String takes any text");
        if let (Some(ufrag), Some(pwd)) = (&self.ufrag, &self.pwd) {
            line(&format!("a=ice-ufrag:{ufrag}"));
            line(&format!("a=ice-pwd:{pwd}"));
        }
        // RFC 8840 §4.4: a pseudo m-line, of which only the mid means something.
        line("m=audio 9 UDP/TLS/RTP/SAVPF 0");
        if let Some(mid) = self.mid {
            line(&format!("a=mid:{mid}"));
        }
        for candidate in &self.candidates {
            line(&format!("a={candidate}"));
        }
        if self.end {
            line("a=end-of-candidates");
        }
        text
    }
}

/// Whether a candidate line names a UDP address that packets could come from.
pub(crate) fn is_usable_candidate(candidate: &str) -> bool {
    usable_address(candidate).is_some()
}

/// The UDP address that a candidate line names: no host name (mDNS), no TCP, the one component that multiplexed RTP has.
/// RFC 9725 wants all others ignored without a word.
pub(crate) fn usable_address(candidate: &str) -> Option<SocketAddr> {
    let candidate = candidate.trim();
    let candidate = candidate.strip_prefix("a=").unwrap_or(candidate);
    let fields = candidate.strip_prefix("candidate:")?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().take(8).collect();
    let [_foundation, component, transport, priority, address, port, "typ", kind] = fields[..] else {
        return None;
    };
    let ip = address.parse::<IpAddr>().ok().filter(|ip| !ip.is_unspecified() && !ip.is_multicast())?;
    let port = port.parse::<u16>().ok().filter(|port| *port != 0)?;
    let usable = component == "1"
        && transport.eq_ignore_ascii_case("udp")
        && priority.parse::<u32>().is_ok()
        && matches!(kind, "host" | "srflx" | "prflx" | "relay");
    usable.then(|| SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRICKLE: &str = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n\
        a=mid:0\r\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\r\n\
        a=candidate:3471623853 1 udp 2122194687 3f1c7b1e-41ae-4f6e-8b1f-0d6d9d5ad5d1.local 61765 typ host\r\n\
        a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active\r\na=end-of-candidates\r\n";

    #[test]
    fn a_trickle_of_candidates_is_read_and_the_usable_ones_are_told_apart() {
        let fragment = Fragment::parse(TRICKLE).unwrap();
        assert_eq!(fragment.ufrag.as_deref(), Some("EsAw"));
        assert_eq!(fragment.mid, Label::new("0"));
        assert!(fragment.end);
        let usable: Vec<bool> = fragment.candidates.iter().map(|c| is_usable_candidate(c)).collect();
        assert_eq!(usable, [true, false, false]);
    }

    #[test]
    fn a_fragment_survives_being_written() {
        let fragment = Fragment::parse(TRICKLE).unwrap();
        assert_eq!(Fragment::parse(&fragment.write()), Ok(fragment));
    }

    #[test]
    fn the_answer_to_a_restart_carries_credentials_and_all_candidates() {
        let creds = crate::Creds { ufrag: "w0s1".into(), pwd: "x".repeat(24) };
        let addresses = ["192.0.2.7:7000".parse().unwrap(), "[2001:db8::7]:7000".parse().unwrap()];
        let text = Fragment::answer(Label::new("0").unwrap(), &creds, &addresses);
        let fragment = Fragment::parse(&text).unwrap();
        assert_eq!(fragment.ufrag.as_deref(), Some("w0s1"));
        assert!(fragment.candidates.iter().all(|c| is_usable_candidate(c)));
        assert!(fragment.candidates[1].contains(" 2001:db8::7 7000 typ host"));
        assert!(fragment.end && text.starts_with("a=ice-lite\r\n"));
    }

    #[test]
    fn what_is_no_fragment_is_refused_with_the_line() {
        assert_eq!(Fragment::parse(""), Err(Error::Missing { what: "any a= line" }));
        assert!(matches!(Fragment::parse("a=mid:0\nnonsense"), Err(Error::Malformed { line: 2, .. })));
        assert!(matches!(Fragment::parse("a=ice-ufrag:abcd"), Err(Error::Missing { .. })));
        assert!(matches!(Fragment::parse(&"a=x\n".repeat(600)), Err(Error::TooMany { .. })));
        assert!(matches!(Fragment::parse(&"a=candidate:1\n".repeat(65)), Err(Error::TooMany { .. })));
        assert!(matches!(Fragment::parse(&" ".repeat(LEN_MAX + 1)), Err(Error::TooLong { .. })));
    }
}
