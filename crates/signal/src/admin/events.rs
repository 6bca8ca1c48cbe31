//! The log of events for administrators: in pages, and as it grows.
//!
//! ```text
//!   GET /api/admin/events?after=SEQ&kind=meeting.*&limit=N   ─▶ a page, and where the next one begins
//!   GET /api/admin/events/live[?after=SEQ][&kind=…]          ─▶ text/event-stream, id: SEQ; Last-Event-ID goes on from there
//! ```
//!
//! A reader has a task that reads the log for it and a short queue. Whoever does not take what is in the queue for a while is cut,
//! with the reason as the last event: the log keeps what they miss, and they go on from there.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use meetings::events::Sequence;
use proto::event::Filter;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, timeout};

use super::overseer::overseer;
use crate::app::App;
use crate::chronicle;
use crate::problem::{Failure, Kind};
use crate::query;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 500;

/// Events that one request looks at, most of which may be of other kinds.
const SCANNED_MAX: u32 = 2_000;

/// Events for a reader that are not written into its connection yet.
const UNREAD_MAX: usize = 64;

/// Whoever takes nothing for so long is cut.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a reader has to be an administrator still.
const GUARD_INTERVAL: Duration = Duration::from_secs(30);

/// After this a stream ends and the browser opens another.
const AGE_MAX: Duration = Duration::from_secs(3600);

/// Comments in between, so that proxies do not take a quiet stream for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Read of the log in one go for a reader.
const PAGE: u32 = 64;

#[derive(Debug, PartialEq, Eq)]
struct Wish {
    after: Option<Sequence>,
    kinds: Filter,
    limit: u32,
}

pub async fn list(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    overseer(&app, &parts).await?;
    let wish = wish(parts.uri.query().unwrap_or_default())?;
    let store = app.people.store();
    let last = store.last_event().await?;
    let mut next = wish.after.unwrap_or_default();
    let (mut texts, mut scanned, mut more) = (Vec::new(), 0, true);
    while more && scanned < SCANNED_MAX && texts.len() < wish.limit as usize {
        let page = store.events(next, LIMIT_MAX).await?;
        more = page.more;
        for logged in &page.items {
            if texts.len() == wish.limit as usize {
                more = true;
                break;
            }
            scanned += 1;
            next = logged.sequence;
            if wish.kinds.admits(&logged.happened.kind) {
                texts.push(chronicle::text(logged));
            }
        }
    }
    // A page behind the end is where the end will grow, and not where somebody guessed.
    let last = last.max(texts.last().map_or(last, |_| next));
    let body = format!(r#"{{"events":[{}],"next":{},"more":{more},"last":{}}}"#, texts.join(","), next.0, last.0);
    Ok(([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], Body::from(body)).into_response())
}

pub async fn live(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    overseer(&app, &parts).await?;
    let wish = wish(parts.uri.query().unwrap_or_default())?;
    let place = app.event_streams.clone().try_acquire_owned().map_err(|_| {
        Failure::new(Kind::NodeBusy, "too many event streams are open; read /api/admin/events, or retry in 10 s")
            .retry_after(10)
    })?;
    let after = match last_event_id(&parts.headers)?.or(wish.after) {
        Some(after) => after,
        None => app.people.store().last_event().await?,
    };
    // One place more, for the reason of a cut.
    let (out, lines) = mpsc::channel(UNREAD_MAX + 1);
    let reader = Reader { app, parts, kinds: wish.kinds, after, out, _place: place };
    tokio::spawn(reader.run());
    let events = stream::unfold(lines, |mut lines| async { Some((Ok::<_, Infallible>(lines.recv().await?), lines)) });
    let mut response =
        ([(CACHE_CONTROL, "no-store")], Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
            .into_response();
    // nginx would hold events back until its buffer is full.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Reader {
    app: App,
    /// Of the request, by which its sender is an administrator.
    parts: Parts,
    kinds: Filter,
    after: Sequence,
    out: mpsc::Sender<Event>,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    async fn run(mut self) {
        let Ok(last_word) = self.out.clone().reserve_owned().await else { return };
        let mut closing = self.app.closing.clone();
        let out = self.out.clone();
        let why = tokio::select! {
            why = self.feed() => why,
            () = out.closed() => None,
            () = tokio::time::sleep(AGE_MAX) => None,
            _ = closing.wait_for(|closing| *closing) => None,
        };
        if let Some(why) = why {
            let text = serde_json::json!({ "reason": why, "after": self.after.0 });
            last_word.send(Event::default().event("cut").data(text.to_string()));
        }
    }

    /// Ends with why there will be no more.
    async fn feed(&mut self) -> Option<&'static str> {
        let mut last = self.app.last_event.clone();
        let mut guarded = Instant::now();
        loop {
            if guarded.elapsed() >= GUARD_INTERVAL {
                guarded = Instant::now();
                // A store that is away has taken nobody's grant away.
                match overseer(&self.app, &self.parts).await {
                    Err(failure) if failure.is_refusal() => return Some("you do not administer this node any more"),
                    _ => {}
                }
            }
            last.borrow_and_update();
            let page = match self.app.people.store().events(self.after, PAGE).await {
                Ok(page) => page,
                Err(_) => return Some("the log cannot be read now; come back in a moment"),
            };
            for logged in &page.items {
                if self.kinds.admits(&logged.happened.kind) {
                    let event = Event::default().id(logged.sequence.0.to_string()).data(chronicle::text(logged));
                    match timeout(PATIENCE, self.out.send(event)).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) => return None,
                        Err(_) => return Some("you read too slowly; go on behind the last event that you have"),
                    }
                }
                self.after = logged.sequence;
            }
            if !page.more {
                let wait = GUARD_INTERVAL.saturating_sub(guarded.elapsed());
                match timeout(wait, last.changed()).await {
                    Ok(Ok(())) | Err(_) => {}
                    Ok(Err(_)) => return None,
                }
            }
        }
    }
}

