//! HTTP in front of a node: WHIP and WHEP, accounts and meetings, the JSON API, the probes, the metrics page and the web
//! client's files.
//!
//! ```text
//!   socket ─▶ gate (how many) ─▶ aliases (old names) ─▶ app (routes, headers) ─▶ sessions │ people │ api │ probes │ assets
//!                                                                                  │
//!                                                                  desk ◀──────────┘   the node is behind it
//! ```
//!
//! It knows the rules of HTTP, who may ask, and how much; what a session, a room or a packet is, it does not know: it
//! asks the [`desk`]. Every request passes the same gates in the same order, the cheap ones first: who, how long, how
//! often, what type, and only then is its body read and parsed.

mod admin;
mod aliases;
mod api;
mod app;
mod assets;
pub mod auth;
mod body;
pub mod desk;
mod events;
#[doc(hidden)]
pub mod fuzz;
mod gate;
mod headers;
mod held;
mod if_match;
mod layer;
mod linger;
mod links;
pub mod live;
mod meet;
mod metrics;
mod path;
pub mod people;
mod probes;
mod problem;
mod query;
mod rate;
mod room_list;
mod server;
mod sessions;
mod settings;
mod subscribers;
mod switch;
mod upstream;

use std::io;
use std::path::PathBuf;

pub use desk::Desk;
pub use live::Live;
pub use server::serve;
pub use settings::{Cors, IceServer, Limits, Rate, Settings};

/// Why the server cannot start. A client's mistakes are answered over HTTP and are no `Error`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the token key {path} cannot be read or made")]
    KeyFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "the token key {path} is not a key: it needs {min} or more printable characters; restore it, or delete the file and a new one is made (tokens signed with the old one end)"
    )]
    Key { path: PathBuf, min: usize },
    #[error("ICE server {url:?}: {reason}")]
    IceServer { url: String, reason: &'static str },
    #[error("the HTTP listener's address is not known")]
    Listener(#[source] io::Error),
}
