//! Who may look at what runs here and what happened, end a session, and drain: an administrator; and on a node that only its own machine can reach,
//! and that asks nobody there for a token, whoever is at that machine.
//!
//! That is the rule by which somebody publishes and watches there, and it goes no further: what makes the node call other hosts
//! (upstreams, webhooks) is an administrator's alone, because any program of the machine could ask for it.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::guard;
use crate::app::App;
use crate::problem::Failure;
use crate::query;

/// Proof that a request is by somebody who may; made only here.
#[derive(Debug)]
pub struct Overseer {
    actor: String,
}

impl Overseer {
    /// For the audit log.
    pub fn actor(&self) -> &str {
        &self.actor
    }
}

/// A token that is shown is always checked, also by somebody at the machine.
pub async fn overseer(app: &App, request: &Parts) -> Result<Overseer, Failure> {
    if !shows_a_token(request) && app.guard.is_at_home(&request.headers) {
        return Ok(Overseer { actor: "this machine".to_owned() });
    }
    Ok(Overseer { actor: guard::admin(app, request).await?.actor() })
}

fn shows_a_token(request: &Parts) -> bool {
    let in_url = || request.uri.query().is_some_and(|query| query::value(query, "access_token").is_some());
    request.headers.contains_key(AUTHORIZATION) || in_url()
}
