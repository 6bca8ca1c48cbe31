//! The names that older systems gave the same two endpoints, translated before anything else looks at the request.
//!
//! | old                                   | ours          |
//! |---------------------------------------|---------------|
//! | `/whip?room=R`, `/pub?room=R`         | `/whip/R`     |
//! | `/whep?room=R`, `/whap?room=R`, `/sub?room=R` | `/whep/R` |
//! | `/pub/R`, `/pub/R/ID`                 | `/whip/R`     |
//! | `/whap/R`, `/sub/R`, `/sub/R/ID`      | `/whep/R`     |
//!
//! No room, or an empty one, is `mainroom`. Clients of `/pub` and `/sub` send their offer as whatever type `fetch`
//! thinks of, so there `text/plain` or no type at all counts as SDP. `?access_token=` needs no translation: it is
//! accepted everywhere (`auth`).

use axum::http::header::CONTENT_TYPE;
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderValue, Request};

use crate::query;

pub const ROOM_DEFAULT: &str = "mainroom";

pub fn translate<B>(request: &mut Request<B>) {
    let Some(path) = canonical(request.uri().path(), request.uri().query()) else { return };
    let untyped_dialect = request.uri().path().starts_with("/pub") || request.uri().path().starts_with("/sub");
    let path_and_query = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    // Path and query consist of pieces of the old ones, so they are valid again.
    let Ok(path_and_query) = PathAndQuery::try_from(path_and_query) else { return };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(path_and_query);
    let Ok(uri) = Uri::from_parts(parts) else { return };
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    let plain = |value: &HeaderValue| value.as_bytes().to_ascii_lowercase().starts_with(b"text/plain");
    if untyped_dialect && headers.get(CONTENT_TYPE).is_none_or(plain) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/sdp"));
    }
}

fn canonical(path: &str, query: Option<&str>) -> Option<String> {
    let mut segments = path.strip_prefix('/')?.split('/');
    let old = segments.next()?;
    let name = match old {
        "whip" | "pub" => "whip",
        "whep" | "whap" | "sub" => "whep",
        _ => return None,
    };
    let (room, id, more) = (segments.next().unwrap_or(""), segments.next(), segments.next());
    if more.is_some() {
        return None;
    }
    let room = match (old, room, id) {
        ("whip" | "whep", room, _) if !room.is_empty() => return None,
        (_, "", Some(_)) => return None,
        (_, "", None) => query.and_then(|query| query::value(query, "room")).filter(|room| !room.is_empty()),
        // `/whap` never had a participant behind the room; a session of ours may be there.
        ("whap", room, None) => Some(room),
        ("whap", _, Some(_)) => return None,
        (_, room, _) => Some(room),
    };
    if room.is_some_and(|room| room.contains(['/', '?'])) {
        return None; // would become more of an address than a room's name
    }
    Some(format!("/{name}/{}", room.unwrap_or(ROOM_DEFAULT)))
}

#[doc(hidden)]
pub(crate) fn fuzz(data: &[u8]) {
    let Ok(mut request) = Request::builder().uri(data).body(()) else { return };
    translate(&mut request);
    let once = request.uri().clone();
    translate(&mut request);
    assert_eq!(once, *request.uri(), "an address of ours stays as it is");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(uri: &str) -> String {
        let mut request = Request::builder().uri(uri).body(()).unwrap();
        translate(&mut request);
        request.uri().to_string()
    }

    #[test]
    fn old_addresses_lead_to_the_same_rooms() {
        for (old, ours) in [
            ("/whip?room=demo", "/whip/demo?room=demo"),
            ("/whap?room=demo&access_token=t", "/whep/demo?room=demo&access_token=t"),
            ("/pub?room=", "/whip/mainroom?room="),
            ("/sub", "/whep/mainroom"),
            ("/whip/", "/whip/mainroom"),
            ("/pub/demo/ann+1", "/whip/demo"),
            ("/sub/demo/ann+1?access_token=t", "/whep/demo?access_token=t"),
            ("/whap/demo", "/whep/demo"),
        ] {
            assert_eq!(translated(old), ours, "{old}");
        }
    }

    #[test]
    fn our_own_addresses_stay_as_they_are() {
        for ours in ["/", "/whip/demo", "/whep/demo/w00aa", "/api/rooms", "/public", "/subtitles.js", "/pub/a/b/c"] {
            assert_eq!(translated(ours), ours);
        }
    }

    #[test]
    fn an_untyped_offer_is_sdp_only_in_the_dialect_that_never_typed_it() {
        for (uri, given, expected) in [
            ("/pub/demo/ann", None, Some("application/sdp")),
            ("/sub/demo/ann", Some("text/plain;charset=UTF-8"), Some("application/sdp")),
            ("/pub/demo/ann", Some("application/json"), Some("application/json")),
            ("/whip?room=demo", Some("text/plain"), Some("text/plain")),
            ("/whip/demo", None, None),
        ] {
            let mut request = Request::builder().uri(uri).body(()).unwrap();
            if let Some(given) = given {
                request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(given));
            }
            translate(&mut request);
            assert_eq!(request.headers().get(CONTENT_TYPE).map(|v| v.to_str().unwrap()), expected, "{uri} {given:?}");
        }
    }
}
