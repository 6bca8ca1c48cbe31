//! Who may do what: bearer tokens, and when one is needed.
//!
//! A token is a JWT signed with HS256 and nothing else; its algorithm is fixed here and never taken from the token. A
//! token that is given is always checked, also where none is needed: a client whose token is wrong should hear so.
//!
//! `exp` ends the right to *start* a session. A broadcast that outlives its token goes on, and can be kept (ICE restart)
//! and ended by the same token, because a client cannot be given a new one in the middle of a stream.

mod key;
mod local;
mod token;

pub use key::Key;
pub use token::{Grant, Rooms, mint};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use proto::RoomName;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::desk::Owner;
use token::{Claims, Expiry};

/// Longest token read. A token of ours is under 300 bytes.
const TOKEN_LEN_MAX: usize = 4096;

/// When a session needs a token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Policy {
    /// Always, unless the server is bound to loopback and the request comes from a program or page of this machine.
    #[default]
    Auto,
    Required,
    /// Never. For a network whose every member may publish.
    Open,
}

/// A policy at the address it is applied to, with the key that tokens are signed with.
#[derive(Debug, Clone)]
pub struct Guard {
    policy: Policy,
    on_loopback: bool,
    key: Key,
}

/// What a client may do, as far as its token (or the lack of need for one) says.
#[derive(Debug, Clone)]
pub struct Caller {
    pub owner: Owner,
    grant: Access,
}

#[derive(Debug, Clone)]
enum Access {
    /// No token, and none needed.
    Open,
    /// No token, but one is needed for anything but a session URL of one's own.
    Nobody,
    Token(Grant),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    Publish,
    Watch,
}

/// Why a caller is turned away. Becomes `WWW-Authenticate` (RFC 6750 §3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error(
        "this needs a bearer token: send Authorization: Bearer TOKEN, or add ?access_token=TOKEN to the URL (`weir token create` makes one)"
    )]
    Missing,
    #[error("the Authorization header is not of the form: Bearer TOKEN")]
    Malformed,
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    #[error("the token does not grant this: it needs {0}")]
    Insufficient(String),
}

impl Guard {
    pub fn new(policy: Policy, local: SocketAddr, key: Key) -> Guard {
        Guard { policy, on_loopback: local.ip().to_canonical().is_loopback(), key }
    }

    /// Whether this request needs a token to start a session.
    pub fn token_required(&self, headers: &HeaderMap) -> bool {
        match self.policy {
            Policy::Open => false,
            Policy::Required => true,
            Policy::Auto => !(self.on_loopback && local::is_of_this_machine(headers)),
        }
    }

    /// The node is for its own machine alone and asks nobody there for a token, and the request comes from there. Where nobody anywhere
    /// is asked (`Open`), being there says nothing.
    pub fn is_at_home(&self, headers: &HeaderMap) -> bool {
        self.policy == Policy::Auto && self.on_loopback && local::is_of_this_machine(headers)
    }

    /// Whether the request was made by a program or page of this machine, as far as its headers say.
    pub fn is_of_this_machine(&self, headers: &HeaderMap) -> bool {
        local::is_of_this_machine(headers)
    }

