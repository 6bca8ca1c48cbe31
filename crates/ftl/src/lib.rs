//! FTL ingest: the legacy protocol by which older OBS versions publish H.264 and Opus, without encryption.
//!
//! ```text
//!            TCP, lines                         UDP, RTP in the clear
//!  encoder ─────────────▶ Handshake    encoder ─────────────▶ Streams
//!                         (who, what)                          (whose, which number)
//!                              └──────── listener ────────┘
//!                                 Ask ▼        ▼ Packet
//!                              a node, through `Desk`
//! ```
//!
//! `handshake`, `stream` and `sets` are pure: bytes and the time come in, replies and packets come out. `listener` has the sockets,
//! and `client` is the other end, for tests and for `weir ftl send`. The crate does not know rooms beyond their names, and
//! sees a node only through [`Desk`].

mod announce;
pub mod client;
pub mod code;
pub mod desk;
#[doc(hidden)]
pub mod fuzz;
pub mod handshake;
pub mod keys;
mod lines;
pub mod listener;
mod sets;
pub mod stream;
mod throttle;

pub use announce::{Announcement, Track};
pub use code::Code;
pub use desk::{Ask, Brought, Desk, Packet, Refusal};
pub use keys::{Key, Keys};
pub use listener::{Listener, Stats};

/// Why something did not work, in words for whoever runs it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0:?} is not a key: write CHANNEL-SECRET or \"CHANNEL-SECRET ROOM\", where CHANNEL is a number")]
    Key(String),
    #[error("the room of channel {channel}: {why}")]
    Room { channel: u32, why: String },
    #[error("channel {0} has two keys; each channel has one")]
    TwoKeys(u32),
    #[error("cannot listen for FTL on {what} {address}")]
    Listen {
        what: &'static str,
        address: std::net::SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("no connection to {0}")]
    Connect(String, #[source] std::io::Error),
    #[error("the connection to the server broke")]
    Broken(#[from] std::io::Error),
    #[error("the server answered {0}: {words}", words = code::words(*.0))]
    Refused(u16),
    #[error("the server does not speak FTL; it said {0:?}")]
    NotFtl(String),
    #[error("the server did not answer within {0:?}")]
    Silent(std::time::Duration),
}
