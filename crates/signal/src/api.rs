//! The JSON API: rooms (as a list and as a stream), the node, and the description of it all.

mod docs;

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use proto::api::{NodeView, RoomsView};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use crate::app::App;
use crate::auth::Caller;
use crate::desk::Refusal;
use crate::problem::{Failure, Kind};
use crate::sessions::owned;

type IdPath = Result<Path<String>, PathRejection>;

const NO_STORE: [(axum::http::HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// A list of rooms is read by people: four a second is as live as they can see.
const EVENT_INTERVAL: Duration = Duration::from_millis(250);

/// After this a stream ends and the browser opens another, so a dead reader or an expired token does not stay for ever.
const EVENT_STREAM_AGE_MAX: Duration = Duration::from_secs(3600);

/// Comments in between, so that proxies do not take a quiet stream for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

static OPENAPI: &str = include_str!("api/openapi.json");
static DOCS: LazyLock<String> = LazyLock::new(|| docs::render(OPENAPI));

/// The rooms the caller may see: all of them, or those its token covers.
pub async fn rooms(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let caller = app.guard.caller(request.headers(), request.uri().query())?;
    caller.is_known()?;
    Ok((NO_STORE, Json(visible(&app.desk.rooms(), &caller))).into_response())
}

/// Server-sent events named `rooms`, each the whole list. A reader that is slow misses versions, never the latest.
pub async fn room_events(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let caller = app.guard.caller(request.headers(), request.uri().query())?;
    caller.is_known()?;
    let place = app.event_streams.clone().try_acquire_owned().map_err(|_| {
        Failure::new(Kind::NodeBusy, "too many event streams are open; read /api/rooms, or retry in 10 s")
            .retry_after(10)
    })?;
    let reader = Reader {
        caller,
        rooms: app.desk.watch_rooms(),
        closing: app.closing.clone(),
        until: Instant::now() + EVENT_STREAM_AGE_MAX,
        sent: None,
        _place: place,
    };
    let events = stream::unfold(reader, |mut reader| async {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    let mut response = (NO_STORE, stream).into_response();
    // nginx would hold events back until its buffer is full.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}

struct Reader {
    caller: Caller,
    rooms: watch::Receiver<Arc<RoomsView>>,
    closing: watch::Receiver<bool>,
    until: Instant,
    sent: Option<Instant>,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    async fn next(&mut self) -> Option<Event> {
        if let Some(sent) = self.sent {
            tokio::select! {
                _ = self.closing.wait_for(|closing| *closing) => return None,
                () = tokio::time::sleep_until(self.until) => return None,
                changed = self.rooms.changed() => changed.ok()?,
            }
            tokio::time::sleep_until(sent + EVENT_INTERVAL).await;
        }
        self.sent = Some(Instant::now());
        let rooms = self.rooms.borrow_and_update().clone();
        Event::default().event("rooms").json_data(visible(&rooms, &self.caller)).ok()
    }
}

fn visible(rooms: &RoomsView, caller: &Caller) -> RoomsView {
    RoomsView { rooms: rooms.rooms.iter().filter(|room| caller.may_see(&room.name)).cloned().collect() }
}

/// How a session fares. Whoever holds it may look, and an operator; there is no list, because its id is a right.
pub async fn session(State(app): State<App>, path: IdPath, request: Request) -> Result<Response, Failure> {
    let (request, _) = request.into_parts();
    let Path(id) = path.map_err(|_| Failure::from(Refusal::NoSession))?;
    let session = id.parse().map_err(|_| Failure::from(Refusal::NoSession))?;
    let caller = app.guard.holder(&request.headers, request.uri.query())?;
    // It costs the worker that has the session a little, unlike what is read here.
    app.count_request(&request)?;
    // An operator's token has to be current: it was not that which made the session.
    let operator =
        app.guard.caller(&request.headers, request.uri.query()).is_ok_and(|caller| caller.is_admin().is_ok());
    let owner = (!operator).then_some(caller.owner);
    let looked = app.desk.look(session, owner).await?;
    let view = owned(&caller, looked).map_err(|gone| app.removed.explain(session, gone))?;
    Ok((NO_STORE, Json(view)).into_response())
}

pub async fn node(State(app): State<App>, request: Request) -> Response {
    let view = NodeView {
        version: app.settings.version.clone(),
        token_required: app.guard.token_required(request.headers()),
        workers: app.settings.workers,
    };
    (NO_STORE, Json(view)).into_response()
}

pub async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], OPENAPI).into_response()
}

pub async fn docs() -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-cache")], DOCS.as_str()).into_response()
}

pub async fn docs_style() -> Response {
    ([(CONTENT_TYPE, "text/css"), (CACHE_CONTROL, "no-cache")], include_str!("api/docs.css")).into_response()
}
