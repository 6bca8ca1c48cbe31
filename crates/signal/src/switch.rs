//! Moving a viewer to another room within its session: by its session URL, and by the name that older clients give it.
//!
//! Whoever moves a viewer needs two rights: the session has to be theirs, and the room one that they may watch.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use proto::{RoomName, SessionId};
use serde::Deserialize;

use crate::app::App;
use crate::auth::{Caller, Right};
use crate::problem::Failure;
use crate::sessions::{SessionPath, owned};
use crate::{aliases, held, query};

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    room: RoomName,
}

/// `POST {session}/source`.
pub async fn source(State(app): State<App>, path: SessionPath, request: Request) -> Result<StatusCode, Failure> {
    let (request, body) = request.into_parts();
    // Unlike what keeps a session going, this starts something: an expired token does not.
    let caller = app.guard.caller(&request.headers, request.uri.query())?;
    let (session, text) = held::json(&app, path, &request, &caller, body).await?;
    let Source { room } = parse(&text)?;
    caller.may(Right::Watch, &room)?;
    switch(&app, session, &caller, room).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /switchRoom?room=R&subuuid=U`: fire and forget. Whoever it is that asks learns nothing, not even whether there is
/// such a viewer.
pub async fn by_name(State(app): State<App>, request: Request) -> StatusCode {
    let (request, _) = request.into_parts();
    let _ = try_by_name(&app, &request).await;
    StatusCode::OK
}

async fn try_by_name(app: &App, request: &Parts) -> Option<()> {
    // A GET that changes something: a page of a stranger could send it with an image's address.
    let cross_site = request.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if cross_site {
        return None;
    }
    app.count_request(request).ok()?;
    let query = request.uri.query()?;
    let name = query::value(query, "subuuid")?;
    let room = query::value(query, "room").filter(|room| !room.is_empty()).unwrap_or(aliases::ROOM_DEFAULT);
    let room: RoomName = room.parse().ok()?;
    let caller = app.guard.caller(&request.headers, Some(query)).ok()?;
    caller.may(Right::Watch, &room).ok()?;
    let session = app.subscribers.find(name)?;
    switch(app, session, &caller, room).await.ok()
}

async fn switch(app: &App, session: SessionId, caller: &Caller, room: RoomName) -> Result<(), Failure> {
    owned(caller, app.desk.switch(session, caller.owner, room.clone()).await?)?;
    app.streams.move_to(session, &room);
    Ok(())
}

fn parse(text: &str) -> Result<Source, Failure> {
    held::object(text, r#"{"room": "b"}"#)
}

/// The name a client gave itself when it began to watch; the header wins.
pub fn name_of<'a>(headers: &'a HeaderMap, query: Option<&'a str>) -> Option<&'a str> {
    let header = headers.get("x-deadsfu-subuuid").and_then(|value| value.to_str().ok());
    header.or_else(|| query::value(query?, "subuuid")).filter(|name| !name.is_empty())
}

#[doc(hidden)]
pub(crate) fn fuzz(text: &str) {
    if let Ok(Source { room }) = parse(text) {
        assert_eq!(room.as_str().parse::<RoomName>().as_ref(), Ok(&room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_room_and_nothing_else() {
        assert_eq!(parse(r#" {"room":"b"} "#).unwrap(), Source { room: "b".parse().unwrap() });
        for bad in [
            "",
            "b",
            r#"["b"]"#,
            "{}",
            r#"{"room":null}"#,
            r#"{"room":""}"#,
            r#"{"room":"a b"}"#,
            r#"{"room":"b","x":1}"#,
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
