//! What a viewer is told while it watches (WHEP core extensions, server-sent events).
//!
//! ```text
//!   POST {session}/sse  ["active", …]  ─▶ 201, Location: {session}/sse/STREAM     a place in `streams`
//!   GET  {session}/sse/STREAM          ─▶ text/event-stream                       a `Reader`, fed by `news`
//!   DELETE, or the session's end       ─▶ the stream is gone
//! ```
//!
//! Nothing is queued for a reader that is away: every event says how things are, so whoever comes back is told that anew.
//! A browser's `EventSource` sends no token, so the stream's URL, which its creator alone was given, is the right to read it.

mod list;
mod news;
mod streams;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use proto::api::{RoomsView, SessionSide, TrackKind};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use crate::app::App;
use crate::desk::{Readiness, Refusal};
use crate::held;
use crate::problem::{Failure, Kind};
use crate::sessions::{SessionPath, header_value, owned, session_id};

pub use list::Events;
use news::News;
pub use streams::Streams;
use streams::{Opening, Reading, StreamId};

#[doc(hidden)]
pub(crate) use list::fuzz;

/// A viewer's page shows a count and a menu: twice a second is as live as they need to be.
const INTERVAL: Duration = Duration::from_millis(500);
/// How often a stream makes sure that its session is still there.
const SESSION_CHECK: Duration = Duration::from_secs(5);
/// After this a stream ends and its reader asks again, so that a dead one does not stay for ever.
const AGE_MAX: Duration = Duration::from_secs(3600);
/// Comments in between, so that proxies do not take a quiet stream for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

type StreamPath = Result<Path<(String, String, String)>, PathRejection>;

pub async fn create(State(app): State<App>, path: SessionPath, request: Request) -> Result<Response, Failure> {
    let (request, body) = request.into_parts();
    let caller = app.guard.holder(&request.headers, request.uri.query())?;
    let (session, text) = held::json(&app, path, &request, &caller, body).await?;
    let events = list::parse(&text)?;
    let view = owned(&caller, app.desk.look(session, Some(caller.owner)).await?)?;
    if view.side != SessionSide::Viewer {
        return Err(Refusal::NotAViewer.into());
    }
    let video = view.tracks.iter().find(|track| track.kind == TrackKind::Video);
    let media = video.map(|track| track.mid.clone());
    let opening = Opening { session, owner: caller.owner, events, media, room: view.room };
    let id = app.streams.open(std::time::Instant::now(), opening)?;
    let location = format!("{}/{id}", request.uri.path().trim_end_matches('/'));
    let headers = [(LOCATION, header_value(&location)?), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, headers).into_response())
}

pub async fn read(State(app): State<App>, path: StreamPath, request: Request) -> Result<Response, Failure> {
    // Needs no token, but a wrong one is wrong.
    app.guard.holder(request.headers(), request.uri().query())?;
    let id = stream_id(path)?;
    let place =
        app.event_streams.clone().try_acquire_owned().map_err(|_| {
            Failure::new(Kind::NodeBusy, "too many event streams are open; retry in 10 s").retry_after(10)
        })?;
    let reading = app.streams.read(id).ok_or_else(no_stream)?;
    let now = Instant::now();
    let reader = Reader {
        news: News::new(reading.events, reading.media.clone(), reading.told_active),
        rooms: app.desk.watch_rooms(),
        readiness: app.desk.watch_readiness(),
        closing: app.closing.clone(),
        ready: VecDeque::new(),
        said: None,
        check_at: now + SESSION_CHECK,
        until: now + AGE_MAX,
        app,
        reading,
        _place: place,
    };
    let events = stream::unfold(reader, |mut reader| async {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    let mut response =
        ([(CACHE_CONTROL, "no-store")], Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
            .into_response();
    // nginx would hold events back until its buffer is full.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

pub async fn end(State(app): State<App>, path: StreamPath, request: Request) -> Result<StatusCode, Failure> {
    let (request, _) = request.into_parts();
    app.guard.holder(&request.headers, request.uri.query())?;
    app.count_request(&request)?;
    if app.streams.end(stream_id(path)?) { Ok(StatusCode::OK) } else { Err(no_stream()) }
}

pub async fn stream_options() -> Response {
    ([(ALLOW, "OPTIONS, GET, HEAD, DELETE")], ()).into_response()
}

/// The session in the path is for people: the stream's id alone names it.
fn stream_id(path: StreamPath) -> Result<StreamId, Failure> {
    let Path((room, session, id)) = path.map_err(|_| no_stream())?;
    session_id(Ok(Path((room, session)))).map_err(|_| no_stream())?;
    id.parse().map_err(|()| no_stream())
}

fn no_stream() -> Failure {
    Failure::new(
        Kind::NoStream,
        "there is no such event stream; it ended with its session, or nobody read it for a while; POST to make one",
    )
}

struct Reader {
    app: App,
    reading: Reading,
    news: News,
    rooms: watch::Receiver<Arc<RoomsView>>,
    readiness: watch::Receiver<Readiness>,
    closing: watch::Receiver<bool>,
    ready: VecDeque<(&'static str, serde_json::Value)>,
    said: Option<Instant>,
    check_at: Instant,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    /// The next event; `None` when there will be no more.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((name, data)) = self.ready.pop_front() {
                return Event::default().event(name).json_data(data).ok();
            }
            if self.said.is_some() {
                self.wait().await?;
            }
            self.said = Some(Instant::now());
            let rooms = self.rooms.borrow_and_update().clone();
            let readiness = *self.readiness.borrow_and_update();
            let name = self.reading.room()?;
            let room = rooms.rooms.iter().find(|room| room.name == name);
            self.ready.extend(self.news.update(std::time::Instant::now(), room, readiness));
            self.reading.told_active = self.news.told_active();
        }
    }

    /// Until something may be different; `None` when the stream is over.
    async fn wait(&mut self) -> Option<()> {
        loop {
            let check = tokio::select! {
                _ = self.closing.wait_for(|closing| *closing) => return None,
                () = tokio::time::sleep_until(self.until) => return None,
                mine = self.reading.changed() => mine.then_some(false)?,
                changed = self.rooms.changed() => changed.ok().map(|()| false)?,
                changed = self.readiness.changed() => changed.ok().map(|()| false)?,
                () = tokio::time::sleep_until(self.check_at) => true,
            };
            if !check {
                break;
            }
            self.check().await?;
        }
        if let Some(said) = self.said {
            tokio::time::sleep_until(said + INTERVAL).await;
        }
        Some(())
    }

    /// A session that ended by itself takes its streams along; one that was moved by others is followed.
    async fn check(&mut self) -> Option<()> {
        self.check_at = Instant::now() + SESSION_CHECK;
        match self.app.desk.look(self.reading.session, Some(self.reading.owner)).await {
            Ok(Ok(view)) => {
                self.app.streams.correct(self.reading.session, &view.room);
                Some(())
            }
            Ok(Err(_)) => {
                self.app.streams.end_all_of(self.reading.session);
                None
            }
            // A node that is busy has lost nobody's session.
            Err(_) => Some(()),
        }
    }
}
