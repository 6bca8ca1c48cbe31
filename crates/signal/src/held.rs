//! What a request about a running session passes through before anything of its body is parsed: how long it says it is,
//! how often its sender asks, whose the session is, and what the body claims to be.

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use proto::SessionId;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::auth::Caller;
use crate::body::{ACCEPT_POST, JSON, read_text, refuse_announced, require_type};
use crate::problem::{Failure, Kind};
use crate::sessions::{SessionPath, owned, session_id};

/// A room's name, a layer's, or a list of five events: none comes near it.
const JSON_BYTES_MAX: usize = 4096;

/// The JSON that the holder of a session posted about it. No body at all is an empty text.
pub async fn json(
    app: &App,
    path: SessionPath,
    request: &Parts,
    caller: &Caller,
    body: Body,
) -> Result<(SessionId, String), Failure> {
    let session = session_id(path)?;
    refuse_announced(&request.headers, JSON_BYTES_MAX)?;
    app.count_request(request)?;
    owned(caller, app.desk.exists(session, caller.owner).await?)?;
    if request.headers.contains_key(CONTENT_TYPE) {
        require_type(&request.headers, JSON)?;
    }
    let text = read_text(body, JSON_BYTES_MAX, app.settings.limits.body_timeout, Kind::MalformedBody).await?;
    if !text.is_empty() {
        require_type(&request.headers, JSON)?;
    }
    Ok((session, text))
}

/// For a preflight: it has no credentials, and gets to know nothing about the session.
pub async fn options() -> Response {
    ([(ALLOW, "OPTIONS, POST"), (ACCEPT_POST, JSON)], ()).into_response()
}

/// A JSON object as the type it stands for. A list of the same values would fit the type as well, and is not it.
pub fn object<T: DeserializeOwned>(text: &str, example: &str) -> Result<T, Failure> {
    if !text.trim_start().starts_with('{') {
        return Err(Failure::new(Kind::MalformedBody, format!("send a JSON object like {example}")));
    }
    serde_json::from_str(text).map_err(|error| malformed(example, &error))
}

pub fn malformed(example: &str, error: &serde_json::Error) -> Failure {
    // The parser's own words name a line and a column, and never more than a few words of the body.
    Failure::new(Kind::MalformedBody, format!("send JSON like {example}: {error}"))
}
