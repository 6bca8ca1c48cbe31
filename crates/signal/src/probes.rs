//! What an orchestrator and a monitoring system ask.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use crate::app::{App, remote_ip};
use crate::desk::Readiness;
use crate::problem::{DRAINING_RETRY_S, Failure};

/// The process answers. Restarting it when it is merely full or draining would end everybody's session.
pub async fn alive() -> Response {
    ([(CACHE_CONTROL, "no-store")], "alive\n").into_response()
}

/// New sessions are taken.
pub async fn ready(State(app): State<App>) -> Response {
    let no_store = || [(CACHE_CONTROL, "no-store")];
    let not_yet = |why: &'static str| {
        let mut response = (StatusCode::SERVICE_UNAVAILABLE, no_store(), why).into_response();
        response.headers_mut().insert(RETRY_AFTER, DRAINING_RETRY_S.into());
        response
    };
    match app.desk.readiness() {
        Readiness::Ready => (no_store(), "ready\n").into_response(),
        Readiness::Full => not_yet("full\n"),
        Readiness::Draining => not_yet("draining\n"),
    }
}

/// For an admin's token, and for programs on this machine: numbers about users are nobody else's business.
pub async fn metrics(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (request, _) = request.into_parts();
    let caller = app.guard.caller(&request.headers, request.uri.query())?;
    let from_here = remote_ip(&request).is_loopback() && app.guard.is_of_this_machine(&request.headers);
    if !from_here || caller.has_token() {
        caller.is_admin()?;
    }
    let mut text = app.desk.metrics().await?;
    app.metrics.render(&mut text, app.gate.open(), app.gate.evicted(), app.people.hashes());
    app.recorder.render(&mut text);
    app.webhooks.render(&mut text, *app.last_event.borrow());
    app.meet.render(&mut text).await;
    let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}