fn wish(text: &str) -> Result<Wish, Failure> {
    let after = query::value(text, "after").map(sequence).transpose()?;
    let kinds = match query::value(text, "kind") {
        Some(value) => {
            let value = query::decoded(value).ok_or_else(|| bad("kind is not text"))?;
            value.parse().map_err(bad)?
        }
        None => Filter::default(),
    };
    let limit = match query::value(text, "limit") {
        None => LIMIT_DEFAULT,
        Some(value) => value
            .parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| bad(format!("limit is a number from 1 to {LIMIT_MAX}")))?,
    };
    Ok(Wish { after, kinds, limit })
}

/// What a browser sends that was cut off. An empty one is none: the stream had no event yet.
fn last_event_id(headers: &HeaderMap) -> Result<Option<Sequence>, Failure> {
    match headers.get("last-event-id").map(HeaderValue::to_str) {
        None | Some(Ok("")) => Ok(None),
        Some(Ok(text)) => sequence(text).map(Some),
        Some(Err(_)) => sequence("").map(Some),
    }
}

fn sequence(text: &str) -> Result<Sequence, Failure> {
    let digits = (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten().filter(|number| *number <= i64::MAX as u64);
    number
        .map(Sequence)
        .ok_or_else(|| Failure::new(Kind::BadCursor, "after is the sequence of an event, a whole number"))
}

fn bad(why: impl ToString) -> Failure {
    Failure::new(Kind::BadInput, why.to_string())
}

pub fn fuzz(text: &str) {
    if let Ok(wish) = wish(text) {
        assert!((1..=LIMIT_MAX).contains(&wish.limit) && wish.after.unwrap_or_default().0 <= i64::MAX as u64);
    }
    let mut headers = HeaderMap::new();
    if let Ok(value) = text.parse() {
        headers.insert("last-event-id", value);
        let _ = last_event_id(&headers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_as_browsers_write_it() {
        let read = |text| wish(text).unwrap();
        assert_eq!(read(""), Wish { after: None, kinds: Filter::default(), limit: LIMIT_DEFAULT });
        let all = read("after=7&kind=meeting.%2A%2Cperson.left&limit=500");
        assert_eq!(
            (all.after, all.kinds.to_string().as_str(), all.limit),
            (Some(Sequence(7)), "meeting.*,person.left", 500)
        );
        for bad in [
            "after=",
            "after=-1",
            "after=x",
            "after=99999999999999999999",
            "after=9223372036854775808",
            "kind=nothing",
            "kind=%ff",
            "kind=%",
            "limit=0",
            "limit=501",
            "limit=x",
        ] {
            assert!(wish(bad).is_err(), "{bad}");
        }
    }
}
