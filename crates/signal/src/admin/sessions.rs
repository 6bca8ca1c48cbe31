//! The sessions of a room, one of them in detail, and its end. Named by their peers: an administrator is shown no session's own id,
//! which is a right that belongs to whoever made the session.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use proto::api::{AdminSession, AdminSessions};
use proto::{PeerId, RoomName, WorkerId};

use super::{NO_STORE, note, overseer, page, reason};
use crate::app::App;
use crate::desk::Refusal;
use crate::meet;
use crate::problem::{Failure, Kind};
use crate::sessions::{RoomPath, room_name};

type IdPath = Result<Path<String>, PathRejection>;

/// Asks each worker in turn, and only those from which the page has something: a room is opened by somebody who looks at it.
pub async fn list(State(app): State<App>, room: RoomPath, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    overseer(&app, &parts).await?;
    let room = room_name(room)?;
    let limit = page::limit(&parts)?;
    let after: Option<PeerId> = page::after(&parts)?;

    let (first, mut slot) = after.map_or((0, None), |after| (after.worker.0, Some(after.slot)));
    let mut sessions: Vec<AdminSession> = Vec::new();
    let mut more = false;
    for worker in first..app.settings.workers {
        if sessions.len() == limit {
            // Whether this worker has any is not known; a page after the last one is empty.
            more = true;
            break;
        }
        let left = limit - sessions.len();
        let roll = app.desk.roll(WorkerId(worker), room.clone(), slot.take(), left).await??;
        more = roll.next.is_some();
        sessions.extend(roll.sessions.into_iter().map(with_person));
    }
    let next = sessions.last().filter(|_| more).map(|last| last.id.clone());
    Ok((NO_STORE, Json(AdminSessions { sessions, next })).into_response())
}

pub async fn show(State(app): State<App>, id: IdPath, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    overseer(&app, &parts).await?;
    let mut view = app.desk.inspect(peer(id)?).await??;
    view.session = with_person(view.session);
    Ok((NO_STORE, Json(view)).into_response())
}

pub async fn remove(State(app): State<App>, id: IdPath, request: Request) -> Result<StatusCode, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let overseer = overseer(&app, &parts).await?;
    let peer = peer(id)?;
    let reason = reason(&app, &parts, body).await?;
    // A feed without a peer connection cannot be looked at, and can be ended.
    if let Ok(view) = app.desk.inspect(peer).await?
        && let Some(meeting) = meet::meeting_of(&view.session.room)
    {
        return Err(Failure::new(
            Kind::InAMeeting,
            format!(
                "the connection of somebody in a meeting comes back by itself; remove the person: DELETE /api/admin/meetings/{meeting}/people/PERSON"
            ),
        ));
    }
    let removed = app.desk.remove(peer).await??;
    app.removed.remember(removed.session, reason.told());
    app.streams.end_all_of(removed.session);
    app.subscribers.forget(removed.session);
    note(&app, &overseer, "session.remove", peer, format!("room {}: {}", removed.room, reason.0)).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose a session in a meeting is stands in the name that it publishes under.
fn with_person(session: AdminSession) -> AdminSession {
    let is_meeting = session.room.starts_with(RoomName::RESERVED);
    let person = session.name.as_deref().filter(|_| is_meeting).and_then(meet::person_of);
    AdminSession { person: person.map(|person| person.to_string()), ..session }
}

fn peer(id: IdPath) -> Result<PeerId, Failure> {
    let no_session = || Failure::from(Refusal::NoSession);
    id.map_err(|_| no_session())?.0.parse().map_err(|_| no_session())
}
