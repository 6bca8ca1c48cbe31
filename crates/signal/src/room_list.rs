//! `GET /getRoomList?serial=N`: the rooms by name, for older clients, as a long poll. The answer comes at once when the set
//! of rooms is another one than at `N`, and otherwise when it changes, or after a while with what there is.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use proto::api::RoomsView;
use serde::Serialize;

use crate::app::App;
use crate::problem::Failure;
use crate::query;

/// Shorter than the 30 s after which proxies give up on an answer.
const POLL_MAX: Duration = Duration::from_secs(25);
/// Where older servers began to count.
const SERIAL_FIRST: u64 = 100;

#[derive(Debug, Serialize)]
struct RoomList {
    serial: u64,
    rooms: Vec<String>,
}

/// Counts the changes of the set of rooms.
#[derive(Debug)]
pub struct Serial(Mutex<(u64, Vec<String>)>);

impl Default for Serial {
    fn default() -> Serial {
        Serial(Mutex::new((SERIAL_FIRST, Vec::new())))
    }
}

impl Serial {
    fn of(&self, rooms: &RoomsView) -> u64 {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !rooms.rooms.iter().map(|room| &room.name).eq(counted.1.iter()) {
            counted.0 += 1;
            counted.1 = rooms.rooms.iter().map(|room| room.name.clone()).collect();
        }
        counted.0
    }
}

pub async fn poll(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (request, _) = request.into_parts();
    let caller = app.guard.caller(&request.headers, request.uri.query())?;
    caller.is_known()?;
    let known: Option<u64> =
        request.uri.query().and_then(|query| query::value(query, "serial")).and_then(|serial| serial.parse().ok());
    // Who finds every place taken is answered at once: it may ask again, and nothing piles up here.
    let place = app.event_streams.clone().try_acquire_owned().ok();
    let (mut rooms, mut closing) = (app.desk.watch_rooms(), app.closing.clone());
    let until = tokio::time::Instant::now() + POLL_MAX;
    let list = loop {
        let now = rooms.borrow_and_update().clone();
        let serial = app.room_serial.of(&now);
        let list = || RoomList {
            serial,
            rooms: now.rooms.iter().filter(|room| caller.may_see(&room.name)).map(|room| room.name.clone()).collect(),
        };
        if known != Some(serial) || place.is_none() {
            break list();
        }
        tokio::select! {
            _ = closing.wait_for(|closing| *closing) => break list(),
            () = tokio::time::sleep_until(until) => break list(),
            changed = rooms.changed() => if changed.is_err() { break list() },
        }
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(list)).into_response())
}

#[cfg(test)]
mod tests {
    use proto::api::RoomView;

    use super::*;

    fn rooms(names: &[&str], viewers: u32) -> RoomsView {
        let room = |name: &&str| RoomView { name: (*name).into(), live: true, publishers: vec![], viewers };
        RoomsView { rooms: names.iter().map(room).collect() }
    }

    #[test]
    fn the_serial_counts_changes_of_the_set_of_rooms_and_of_nothing_else() {
        let serial = Serial::default();
        assert_eq!(serial.of(&rooms(&[], 0)), 100);
        assert_eq!(serial.of(&rooms(&["a"], 1)), 101);
        assert_eq!(serial.of(&rooms(&["a"], 9)), 101);
        assert_eq!(serial.of(&rooms(&["a", "b"], 9)), 102);
        assert_eq!(serial.of(&rooms(&["b"], 9)), 103);
    }
}
