//! The webhooks for administrators: how each fares, and once more from an event on.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use meetings::events::Sequence;
use proto::event::{ReplayOrder, WebhooksView};

use super::guard;
use crate::app::App;
use crate::people::read;
use crate::problem::{Failure, Kind};

const NO_STORE: [(axum::http::HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

pub async fn list(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    guard::admin(&app, &parts).await?;
    let last = app.people.store().last_event().await?;
    Ok((NO_STORE, Json(WebhooksView { webhooks: app.webhooks.view(last) })).into_response())
}

/// Answered when it is ordered: it begins once the delivery that is under way has ended.
pub async fn replay(
    State(app): State<App>,
    n: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let admin = guard::admin(&app, &parts).await?;
    let order: ReplayOrder = read::json(&app, &parts, body).await?;
    let last = app.people.store().last_event().await?;
    // One more than there are: begin with whatever comes next.
    if order.from == 0 || order.from > last.next().0 {
        let most = last.next().0;
        return Err(read::bad(format!("\"from\" is the sequence of an event: from 1 to {most}")));
    }
    let nobody = || Failure::new(Kind::NothingHere, "there is no such webhook; GET /api/admin/webhooks lists them");
    let Path(n) = n.map_err(|_| nobody())?;
    let n = n.parse().map_err(|_| nobody())?;
    let view = app.webhooks.replay(n, Sequence(order.from), last).ok_or_else(nobody)?;
    app.people.note(admin.actor(), "webhook.replay", n).await;
    Ok((NO_STORE, Json(view)).into_response())
}

pub fn fuzz(text: &str) {
    let _ = read::parse::<ReplayOrder>(text);
}
