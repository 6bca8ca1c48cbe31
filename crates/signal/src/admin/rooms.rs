//! `GET /api/admin/rooms`: streams and meetings, and who is in them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;
use meetings::MeetingId;
use proto::RoomName;
use proto::api::{AdminRoom, AdminRooms, RoomView};

use super::{NO_STORE, overseer, page};
use crate::app::App;
use crate::meet;
use crate::problem::Failure;

pub async fn list(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    overseer(&app, &parts).await?;
    let limit = page::limit(&parts)?;
    let after: Option<RoomName> = page::after(&parts)?;
    let find = page::find(&parts)?;

    let view = app.desk.rooms();
    let rooms = joined(&view.rooms, app.meet.meetings());
    let wanted = |name: &&str| find.as_ref().is_none_or(|part| name.to_ascii_lowercase().contains(part));
    let behind = |name: &&str| after.as_ref().is_none_or(|after| *name > after.as_str());
    let mut names = rooms.keys().map(String::as_str).filter(behind).filter(wanted);
    let shown: Vec<&str> = names.by_ref().take(limit).collect();
    let next = shown.last().filter(|_| names.next().is_some()).map(|last| (*last).to_owned());

    let rooms = join_all(shown.iter().map(|name| describe(&app, name, rooms[*name].clone()))).await;
    Ok((NO_STORE, Json(AdminRooms { rooms, next })).into_response())
}

/// What the node has of a room; `None` of a meeting in which nobody has a connection for media yet.
type Known = Option<RoomView>;

fn joined(rooms: &[RoomView], meetings: Vec<MeetingId>) -> BTreeMap<String, Known> {
    let of_meetings = meetings.iter().map(|meeting| (meet::room(meeting).to_string(), None));
    let of_node = rooms.iter().map(|room| (room.name.clone(), Some(room.clone())));
    // Of two with one name the later one stays.
    of_meetings.chain(of_node).collect()
}

async fn describe(app: &App, name: &str, known: Known) -> AdminRoom {
    let meeting = meet::meeting_of(name);
    let people = match &meeting {
        Some(meeting) => app.meet.people(meeting).await,
        None => Vec::new(),
    };
    AdminRoom {
        name: name.to_owned(),
        meeting: meeting.map(|meeting| meeting.to_string()),
        live: known.as_ref().is_some_and(|room| room.live),
        viewers: known.as_ref().map_or(0, |room| room.viewers),
        publishers: known.map(|room| room.publishers).unwrap_or_default(),
        people,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meeting_is_listed_once_with_or_without_media() {
        let (busy, quiet) = (MeetingId::from_random(7), MeetingId::from_random(8));
        let name = meet::room(&busy).to_string();
        let room = |name: &str| RoomView { name: name.into(), live: true, publishers: vec![], viewers: 2 };
        let joined = joined(&[room("demo"), room(&name)], vec![busy, quiet.clone()]);
        assert_eq!(joined.len(), 3);
        assert_eq!(joined[&name].as_ref().map(|room| room.viewers), Some(2));
        assert_eq!(joined[meet::room(&quiet).as_str()], None);
        assert_eq!(meet::meeting_of(meet::room(&quiet).as_str()), Some(quiet));
        assert_eq!(meet::meeting_of("demo"), None);
    }
}
