//! `POST` and `DELETE /api/admin/drain`: new sessions are refused, or taken again. Whoever is here stays; the process goes on.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use super::{NO_STORE, note, overseer};
use crate::app::App;
use crate::desk::Drain;
use crate::problem::Failure;

pub async fn begin(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    set(&app, request, Drain::Begin, "node.drain").await
}

pub async fn undo(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    set(&app, request, Drain::Undo, "node.undrain").await
}

async fn set(app: &App, request: Request, drain: Drain, action: &str) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    let overseer = overseer(app, &parts).await?;
    let view = app.desk.drain(drain).await?;
    note(app, &overseer, action, "node", format!("{} sessions", view.sessions)).await;
    Ok((NO_STORE, Json(view)).into_response())
}
