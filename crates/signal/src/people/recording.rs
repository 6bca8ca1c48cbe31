//! The addresses of recordings. They check who asks like all others, and then say that this node has no recorder.

use axum::extract::{Request, State};
use axum::response::Response;
use meetings::rights::{self, Action};

use super::own::IdPath;
use super::{find, identity};
use crate::app::App;
use crate::problem::{Failure, Kind};

pub async fn start(State(app): State<App>, id: IdPath, request: Request) -> Result<Response, Failure> {
    refuse(&app, id, request, Action::Record).await
}

pub async fn recipients(State(app): State<App>, id: IdPath, request: Request) -> Result<Response, Failure> {
    refuse(&app, id, request, Action::SeeRecipients).await
}

async fn refuse(app: &App, id: IdPath, request: Request, action: Action) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    let login = identity::login(app, &parts).await?;
    let meeting = find::meeting(app, &parts, &id.map(|path| path.0).unwrap_or_default()).await?;
    if !rights::may(rights::role_in(&meeting, Some(&login.account)), action) {
        return Err(Failure::new(Kind::Forbidden, "only a host of this meeting may do that"));
    }
    Err(Failure::new(
        Kind::NoRecorder,
        "this node does not record; record in the browser or with a program that watches",
    ))
}
