//! Every way a request can fail: one list of stable names (RFC 9457 `type` URIs), statuses and titles.
//!
//! The name and the status are an interface: clients may branch on them. The detail is for a person and says what to do.

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use proto::api::Problem;

use crate::auth::Denied;
use crate::desk::{Refusal, Unanswered};

macro_rules! kinds {
    ($($kind:ident $name:literal $status:literal $title:literal,)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $($kind),+ }

        impl Kind {
            #[cfg(test)]
            pub const ALL: &[Kind] = &[$(Kind::$kind),+];

            pub const fn name(self) -> &'static str {
                match self { $(Kind::$kind => concat!("urn:weir:problem:", $name)),+ }
            }

            pub const fn status(self) -> u16 {
                match self { $(Kind::$kind => $status),+ }
            }

            pub const fn title(self) -> &'static str {
                match self { $(Kind::$kind => $title),+ }
            }
        }
    };
}

kinds! {
    BadRoomName "bad-room-name" 400 "Not a room name",
    MalformedOffer "malformed-offer" 400 "Not an SDP offer",
    MalformedFragment "malformed-fragment" 400 "Not a trickle ICE fragment",
    MalformedPath "malformed-path" 400 "Weir-Path cannot be read",
    MalformedIfMatch "malformed-if-match" 400 "If-Match cannot be read",
    MalformedBody "malformed-body" 400 "The body cannot be read",
    Unauthorized "unauthorized" 401 "A valid bearer token is needed",
    Forbidden "forbidden" 403 "The token does not grant this",
    NotYours "not-yours" 403 "The session belongs to somebody else",
    CrossSite "cross-site" 403 "The request came from another site",
    SignupClosed "signup-closed" 403 "Accounts are not for everybody here",
    PasswordWrong "password-wrong" 403 "The password is wrong",
    MeetingLocked "meeting-locked" 403 "The meeting is locked",
    PasscodeRequired "passcode-required" 403 "The meeting has a passcode",
    PasscodeWrong "passcode-wrong" 403 "The passcode is wrong",
    GuestsNotAllowed "guests-not-allowed" 403 "The meeting is for people with an account",
    Banned "banned" 403 "Banned from the meeting",
    NothingHere "nothing-here" 404 "Nothing here",
    NoSession "no-session" 404 "No such session",
    NoAccount "no-account" 404 "No such account",
    NoMeeting "no-meeting" 404 "No such meeting",
    NoStream "no-stream" 404 "No such event stream",
    MethodNotAllowed "method-not-allowed" 405 "Method not allowed",
    BodyTimeout "body-timeout" 408 "The request body came too slowly",
    RoomOccupied "room-occupied" 409 "The room has a publisher",
    NotLive "not-live" 409 "The room is not live",
    NotAViewer "not-a-viewer" 409 "The session is no viewer's",
    InAMeeting "in-a-meeting" 409 "The session belongs to somebody in a meeting",
    IsAPull "is-a-pull" 409 "The session pulls the room from another server",
    AddressTaken "address-taken" 409 "The address has an account",
    Changed "changed" 409 "Somebody else has changed it",
    Removed "removed" 410 "An administrator has ended the session",
    MeetingEnded "meeting-ended" 410 "The meeting has ended",
    LinkUsed "link-used" 410 "The link is no longer good",
    StaleTag "stale-tag" 412 "The entity-tag is not current",
    BodyTooLarge "body-too-large" 413 "The request body is too large",
    WrongContentType "wrong-content-type" 415 "Wrong content type",
    BadInput "bad-input" 422 "Something in the request cannot be meant",
    BadCursor "bad-cursor" 422 "The page cannot be found",
    WeakPassword "weak-password" 422 "The password is not good enough",
    KeyReused "key-reused" 422 "The idempotency key was used for something else",
    BadOffer "bad-offer" 422 "The offer cannot be accepted",
    CodecMismatch "codec-mismatch" 422 "No codec in common",
    BadFragment "bad-fragment" 422 "The fragment cannot be applied",
    BadUpstream "bad-upstream" 422 "The upstream cannot be used",
    BadChoice "bad-choice" 422 "The layer cannot be chosen",
    RestartRefused "restart-refused" 422 "The ICE restart was refused",
    PreconditionRequired "precondition-required" 428 "If-Match is needed",
    RateLimited "rate-limited" 429 "Too many requests",
    TooManyAttempts "too-many-attempts" 429 "Tried too often",
    TooManyStreams "too-many-streams" 429 "Too many event streams of one session",
    TooManySessions "too-many-sessions" 429 "Too many sessions of one token",
    Internal "internal" 500 "The server failed",
    NoRecorder "no-recorder" 501 "This node does not record",
    StoreUnavailable "store-unavailable" 503 "The store cannot be used now",
    Loop "loop" 508 "The nodes form a circle",
    TooFar "too-far" 508 "Too many nodes on the way",
    ParentAway "parent-away" 503 "The parent does not answer",
    NodeFull "node-full" 503 "The node is full",
    NodeDraining "node-draining" 503 "The node is shutting down",
    NodeBusy "node-busy" 503 "The node is busy",
}

