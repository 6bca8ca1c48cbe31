//! Bodies: JSON of a bounded size, and a mistake in it named so that it can be mended.

use axum::body::Body;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::app::App;
use crate::body::{self, JSON};
use crate::problem::{Failure, Kind};

/// The largest is a list of a hundred people.
const BODY_BYTES_MAX: usize = 16 * 1024;

pub async fn json<T: DeserializeOwned>(app: &App, request: &Parts, body: Body) -> Result<T, Failure> {
    parse(&text(app, request, body).await?)
}

pub async fn text(app: &App, request: &Parts, body: Body) -> Result<String, Failure> {
    body::refuse_announced(&request.headers, BODY_BYTES_MAX)?;
    body::require_type(&request.headers, JSON)?;
    body::read_text(body, BODY_BYTES_MAX, app.settings.limits.body_timeout, Kind::MalformedBody).await
}

/// Fields that nobody knows are skipped: a newer client may talk to an older node.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => bad(format!("the body does not fit: {error}; /api/docs shows its shape")),
        _ => Failure::new(Kind::MalformedBody, format!("the body is not JSON: {error}")),
    })
}

/// Something in the body cannot be meant.
pub fn bad(why: impl ToString) -> Failure {
    Failure::new(Kind::BadInput, why.to_string())
}

pub fn fuzz(text: &str) {
    use proto::{account, meeting_api};
    let _ = parse::<account::SignUp>(text);
    let _ = parse::<account::LogIn>(text);
    let _ = parse::<account::AccountChange>(text);
    let _ = parse::<account::PasswordChange>(text);
    let _ = parse::<meeting_api::JoinOrder>(text);
    if let Ok(order) = parse::<meeting_api::MeetingOrder>(text) {
        super::meeting::fuzz(order);
    }
    if let Ok(change) = parse::<meeting_api::MeetingChange>(text) {
        let written = serde_json::to_string(&change).expect("plain fields");
        let again: meeting_api::MeetingChange = parse(&written).unwrap_or_else(|_| panic!("{written}"));
        assert_eq!(again.passcode, change.passcode);
    }
}
