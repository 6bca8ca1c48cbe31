//! Reading a request's body: by its announced length first, then its type, and only then byte by byte.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{self, ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};

use crate::problem::{Failure, Kind};

pub const SDP: &str = "application/sdp";
pub const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
pub const JSON: &str = "application/json";
pub const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// Refuses a body by its announced length, before anything is read of it.
pub fn refuse_announced(headers: &HeaderMap, max: usize) -> Result<(), Failure> {
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    match announced {
        Some(length) if length > max as u64 => Err(too_large(max)),
        _ => Ok(()),
    }
}

fn too_large(max: usize) -> Failure {
    Failure::new(Kind::BodyTooLarge, format!("the body may be {max} bytes long at most"))
}

/// Compares the media type alone: parameters and case do not matter (RFC 9110 §8.3.1).
pub fn require_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), Failure> {
    let accept_header = if wanted == FRAGMENT { ACCEPT_PATCH } else { ACCEPT_POST };
    let wrong = || {
        Failure::new(Kind::WrongContentType, format!("send Content-Type: {wanted}"))
            .with(ACCEPT, wanted)
            .with(accept_header.clone(), wanted)
    };
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Failure::new(Kind::WrongContentType, "send the body without Content-Encoding")
            .with(header::ACCEPT_ENCODING, "identity"));
    }
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).ok_or_else(wrong)?;
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) { Ok(()) } else { Err(wrong()) }
}

pub async fn read_text(body: Body, max: usize, timeout: Duration, malformed: Kind) -> Result<String, Failure> {
    let read = tokio::time::timeout(timeout, axum::body::to_bytes(body, max)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        // Only a body longer than its limit, or a connection that nobody reads any more, ends here.
        Ok(Err(_)) => return Err(too_large(max)),
        Err(_) => {
            let seconds = timeout.as_secs();
            return Err(Failure::new(
                Kind::BodyTimeout,
                format!("the body did not arrive within {seconds} s; send it again"),
            )
            .with(header::CONNECTION, "close"));
        }
    };
    String::from_utf8(bytes.into()).map_err(|_| Failure::new(malformed, "the body is not UTF-8 text"))
}
