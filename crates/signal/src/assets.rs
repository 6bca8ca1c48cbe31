//! The web client, compiled into the binary by `build.rs`, or one plain page when it was not built.

use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::problem::Failure;

struct File {
    path: &'static str,
    mime: &'static str,
    /// Quoted, of the contents.
    etag: &'static str,
    bytes: &'static [u8],
}

// `static FILES: &[File]`, sorted by path, and `static FALLBACK: bool`.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The builder puts a hash of the contents into the names of the files here, so a name never changes its meaning.
const HASHED: &str = "assets/";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_EVERY_TIME: &str = "no-cache";

pub async fn serve(request: Request) -> Result<Response, Failure> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Failure::nothing_here());
    }
    let path = request.uri().path();
    let name = if is_page(path) { "index.html" } else { path.strip_prefix('/').unwrap_or(path) };
    let file = find(name).ok_or_else(Failure::nothing_here)?;
    Ok(respond(file, request.headers()))
}

/// Addresses the client's own router knows. Any other unknown path is a 404, so that a typing error does not look
/// like an empty page.
fn is_page(path: &str) -> bool {
    let mut segments = path.trim_start_matches('/').split('/');
    match (segments.next(), segments.next(), segments.next()) {
        (Some("" | "live" | "rooms" | "admin"), None | Some(""), None) => true,
        (
            Some("login" | "signup" | "forgot" | "reset" | "confirm" | "settings" | "meetings"),
            None | Some(""),
            None,
        ) => true,
        (Some("live" | "watch" | "m"), Some(name), None) => !name.is_empty(),
        _ => false,
    }
}

fn find(path: &str) -> Option<&'static File> {
    FILES.binary_search_by(|file| file.path.cmp(path)).ok().map(|index| &FILES[index])
}

fn respond(file: &'static File, headers: &HeaderMap) -> Response {
    let cache = if file.path.starts_with(HASHED) { FOR_EVER } else { ASK_EVERY_TIME };
    let validators = [(ETAG, file.etag), (CACHE_CONTROL, cache)];
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|tags| {
        tags.split(',').any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == file.etag)
    });
    if known {
        return (StatusCode::NOT_MODIFIED, validators).into_response();
    }
    (validators, [(CONTENT_TYPE, file.mime)], file.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_clients_own_pages_fall_back_to_it() {
        for page in [
            "/",
            "/live",
            "/live/demo",
            "/watch/demo",
            "/rooms",
            "/rooms/",
            "/admin",
            "/login",
            "/reset",
            "/meetings",
            "/m/qkfd-mzwhp-xbtr",
        ] {
            assert!(is_page(page), "{page}");
        }
        for other in [
            "/watch",
            "/watch/a/b",
            "/favicon.ico",
            "/admin/x",
            "/assets/x.js",
            "/wp-login.php",
            "/rooms/x",
            "/m",
            "/login/x",
            "/meeting",
        ] {
            assert!(!is_page(other), "{other}");
        }
    }

    #[test]
    fn there_is_always_a_first_page_and_files_are_found() {
        assert!(find("index.html").is_some_and(|file| file.mime.starts_with("text/html")));
        assert!(FILES.windows(2).all(|pair| pair[0].path < pair[1].path));
        assert!(find("../Cargo.toml").is_none());
    }
}
