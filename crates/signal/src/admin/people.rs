//! `DELETE /api/admin/meetings/{meeting}/people/{person}`: somebody has to leave a meeting, and reads why.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use meetings::{MeetingId, PersonId};

use super::{note, overseer, reason};
use crate::app::App;
use crate::problem::{Failure, Kind};

type PersonPath = Result<Path<(String, String)>, PathRejection>;

/// They may come back, as after a host has removed them; only a host bans, because the meeting is the host's.
pub async fn remove(State(app): State<App>, path: PersonPath, request: Request) -> Result<StatusCode, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let overseer = overseer(&app, &parts).await?;
    let (meeting, person) = parse(path)?;
    let reason = reason(&app, &parts, body).await?;
    if !app.meet.remove(&meeting, &person, reason.said()).await {
        return Err(nobody());
    }
    note(&app, &overseer, "meeting.remove_person", &person, format!("meeting {meeting}: {}", reason.0)).await;
    Ok(StatusCode::NO_CONTENT)
}

fn parse(path: PersonPath) -> Result<(MeetingId, PersonId), Failure> {
    let Path((meeting, person)) = path.map_err(|_| nobody())?;
    Ok((meeting.parse().map_err(|_| nobody())?, person.parse().map_err(|_| nobody())?))
}

fn nobody() -> Failure {
    Failure::new(
        Kind::NothingHere,
        "nobody of that account_id is in a meeting of that code; /api/admin/rooms shows who is",
    )
}
