//! Meetings by id. Whoever has the id has the link, so what protects meetings is that ids cannot be found by trying.

use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::Instant;

use axum::http::request::Parts;
use meetings::{Meeting, MeetingId};

use super::People;
use crate::app::App;
use crate::problem::{Failure, Kind};

/// Misses are counted, and hits are not: an office may join a hundred meetings. Once there were too many misses nothing is
/// looked up, so that the refusal does not tell a hit from a miss.
pub async fn meeting(app: &App, request: &Parts, id: &str) -> Result<Meeting, Failure> {
    let id: MeetingId = id.parse().map_err(|e: meetings::IdError| no_meeting(&e.to_string()))?;
    let client = app.client_ip(request);
    app.people.may_guess(client)?;
    match app.people.store.meeting(&id).await? {
        Some(meeting) => Ok(meeting),
        None => {
            app.people.count_miss(client);
            Err(no_meeting("there is no such meeting; look at its link again, or ask who sent it"))
        }
    }
}

fn no_meeting(why: &str) -> Failure {
    Failure::new(Kind::NoMeeting, why)
}

impl People {
    fn may_guess(&self, client: IpAddr) -> Result<(), Failure> {
        let guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        guesses.look(Instant::now(), client).map_err(|wait_s| {
            let why = format!("too many meetings that do not exist were asked for; retry in {wait_s} s");
            Failure::new(Kind::TooManyAttempts, why).retry_after(wait_s)
        })
    }

    fn count_miss(&self, client: IpAddr) {
        let _ = self.guesses.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now(), client);
    }
}
