//! What whoever looks after a node sees of it, and does about it.
//!
//! ```text
//!   request ─▶ overseer (may they) ─▶ overview │ rooms │ sessions │ people │ drain ─▶ desk, meet
//!      │                    │                      └── what changes something ─▶ note ─▶ audit log
//!      │                    └───────▶ events ─▶ log
//!      └─────▶ guard ─▶ hooks ─▶ webhooks
//! ```
//!
//! Reading disturbs no worker: overview and rooms come out of snapshots that workers publish anyway, and only who opens a room or
//! a session asks the workers that have it.

mod drain;
mod events;
pub mod guard;
mod hooks;
mod overseer;
mod overview;
mod page;
mod people;
mod process;
mod removed;
mod rooms;
mod sessions;

use axum::Router;
use axum::body::Body;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::routing::{delete, get, post};
use proto::api::RemoveOrder;

use crate::app::App;
use crate::people::read;
use crate::problem::Failure;
use overseer::{Overseer, overseer};

pub use removed::Removed;

const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// A sentence.
const REASON_CHARS_MAX: usize = 200;

pub fn routes() -> Router<App> {
    let only = |allow: &'static str| move || async move { Failure::method_not_allowed(allow) };
    Router::new()
        .route("/api/admin/events", get(events::list).fallback(only("GET, HEAD")))
        .route("/api/admin/events/live", get(events::live).fallback(only("GET, HEAD")))
        .route("/api/admin/webhooks", get(hooks::list).fallback(only("GET, HEAD")))
        .route("/api/admin/webhooks/{n}/replay", post(hooks::replay).fallback(only("POST")))
        .route("/api/admin/overview", get(overview::show).fallback(only("GET, HEAD")))
        .route("/api/admin/rooms", get(rooms::list).fallback(only("GET, HEAD")))
        .route("/api/admin/rooms/{room}/sessions", get(sessions::list).fallback(only("GET, HEAD")))
        .route(
            "/api/admin/sessions/{id}",
            get(sessions::show).delete(sessions::remove).fallback(only("GET, HEAD, DELETE")),
        )
        .route("/api/admin/meetings/{meeting}/people/{person}", delete(people::remove).fallback(only("DELETE")))
        .route("/api/admin/drain", post(drain::begin).delete(drain::undo).fallback(only("POST, DELETE")))
}

/// What an administrator says to whom they remove; empty when they say nothing.
#[derive(Debug)]
struct Reason(String);

impl Reason {
    /// `None` when nothing was said.
    fn said(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.clone())
    }

    fn told(&self) -> String {
        self.said().unwrap_or_else(|| "an administrator of this server has ended this session".to_owned())
    }
}

async fn reason(app: &App, request: &Parts, body: Body) -> Result<Reason, Failure> {
    let is_empty = request.headers.get(CONTENT_LENGTH).is_none_or(|length| length == "0");
    if is_empty && !request.headers.contains_key(CONTENT_TYPE) {
        return Ok(Reason(String::new()));
    }
    let text = read::text(app, request, body).await?;
    if text.is_empty() { Ok(Reason(String::new())) } else { checked(read::parse(&text)?) }
}

/// It is shown to people, in a line.
fn checked(order: RemoveOrder) -> Result<Reason, Failure> {
    let text = order.reason.unwrap_or_default();
    let text = text.trim();
    if text.chars().count() > REASON_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(read::bad(format!(
            "a reason has {REASON_CHARS_MAX} characters at most, none of them a control character"
        )));
    }
    Ok(Reason(text.to_owned()))
}

async fn note(app: &App, by: &Overseer, action: &str, object: impl ToString, detail: String) {
    app.people.note_more(by.actor(), action, object, detail).await;
}

#[doc(hidden)]
pub(crate) fn fuzz(text: &str) {
    events::fuzz(text);
    hooks::fuzz(text);
    if let Ok(order) = read::parse::<RemoveOrder>(text)
        && let Ok(reason) = checked(order)
    {
        assert!(reason.0.chars().count() <= REASON_CHARS_MAX && !reason.0.contains('\n'));
    }
}
