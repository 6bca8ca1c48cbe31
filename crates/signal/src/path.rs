//! The `Weir-Path` header: which nodes a pull has come through. It is ours; other servers neither send nor mind it.

use axum::http::{HeaderMap, HeaderName};
use proto::Path;

use crate::problem::{Failure, Kind};

pub const WEIR_PATH: HeaderName = HeaderName::from_static("weir-path");

pub fn from_headers(headers: &HeaderMap) -> Result<Path, Failure> {
    let malformed = |why: String| Failure::new(Kind::MalformedPath, why);
    let mut values = headers.get_all(WEIR_PATH).iter();
    let Some(value) = values.next() else { return Ok(Path::default()) };
    if values.next().is_some() {
        return Err(malformed("send one Weir-Path".to_owned()));
    }
    let text = value.to_str().map_err(|_| malformed(proto::path::PathError.to_string()))?;
    text.parse().map_err(|e: proto::path::PathError| malformed(e.to_string()))
}

pub fn fuzz(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(path) = text.parse::<Path>() {
        assert!((1..=Path::LEN_MAX).contains(&path.len()));
        assert_eq!(path.to_string().parse(), Ok(path));
    }
}
