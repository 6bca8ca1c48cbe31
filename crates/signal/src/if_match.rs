//! The `If-Match` header of a PATCH (RFC 9110 §13.1.1), as WHIP uses it.

use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;

use crate::desk::Expect;
use crate::problem::{Failure, Kind};

/// A client holds one tag per session; a list of more is no client.
const TAGS_MAX: usize = 16;
const HEADER_LEN_MAX: usize = 2048;

pub fn from_headers(headers: &HeaderMap) -> Result<Expect, Failure> {
    let mut text = String::new();
    for value in headers.get_all(IF_MATCH) {
        let value = value.to_str().map_err(|_| malformed())?;
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(value);
        if text.len() > HEADER_LEN_MAX {
            return Err(malformed());
        }
    }
    if text.trim().is_empty() {
        return Err(Failure::new(
            Kind::PreconditionRequired,
            "send If-Match with the session's ETag to trickle candidates, or If-Match: * to restart ICE",
        ));
    }
    parse(&text).ok_or_else(malformed)
}

fn malformed() -> Failure {
    Failure::new(Kind::MalformedIfMatch, r#"write If-Match: "TAG" with the ETag of the session, or If-Match: *"#)
}

/// `*`, `"*"`, or a list of tags. Weak tags never match (strong comparison), so they are read and forgotten. A tag
/// without quotes is taken as it stands: some clients strip the quotes from the `ETag` they were given.
fn parse(text: &str) -> Option<Expect> {
    let mut tags = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (weak, after) = match rest.strip_prefix("W/") {
            Some(after) if after.starts_with('"') => (true, after),
            _ => (false, rest),
        };
        let (tag, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                let (tag, after) = after.split_at(end);
                (tag.trim_end(), after)
            }
        };
        if !tag.bytes().all(|b| b.is_ascii_graphic() && b != b'"') {
            return None;
        }
        if tag == "*" && !weak {
            return Some(Expect::Any);
        }
        if !weak && !tag.is_empty() {
            tags.push(tag.to_owned());
        }
        if tags.len() > TAGS_MAX {
            return None;
        }
        rest = match after.trim_start() {
            "" => "",
            after => after.strip_prefix(',')?.trim_start(),
        };
    }
    Some(Expect::Tags(tags))
}

#[doc(hidden)]
pub(crate) fn fuzz(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(Expect::Tags(tags)) = parse(text) {
        assert!(tags.len() <= TAGS_MAX);
        let written = tags.iter().map(|tag| format!("\"{tag}\"")).collect::<Vec<_>>().join(", ");
        assert_eq!(parse(&written), Some(Expect::Tags(tags)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(list: &[&str]) -> Option<Expect> {
        Some(Expect::Tags(list.iter().map(|&tag| tag.to_owned()).collect()))
    }

    #[test]
    fn a_star_means_any_tag_with_or_without_quotes() {
        for star in ["*", "\"*\"", " * ", "\"a\", *"] {
            assert_eq!(parse(star), Some(Expect::Any), "{star}");
        }
    }

    #[test]
    fn tags_come_quoted_bare_and_in_lists() {
        assert_eq!(parse("\"abc\""), tags(&["abc"]));
        assert_eq!(parse("\"a\",\"b\" , \"c\""), tags(&["a", "b", "c"]));
        assert_eq!(parse("\"a,b\""), tags(&["a,b"]));
        assert_eq!(parse("abc"), tags(&["abc"]));
    }

    #[test]
    fn a_weak_tag_never_matches() {
        assert_eq!(parse("W/\"abc\""), tags(&[]));
        assert_eq!(parse("W/\"*\""), tags(&[]));
        assert_eq!(parse("W/\"a\", \"b\""), tags(&["b"]));
        assert!(!Expect::Tags(vec![]).admits(""));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for bad in ["\"abc", "\"a\" \"b\"", "\"a b\"", "ä"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse(&"\"x\",".repeat(40)), None);
    }
}
