//! Coming into a meeting and leaving it. Joining gives a ticket, which is what the meeting's socket asks for.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use meetings::rights::{self, Action, Role};
use meetings::throttle::Key;
use meetings::{Mark, Meeting, PersonId, PersonName, Purpose, Secret, Token};
use proto::meeting_api::{JoinOrder, JoinView, JoinedPerson, LeaveOrder};

use super::identity::Who;
use super::marks::{self, Browser};
use super::{cookie, find, identity, meeting, now, random, random_id, read, slow};
use crate::app::App;
use crate::live::Ask;
use crate::problem::{Failure, Kind};

pub async fn join(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let who = identity::who(&app, &parts).await?;
    let order: JoinOrder = read::json(&app, &parts, body).await?;
    let people = &app.people;
    let meeting = find::meeting(&app, &parts, &order.meeting_id).await?;
    if meeting.ended.is_some() {
        return Err(meeting::over());
    }
    let role = rights::role_in(&meeting, who.account());
    let person = person(&who, &meeting);
    let name: PersonName = match (order.name, who.account()) {
        (Some(name), _) => name.parse().map_err(read::bad)?,
        (None, Some(account)) => account.name.clone(),
        (None, None) => return Err(read::bad("say a \"name\" by which the others know you, or log in")),
    };
    people.slow.joins.take(slow::key("join", "", app.client_ip(&parts)))?;
    let shown = Browser::shown(&parts.headers);
    let browser = shown.unwrap_or_else(Browser::new);
    let mut marks = vec![browser.mark(&people.key, &meeting.id)];
    // Many share an address: it is looked at where an operator wants it, and of guests only.
    if people.settings.ban_addresses && role == Role::Guest {
        marks.push(marks::of_address(&people.key, &meeting.id, app.client_ip(&parts)));
    }
    let_in(&app, &parts, &meeting, role, &person, &marks, order.passcode).await?;

    let secret = Secret::from_random(random());
    let (created, expires) = (now(), now().after(people.settings.ticket));
    let purpose = Purpose::Seat { meeting: meeting.id.clone(), person: person.clone(), name: name.clone(), marks };
    people.store.add_token(&Token { hash: secret.hash(), purpose, created, expires }).await?;
    // Ended, or deleted, since it was looked up: that made all tickets void but this one.
    let still = people.store.meeting(&meeting.id).await?;
    if still.is_none_or(|still| still.ended.is_some()) {
        people.store.remove_token(&secret.hash()).await?;
        return Err(meeting::over());
    }
    let base = people.base(&parts);
    let view = JoinView {
        meeting_id: meeting.id.to_string(),
        server: meeting::server(&app, &parts, &meeting),
        person: JoinedPerson { account_id: person.to_string(), name: name.to_string(), role: meeting::role(role) },
        ticket: secret.reveal(),
        expires: expires.0,
        // http becomes ws, and https wss.
        socket: format!("{}/meeting/socket", base.replacen("http", "ws", 1)),
    };
    let mut response = ([(CACHE_CONTROL, "no-store")], Json(view)).into_response();
    if shown.is_none() {
        let kept = cookie::set(cookie::GUEST, &browser.show(), marks::AGE);
        response.headers_mut().append(SET_COOKIE, kept);
    }
    Ok(response)
}

/// By a ticket, which is void then, or by a login, and then all tickets of the account to this meeting are.
pub async fn leave(State(app): State<App>, request: Request) -> Result<StatusCode, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let who = identity::who(&app, &parts).await?;
    if matches!(who, Who::Nobody) {
        return Err(identity::nobody());
    }
    let order: LeaveOrder = read::json(&app, &parts, body).await?;
    let meeting = find::meeting(&app, &parts, &order.meeting_id).await?.id;
    let person = match who {
        Who::Seated(seat) if seat.meeting == meeting => {
            app.people.store.remove_token(&seat.token).await?;
            seat.person
        }
        Who::Seated(_) => return Err(Failure::new(Kind::Forbidden, "this ticket is for another meeting")),
        Who::LoggedIn(login) => {
            let person = PersonId::from(login.account.id);
            app.people.store.remove_seats(&meeting, Some(&person)).await?;
            person
        }
        Who::Nobody => return Err(identity::nobody()),
    };
    app.people.live.tell(Ask::Left { meeting, person }).await;
    Ok(StatusCode::NO_CONTENT)
}

/// A guest who comes back with a ticket to the same meeting is the same guest, banned or not.
fn person(who: &Who, meeting: &Meeting) -> PersonId {
    match who {
        Who::LoggedIn(login) => login.account.id.clone().into(),
        Who::Seated(seat) if seat.meeting == meeting.id && seat.person.account().is_none() => seat.person.clone(),
        Who::Seated(_) | Who::Nobody => PersonId::guest_from_random(random_id()),
    }
}

async fn let_in(
    app: &App,
    request: &Parts,
    meeting: &Meeting,
    role: Role,
    person: &PersonId,
    marks: &[Mark],
    passcode: Option<String>,
) -> Result<(), Failure> {
    let settings = &meeting.settings;
    if rights::may(role, Action::EnterAnyway) {
        return Ok(());
    }
    if settings.banned.contains(person) || settings.is_marked(marks) {
        return Err(Failure::new(Kind::Banned, "a host of this meeting has asked you not to come back"));
    }
    if role == Role::Guest && !settings.guests {
        return Err(Failure::new(Kind::GuestsNotAllowed, "this meeting is for people with an account; log in first"));
    }
    if settings.locked {
        return Err(Failure::new(Kind::MeetingLocked, "this meeting is locked; ask a host to let you in"));
    }
    let Some(expected) = &settings.passcode else { return Ok(()) };
    let Some(passcode) = passcode.filter(|passcode| !passcode.is_empty()) else {
        return Err(Failure::new(Kind::PasscodeRequired, "this meeting has a passcode; send it as \"passcode\""));
    };
    check_passcode(app, request, meeting, passcode, expected.0.clone()).await
}

/// A passcode is short, so guesses wait: those of one place, and all together at one meeting.
async fn check_passcode(
    app: &App,
    request: &Parts,
    meeting: &Meeting,
    passcode: String,
    expected: meetings::PasswordHash,
) -> Result<(), Failure> {
    let (people, id) = (&app.people, meeting.id.as_str());
    let own = slow::key("passcode", id, app.client_ip(request));
    let of_all = Key::of(&[b"passcode by anybody", id.as_bytes()]);
    people.slow.passcodes.take(own)?;
    if let Err(wait) = people.slow.strangers.take(of_all) {
        people.slow.passcodes.give_back(own);
        return Err(wait);
    }
    let right = people.hasher.verify(passcode, expected).await;
    // A class that comes in by one address, with the right passcode, makes nobody wait.
    if !matches!(right, Ok(false)) {
        people.slow.passcodes.give_back(own);
        people.slow.strangers.give_back(of_all);
    }
    if right? {
        Ok(())
    } else {
        Err(Failure::new(Kind::PasscodeWrong, "the passcode is another one; ask who sent you the link"))
    }
}
