//! Lists in pages: how many entries, and after which one.

use axum::http::request::Parts;

use crate::people::read::bad;
use crate::problem::{Failure, Kind};
use crate::query;

const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 100;
/// A room's name has 64 characters, and nothing that is looked for is longer.
const TEXT_LEN_MAX: usize = 64;

pub fn limit(request: &Parts) -> Result<usize, Failure> {
    match value(request, "limit") {
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE_MAX).contains(limit))
            .ok_or_else(|| bad(format!("limit is a number from 1 to {PAGE_MAX}"))),
        None => Ok(PAGE_DEFAULT),
    }
}

/// The `next` of a page before.
pub fn after<T: std::str::FromStr>(request: &Parts) -> Result<Option<T>, Failure> {
    let bad_cursor = |_| Failure::new(Kind::BadCursor, "after is no \"next\" of a page; begin at the first page");
    value(request, "after").map(|text| text.parse().map_err(bad_cursor)).transpose()
}

/// A part of a room's name, in any case. What cannot be in a name finds nothing.
pub fn find(request: &Parts) -> Result<Option<String>, Failure> {
    match value(request, "find") {
        Some(text) if text.len() > TEXT_LEN_MAX => Err(bad(format!("find has {TEXT_LEN_MAX} characters at most"))),
        found => Ok(found.filter(|text| !text.is_empty()).map(str::to_ascii_lowercase)),
    }
}

fn value<'a>(request: &'a Parts, name: &str) -> Option<&'a str> {
    query::value(request.uri.query()?, name)
}
