//! `/api/rooms/{room}/upstream`: where a room is pulled from while nobody publishes it here.
//!
//! Whoever may publish in a room may fill it with anything, so the same right lets them say where it comes from. What that
//! must not become is a way to make this node ask arbitrary addresses: which hosts may be named is the operator's list, and
//! the node holds it.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use proto::RoomName;
use proto::api::UpstreamOrder;

use crate::app::App;
use crate::auth::Right;
use crate::desk::Upstream;
use crate::problem::{Failure, Kind};

/// A URL and a token, each of which may be 4 KiB long.
const ORDER_BYTES_MAX: usize = 16 * 1024;

type RoomPath = Result<Path<String>, PathRejection>;

pub async fn get(State(app): State<App>, room: RoomPath, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    let room = permitted(&app, room, &parts)?;
    match app.desk.upstream(room, Upstream::Show).await?? {
        Some(view) => Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response()),
        None => Err(Failure::new(Kind::NothingHere, "this room has no upstream; PUT one here")),
    }
}

pub async fn put(State(app): State<App>, room: RoomPath, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let room = permitted(&app, room, &parts)?;
    app.count_request(&parts)?;
    let order = read_order(body, app.settings.limits.body_timeout).await?;
    let view = app.desk.upstream(room, Upstream::Set(order)).await??;
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

pub async fn delete(State(app): State<App>, room: RoomPath, request: Request) -> Result<StatusCode, Failure> {
    let (parts, _) = request.into_parts();
    let room = permitted(&app, room, &parts)?;
    app.count_request(&parts)?;
    app.desk.upstream(room, Upstream::Clear).await??;
    Ok(StatusCode::NO_CONTENT)
}

fn permitted(app: &App, room: RoomPath, request: &Parts) -> Result<RoomName, Failure> {
    let bad = |e: proto::ids::IdError| Failure::new(Kind::BadRoomName, e.to_string());
    let room: RoomName = room.map(|Path(name)| name).unwrap_or_default().parse().map_err(bad)?;
    app.guard.caller(&request.headers, request.uri.query())?.may(Right::Publish, &room)?;
    Ok(room)
}

async fn read_order(body: Body, timeout: std::time::Duration) -> Result<UpstreamOrder, Failure> {
    let malformed = |why: String| Failure::new(Kind::BadUpstream, why);
    let bytes = tokio::time::timeout(timeout, axum::body::to_bytes(body, ORDER_BYTES_MAX)).await;
    let bytes = match bytes {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            return Err(Failure::new(Kind::BodyTooLarge, format!("the body may be {ORDER_BYTES_MAX} bytes long")));
        }
        Err(_) => return Err(Failure::new(Kind::BodyTimeout, "the body came too slowly; send it again")),
    };
    serde_json::from_slice(&bytes).map_err(|e| malformed(format!(r#"send {{"url": "…", "token": "…"}}: {e}"#)))
}
