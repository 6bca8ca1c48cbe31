//! Who a request is by. The one place that turns a token into somebody.
//!
//! `Authorization` comes first, because a program sends it on purpose; what is wrong there is an error. A cookie is sent by the
//! browser whether the page meant it or not: one that is stale is nobody, and one that changes something has to come from a
//! page of ours.

use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use meetings::{Account, MeetingId, PersonId, Purpose, Secret, TokenHash, UnixTime};

use super::{cookie, now};
use crate::app::App;
use crate::problem::{Failure, Kind};

#[derive(Debug)]
pub enum Who {
    Nobody,
    /// Somebody with an account.
    LoggedIn(Box<Login>),
    /// Whoever holds a ticket to one meeting.
    Seated(Seat),
}

#[derive(Debug)]
pub struct Login {
    pub account: Account,
    pub token: TokenHash,
    pub expires: UnixTime,
}

#[derive(Debug)]
pub struct Seat {
    pub meeting: MeetingId,
    pub person: PersonId,
    pub token: TokenHash,
}

pub async fn who(app: &App, request: &Parts) -> Result<Who, Failure> {
    if let Some(secret) = in_header(&request.headers)? {
        return match find(app, secret.hash()).await? {
            Who::Nobody => {
                Err(invalid("the token is not valid: it has expired, was ended, or never was one; log in again"))
            }
            who => Ok(who),
        };
    }
    let given = cookie::read(&request.headers, cookie::LOGIN).and_then(|value| value.parse::<Secret>().ok());
    let Some(secret) = given else { return Ok(Who::Nobody) };
    if !matches!(request.method, Method::GET | Method::HEAD) {
        same_site(app, &request.headers)?;
    }
    match find(app, secret.hash()).await? {
        Who::LoggedIn(login) => Ok(Who::LoggedIn(login)),
        // A ticket is nothing that we put into a cookie.
        Who::Nobody | Who::Seated(_) => Ok(Who::Nobody),
    }
}

/// Somebody with an account, or a 401.
pub async fn login(app: &App, request: &Parts) -> Result<Login, Failure> {
    match who(app, request).await? {
        Who::LoggedIn(login) => Ok(*login),
        Who::Nobody => Err(nobody()),
        Who::Seated(_) => Err(invalid("a ticket is for being in its meeting; this needs a login")),
    }
}

pub fn nobody() -> Failure {
    let what_to_do = "log in first: POST /account/login, and send what it gives you as Authorization: Bearer TOKEN";
    Failure::new(Kind::Unauthorized, what_to_do).with(WWW_AUTHENTICATE, r#"Bearer realm="weir""#)
}

/// For a request that a cookie comes with, or that asks for one.
pub fn same_site(app: &App, headers: &HeaderMap) -> Result<(), Failure> {
    if app.people.is_from_our_page(headers) {
        return Ok(());
    }
    Err(Failure::new(
        Kind::CrossSite,
        "a cookie counts only in requests from a page of this very server, whose Origin is its address (behind a proxy: pass the \
         Host on, or set http.public_url); programs send Authorization: Bearer TOKEN",
    ))
}

impl Who {
    pub fn account(&self) -> Option<&Account> {
        match self {
            Who::LoggedIn(login) => Some(&login.account),
            Who::Nobody | Who::Seated(_) => None,
        }
    }
}

async fn find(app: &App, hash: TokenHash) -> Result<Who, Failure> {
    let Some(token) = app.people.store.token(&hash).await? else { return Ok(Who::Nobody) };
    if token.expires <= now() {
        return Ok(Who::Nobody);
    }
    Ok(match token.purpose {
        Purpose::Login(id) => match app.people.store.account(&id).await? {
            Some(account) => Who::LoggedIn(Box::new(Login { account, token: hash, expires: token.expires })),
            None => Who::Nobody,
        },
        Purpose::Seat { meeting, person, .. } => Who::Seated(Seat { meeting, person, token: hash }),
        // The link of a mail is used where it leads to.
        Purpose::Reset(_) | Purpose::Confirm(_) => Who::Nobody,
    })
}

fn in_header(headers: &HeaderMap) -> Result<Option<Secret>, Failure> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let malformed = || {
        Failure::new(Kind::Unauthorized, "send one header of the form Authorization: Bearer TOKEN")
            .with(WWW_AUTHENTICATE, r#"Bearer realm="weir", error="invalid_request""#)
    };
    if values.next().is_some() {
        return Err(malformed());
    }
    let (scheme, token) = value.to_str().ok().and_then(|text| text.trim().split_once(' ')).ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(malformed());
    }
    let secret = token.trim().parse().map_err(|_| invalid("this is no token of a login or a ticket"))?;
    Ok(Some(secret))
}

fn invalid(detail: &str) -> Failure {
    Failure::new(Kind::Unauthorized, detail).with(WWW_AUTHENTICATE, r#"Bearer realm="weir", error="invalid_token""#)
}
