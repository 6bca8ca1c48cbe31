//! What whoever looks after the node may ask of it, below `/api/admin`.

mod events;
pub mod guard;
mod hooks;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;
use crate::problem::Failure;

pub fn routes() -> Router<App> {
    let only = |allow: &'static str| move || async move { Failure::method_not_allowed(allow) };
    Router::new()
        .route("/api/admin/events", get(events::list).fallback(only("GET, HEAD")))
        .route("/api/admin/events/live", get(events::live).fallback(only("GET, HEAD")))
        .route("/api/admin/webhooks", get(hooks::list).fallback(only("GET, HEAD")))
        .route("/api/admin/webhooks/{n}/replay", post(hooks::replay).fallback(only("POST")))
}

#[doc(hidden)]
pub(crate) fn fuzz(text: &str) {
    events::fuzz(text);
    hooks::fuzz(text);
}
