//! Who administers a node: whoever holds a token with the claim `admin` (`weir token create --admin`), or is logged in to an
//! account with the grant `admin` (`weir account grant EMAIL admin`).
//!
//! Being on the machine, or not being asked for a token, is not enough. As everywhere, what is sent on purpose counts first: the
//! `Authorization` header, then `access_token` in the URL, then the page's cookie, which changes something only from a page of ours.

use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use meetings::{AccountId, Grant};

use crate::app::App;
use crate::people::identity::{self, Who};
use crate::problem::{Failure, Kind};
use crate::query;

/// Proof that a request is an administrator's; made only here.
#[derive(Debug)]
pub struct Admin {
    /// `None` for a signed token, which belongs to no account.
    pub account: Option<AccountId>,
}

impl Admin {
    /// For the audit log.
    pub fn actor(&self) -> String {
        self.account.as_ref().map_or_else(|| "token".to_owned(), AccountId::to_string)
    }
}

/// An administrator, or a 401, or a 403 for who is somebody else. Looks into the store for each request: a grant that was
/// taken away a moment ago is none.
pub async fn admin(app: &App, request: &Parts) -> Result<Admin, Failure> {
    if is_signed(request) {
        app.guard.caller(&request.headers, request.uri.query())?.is_admin()?;
        return Ok(Admin { account: None });
    }
    match identity::who(app, request).await? {
        Who::LoggedIn(login) if login.account.grant == Grant::Admin => Ok(Admin { account: Some(login.account.id) }),
        Who::LoggedIn(_) | Who::Seated(_) => Err(Failure::new(
            Kind::Forbidden,
            "this is for who administers this node; an operator can run: weir account grant EMAIL admin",
        )
        .with(WWW_AUTHENTICATE, r#"Bearer realm="weir", error="insufficient_scope""#)),
        Who::Nobody => Err(Failure::new(
            Kind::Unauthorized,
            "log in with an account that administers this node, or send Authorization: Bearer TOKEN with a token of \
             `weir token create --admin`",
        )
        .with(WWW_AUTHENTICATE, r#"Bearer realm="weir""#)),
    }
}

/// Whether the request shows a signed token and no login's: the secret of a login has no dot in it, and a JWT has two.
fn is_signed(request: &Parts) -> bool {
    match request.headers.get(AUTHORIZATION) {
        Some(value) => value.as_bytes().contains(&b'.'),
        None => request.uri.query().is_some_and(|query| query::value(query, "access_token").is_some()),
    }
}
