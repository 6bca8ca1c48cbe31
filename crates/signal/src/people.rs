//! Accounts and meetings over HTTP: who somebody is, and what they may do about meetings.
//!
//! ```text
//!   request ─▶ identity (who) ─▶ rights (may they) ─▶ slow (how often) ─▶ account │ login │ reset │ meeting │ join
//!                                                          store, live, mail ◀────┘
//! ```
//!
//! Who may publish or watch in a room is another question, with tokens of its own (`auth`). A request here is somebody's by a
//! login's token or a ticket in `Authorization`, or by the page's cookie; [`identity`] is the one place that finds out.

mod account;
mod base;
mod chores;
mod cookie;
mod device;
mod find;
mod hasher;
pub(crate) mod identity;
mod join;
mod login;
mod mail;
mod marks;
mod meeting;
mod outbox;
mod own;
pub(crate) mod read;
mod recording;
mod reset;
mod settings;
mod sign_up;
mod slow;
mod smtp;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};
use meetings::{AuditEntry, Store, UnixTime};

use crate::app::App;
use crate::auth::{Key, unix_now};
use crate::live::Live;
use crate::problem::Failure;
use crate::rate::Limiter;

pub use base::own_url;
pub use chores::Chores;
use hasher::Hasher;
use mail::Post;
pub use settings::{Mail, MailError, Settings};
pub use sign_up::name_of;
use slow::Slow;

/// What the handlers of this folder share.
#[derive(Debug)]
pub struct People {
    store: Arc<dyn Store>,
    live: Live,
    settings: Settings,
    hasher: Hasher,
    post: Post,
    slow: Slow,
    /// Looking for meetings that do not exist.
    guesses: Mutex<Limiter>,
    /// Signs what a browser keeps to be known again.
    key: Key,
    /// Where this server is as far as it knows itself, for the links in mails.
    own_url: String,
}

impl People {
    /// Also returns what has to go on in the background.
    pub fn new(settings: Settings, key: Key, local: SocketAddr, live: Live) -> (People, Chores) {
        let own_url = base::own_url(settings.public_url.as_deref(), local);
        let (post, letters) = Post::new();
        let chores = Chores::new(&settings, own_url.clone(), letters);
        let people = People {
            store: settings.store.clone(),
            live: settings.live.clone().unwrap_or(live),
            hasher: Hasher::new(settings.hashes_at_once),
            post,
            slow: Slow::new(settings.joins_burst),
            guesses: Mutex::new(Limiter::new(settings.guesses)),
            key,
            own_url,
            settings,
        };
        (people, chores)
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Hashes made so far, for the metrics.
    pub fn hashes(&self) -> u64 {
        self.hasher.made()
    }

    /// For whoever has to find out later. A note that cannot be made undoes nothing.
    pub(crate) async fn note(&self, actor: impl ToString, action: &str, object: impl ToString) {
        self.note_more(actor, action, object, String::new()).await;
    }

    pub(crate) async fn note_more(&self, actor: impl ToString, action: &str, object: impl ToString, detail: String) {
        let (actor, object) = (actor.to_string(), object.to_string());
        let entry = AuditEntry { at: now(), actor, action: action.to_owned(), object, detail };
        if let Err(error) = self.store.append_audit(&entry).await {
            tracing::warn!(%error, action, "not in the audit log");
        }
    }
}

fn now() -> UnixTime {
    UnixTime(unix_now())
}

pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    bytes
}

pub fn random_id() -> u128 {
    u128::from_ne_bytes(random())
}

pub fn routes() -> Router<App> {
    let only = |allow: &'static str| move || async move { Failure::method_not_allowed(allow) };
    Router::new()
        .route("/account", post(sign_up::sign_up).fallback(only("POST")))
        .route("/account/login", post(login::log_in).fallback(only("POST")))
        .route("/account/logout", post(login::log_out).fallback(only("POST")))
        .route("/account/logout-everywhere", post(login::log_out_everywhere).fallback(only("POST")))
        .route("/account/verify", get(login::verify).fallback(only("GET, HEAD")))
        .route("/account/reset", post(reset::ask).fallback(only("POST")))
        .route("/account/reset/confirm", post(reset::choose).fallback(only("POST")))
        .route("/account/confirm", post(reset::confirm).fallback(only("POST")))
        .route(
            "/account/{id}",
            get(account::show)
                .patch(account::change)
                .delete(account::remove)
                .fallback(only("GET, HEAD, PATCH, DELETE")),
        )
        .route("/account/{id}/password", post(account::change_password).fallback(only("POST")))
        .route("/meeting", post(meeting::create).get(meeting::list).fallback(only("GET, HEAD, POST")))
        .route("/meeting/join", post(join::join).fallback(only("POST")))
        .route("/meeting/leave", post(join::leave).fallback(only("POST")))
        .route("/meeting/end/{id}", post(meeting::end).fallback(only("POST")))
        .route("/meeting/record/{id}", post(recording::start).fallback(only("POST")))
        .route("/meeting/record/recipients/{id}", get(recording::recipients).fallback(only("GET, HEAD")))
        .route(
            "/meeting/{id}",
            get(meeting::show)
                .patch(meeting::change)
                .delete(meeting::remove)
                .fallback(only("GET, HEAD, PATCH, DELETE")),
        )
}

#[doc(hidden)]
pub(crate) fn fuzz(text: &str) {
    cookie::fuzz(text);
    base::fuzz(text);
    read::fuzz(text);
}
