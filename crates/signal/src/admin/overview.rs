//! `GET /api/admin/overview`: what a node is doing, in one look. Out of what workers publish anyway: nobody is asked.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use proto::api::AdminOverview;

use super::{NO_STORE, overseer, process};
use crate::app::App;
use crate::problem::Failure;

pub async fn show(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    overseer(&app, &parts).await?;
    let node = app.desk.overview().await?;
    let view = AdminOverview {
        version: app.settings.version.clone(),
        up_s: node.up.as_secs(),
        drain: node.drain,
        sessions_max: node.sessions_max,
        rooms: u32::try_from(app.desk.rooms().rooms.len()).unwrap_or(u32::MAX),
        meetings: u32::try_from(app.meet.open()).unwrap_or(u32::MAX),
        workers: node.workers,
        process: process::read(app.gate.open()).await,
    };
    Ok((NO_STORE, Json(view)).into_response())
}