/// A failed request on its way to becoming a response.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Failure {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Failure {
        Failure { kind, detail: detail.into(), headers: Vec::new() }
    }

    pub fn with(mut self, name: HeaderName, value: &'static str) -> Failure {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    pub fn retry_after(mut self, seconds: u32) -> Failure {
        self.headers.push((RETRY_AFTER, HeaderValue::from(seconds)));
        self
    }

    /// Whoever asked may not, as opposed to: it cannot be said now.
    pub fn is_refusal(&self) -> bool {
        matches!(self.kind.status(), 401 | 403)
    }

    pub fn method_not_allowed(allow: &'static str) -> Failure {
        Failure::new(Kind::MethodNotAllowed, format!("use one of {allow}")).with(ALLOW, allow)
    }

    pub fn nothing_here() -> Failure {
        Failure::new(
            Kind::NothingHere,
            "there is nothing at this address; publish at /whip/ROOM, watch at /whep/ROOM, read about the rest at /api/docs",
        )
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: self.kind.name().to_owned(),
            title: self.kind.title().to_owned(),
            status: self.kind.status(),
            detail: self.detail,
        };
        let body = serde_json::to_vec(&problem).expect("four plain fields are JSON");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.kind.status()).expect("statuses are listed above");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Failure {
        let detail = denied.to_string();
        let (kind, challenge) = match denied {
            // RFC 6750 §3.1: without credentials there is nothing to call wrong, so no error code.
            Denied::Missing => (Kind::Unauthorized, r#"Bearer realm="weir""#),
            Denied::Malformed => (Kind::Unauthorized, r#"Bearer realm="weir", error="invalid_request""#),
            Denied::Invalid(_) => (Kind::Unauthorized, r#"Bearer realm="weir", error="invalid_token""#),
            Denied::Insufficient(_) => (Kind::Forbidden, r#"Bearer realm="weir", error="insufficient_scope""#),
        };
        Failure::new(kind, detail).with(WWW_AUTHENTICATE, challenge)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let (kind, retry) = match &refusal {
            Refusal::NotLive { retry_after_s } => (Kind::NotLive, Some(*retry_after_s)),
            // A sitting publisher that has gone silent can be replaced after 2 s.
            Refusal::Occupied | Refusal::Crowded(_) => (Kind::RoomOccupied, Some(2)),
            Refusal::Full { retry_after_s } => (Kind::NodeFull, Some(*retry_after_s)),
            Refusal::Draining => (Kind::NodeDraining, Some(DRAINING_RETRY_S)),
            Refusal::BadOffer(_) => (Kind::BadOffer, None),
            Refusal::CodecMismatch(_) => (Kind::CodecMismatch, None),
            Refusal::NoSession => (Kind::NoSession, None),
            Refusal::StaleTag => (Kind::StaleTag, None),
            Refusal::BadFragment(_) => (Kind::BadFragment, None),
            Refusal::RestartRefused(_) => (Kind::RestartRefused, None),
            Refusal::Loop => (Kind::Loop, None),
            Refusal::TooFar(_) => (Kind::TooFar, None),
            Refusal::ParentAway => (Kind::ParentAway, Some(1)),
            Refusal::BadUpstream(_) => (Kind::BadUpstream, None),
            Refusal::NotYours => (Kind::NotYours, None),
            Refusal::NotAViewer => (Kind::NotAViewer, None),
            // No request asks for that: meetings do.
            Refusal::NotAPublisher => (Kind::NotAViewer, None),
            Refusal::BadChoice(_) => (Kind::BadChoice, None),
            Refusal::IsAPull => (Kind::IsAPull, None),
            Refusal::TooManySessions { .. } => (Kind::TooManySessions, Some(10)),
        };
        let failure = Failure::new(kind, refusal.to_string());
        match retry {
            Some(seconds) => failure.retry_after(seconds),
            None => failure,
        }
    }
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Failure {
        Failure::new(Kind::NodeBusy, unanswered.to_string()).retry_after(1)
    }
}

/// Whoever calls has dealt with what the error means there, and this is for what is left.
impl From<meetings::Error> for Failure {
    fn from(error: meetings::Error) -> Failure {
        use meetings::Error;
        let kind = match &error {
            Error::Unavailable(source) => {
                tracing::warn!(%error, %source, "a request could not be answered");
                return Failure::new(
                    Kind::StoreUnavailable,
                    format!("{error}; nothing was changed for certain, retry in 2 s"),
                )
                .retry_after(2);
            }
            Error::Changed => Kind::Changed,
            Error::Taken => Kind::AddressTaken,
            Error::Missing => Kind::NothingHere,
            Error::KeyReused => Kind::KeyReused,
            // No request says a time; a clock that is 300 billion years ahead does.
            Error::OutOfRange => Kind::StoreUnavailable,
        };
        Failure::new(kind, error.to_string())
    }
}

/// A restarted process is back in a few seconds.
pub const DRAINING_RETRY_S: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_a_name_of_its_own_and_an_error_status() {
        let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert!((400..600).contains(&kind.status()), "{kind:?}");
            assert!(
                kind.name()
                    .trim_start_matches("urn:weir:problem:")
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'-')
            );
        }
    }
}