    /// Who asks to start something.
    pub fn caller(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Caller, Denied> {
        self.identify(headers, query, Expiry::Checked)
    }

    /// Who asks to change or end a session. Needs no grant: the session itself says whose it is.
    pub fn holder(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Caller, Denied> {
        self.identify(headers, query, Expiry::Ignored)
    }

    fn identify(&self, headers: &HeaderMap, query: Option<&str>, expiry: Expiry) -> Result<Caller, Denied> {
        let Some(given) = given_token(headers, query)? else {
            let grant = if self.token_required(headers) { Access::Nobody } else { Access::Open };
            return Ok(Caller { owner: Owner::Anonymous, grant });
        };
        let claims = token::verify(&self.key, given.token, expiry)?;
        let owner = if given.in_header { owner_of(&claims, given.token) } else { Owner::Anonymous };
        Ok(Caller { owner, grant: Access::Token(claims.grant) })
    }
}

impl Caller {
    pub fn may(&self, right: Right, room: &RoomName) -> Result<(), Denied> {
        let grant = self.grant()?;
        if room.is_reserved() {
            return Err(Denied::Insufficient("a ticket to the meeting that this room is, and its socket".to_owned()));
        }
        let Some(grant) = grant else { return Ok(()) };
        let (has, name) = match right {
            Right::Publish => (grant.publish, "publish"),
            Right::Watch => (grant.subscribe, "subscribe"),
        };
        if grant.admin || (has && grant.rooms.cover(room)) {
            return Ok(());
        }
        Err(Denied::Insufficient(format!("\"{name}\" in room {room}")))
    }

    /// Whether the room may be shown to the caller.
    pub fn may_see(&self, room: &str) -> bool {
        // The name of a meeting's room is its link.
        let is_shared = !room.starts_with(RoomName::RESERVED);
        match &self.grant {
            Access::Open => is_shared,
            Access::Nobody => false,
            Access::Token(grant) => grant.admin || (is_shared && grant.rooms.cover_name(room)),
        }
    }

    /// Any valid token, or none where none is needed.
    pub fn is_known(&self) -> Result<(), Denied> {
        self.grant().map(|_| ())
    }

    /// An admin's token. Not being asked for one is not enough.
    pub fn is_admin(&self) -> Result<(), Denied> {
        match &self.grant {
            Access::Open | Access::Nobody => Err(Denied::Missing),
            Access::Token(grant) if grant.admin => Ok(()),
            Access::Token(_) => Err(Denied::Insufficient("\"admin\"".to_owned())),
        }
    }

    /// Sent a token, good or not needed.
    pub fn has_token(&self) -> bool {
        matches!(self.grant, Access::Token(_))
    }

    fn grant(&self) -> Result<Option<&Grant>, Denied> {
        match &self.grant {
            Access::Open => Ok(None),
            Access::Nobody => Err(Denied::Missing),
            Access::Token(grant) => Ok(Some(grant)),
        }
    }
}

struct Given<'a> {
    token: &'a str,
    in_header: bool,
}

/// The header wins over the URL: it is the one a client sends on purpose.
fn given_token<'a>(headers: &'a HeaderMap, query: Option<&'a str>) -> Result<Option<Given<'a>>, Denied> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    if let Some(value) = values.next() {
        if values.next().is_some() {
            return Err(Denied::Malformed);
        }
        let text = value.to_str().map_err(|_| Denied::Malformed)?;
        let (scheme, token) = text.trim().split_once(' ').ok_or(Denied::Malformed)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Denied::Malformed);
        }
        return checked(token.trim()).map(|token| Some(Given { token, in_header: true }));
    }
    match query.and_then(|query| crate::query::value(query, "access_token")) {
        Some(token) => checked(token).map(|token| Some(Given { token, in_header: false })),
        None => Ok(None),
    }
}

/// A JWT is base64url and dots (RFC 7515 §3.1), so nothing in a query needs unescaping.
fn checked(token: &str) -> Result<&str, Denied> {
    let clean = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if token.is_empty() || token.len() > TOKEN_LEN_MAX || !token.bytes().all(clean) {
        return Err(Denied::Invalid("it is not a JWT"));
    }
    Ok(token)
}

fn owner_of(claims: &Claims, token: &str) -> Owner {
    let (kind, name) = match (&claims.sub, &claims.jti) {
        (Some(sub), _) => ("sub", sub.as_str()),
        (None, Some(jti)) => ("jti", jti.as_str()),
        (None, None) => ("token", token),
    };
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, format!("{kind}:{name}").as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&digest.as_ref()[..16]);
    Owner::Token(half)
}

pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

#[doc(hidden)]
pub(crate) fn fuzz(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut headers = HeaderMap::new();
    if let Ok(value) = axum::http::HeaderValue::from_str(text) {
        headers.insert(AUTHORIZATION, value);
    }
    static KEY: std::sync::LazyLock<Key> = std::sync::LazyLock::new(Key::generate);
    let guard = Guard::new(Policy::Required, SocketAddr::from(([0, 0, 0, 0], 1)), KEY.clone());
    for result in [guard.caller(&headers, Some(text)), guard.holder(&HeaderMap::new(), Some(text))] {
        // This key has signed nothing.
        assert!(!result.is_ok_and(|caller| caller.has_token()));
    }
}

#[cfg(test)]
mod tests;
