//! The client's side of WHIP and WHEP: the offer that is posted, the redirects that are followed, the session that is
//! deleted in the end, and the HTTP underneath.
//!
//! Who calls is a node that pulls a room from its parent, or a load generator. What stands in an offer or an answer is
//! unknown here: it is text that goes out and text that comes back.

mod caller;
#[doc(hidden)]
pub mod fuzz;
mod http;
mod url;

pub use caller::{Call, Caller};
pub use http::{Client, Connection, Request, Response};
pub use url::Url;

/// What can go wrong, in words for whoever reads a terminal or a log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} is not a URL that can be asked: expected http://HOST[:PORT]/… or https://…")]
    Url(String),
    #[error("connecting to {authority}")]
    Connect {
        authority: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{authority} is at {address}, which may not be connected to from here")]
    Forbidden { authority: String, address: std::net::IpAddr },
    #[error("TLS with {authority}")]
    Tls {
        authority: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{method} {url}")]
    Http {
        method: String,
        url: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("no answer to {method} {url} within {} ms", timeout.as_millis())]
    Timeout { method: String, url: String, timeout: std::time::Duration },
    #[error("{0:?} is not a header or a method that HTTP can carry")]
    Header(String),
    #[error("{url} answered {status}: {text}")]
    Refused { url: String, status: u16, text: String },
    #[error("redirected too often, last to {0}")]
    Redirects(String),
    #[error("redirected to {0}, which may not be asked from here")]
    Elsewhere(String),
}
