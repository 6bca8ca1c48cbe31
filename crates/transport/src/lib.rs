//! Everything between a datagram and a media packet, for one peer: SDP, ICE-lite, DTLS, SRTP, RTCP, data channels.
//!
//! ```text
//!   offer ──▶ Offer ──validate──▶ Peer::accept ──▶ answer
//!   Peer::dial ──▶ offer … answer ──▶ Reply ──▶ Peer::accept_answer      (where we are the client of another server)
//!
//!   datagram ─▶ demux ─┬─ STUN, DTLS ─────────────────────────▶ Peer ─▶ Connected, data channels, Closed
//!                      ├─ publisher's SRTP ─▶ authenticate ───▶ Peer ─▶ Received packets, sender reports
//!                      └─ viewer's SRTCP ───▶ srtp::Opener ─▶ rtcp     (the engine's, never the Peer's)
//!   media ──▶ srtp::Sealer ──▶ Outbox                                 (the engine's, never the Peer's)
//!   what was sent, rtcp::Twcc ──▶ bwe::Estimator ──▶ bits per second  (the engine's)
//! ```
//!
//! No socket, no clock, no thread: `now` and randomness are arguments. Rooms, tracks of others and routing are unknown
//! here. str0m, dimpl and their types stay inside.

mod answer;
pub mod bwe;
mod choice;
pub mod client;
mod demux;
mod error;
pub mod fragment;
#[doc(hidden)]
pub mod fuzz;
mod identity;
mod label;
pub mod offer;
mod outbox;
pub mod peer;
mod reply;
pub mod rtcp;
mod sections;
pub mod srtp;
pub mod stun;
pub mod sys;
mod wire;

pub use answer::{Answer, RecvTrack, SendTrack};
pub use choice::CodecChoice;
pub use client::Client;
pub use demux::{Datagram, demux};
pub use error::Error;
pub use fragment::Fragment;
pub use identity::Identity;
pub use label::{Label, Mid, Rid};
pub use offer::{Offer, Role};
pub use outbox::{Message, Outbox};
pub use peer::{Accept, Dial, Event, Output, Peer, Reason, Received};
pub use reply::Reply;

/// ICE credentials of one side. The engine chooses ours, so that the username fragment names worker and slot.
#[derive(Clone, PartialEq, Eq)]
pub struct Creds {
    pub ufrag: String,
    pub pwd: String,
}

impl std::fmt::Debug for Creds {
    /// The password stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Creds({})", self.ufrag)
    }
}

/// What the offerer wants, and for a viewer what there is.
#[derive(Debug, Clone, Copy)]
pub enum Side<'a> {
    Publish,
    /// A kind without a source is answered with a rejected section; a kind with one is answered with its codec only.
    Watch {
        audio: Option<&'a CodecChoice>,
        video: Option<&'a CodecChoice>,
    },
}

impl Side<'_> {
    pub fn role(&self) -> Role {
        match self {
            Side::Publish => Role::Publish,
            Side::Watch { .. } => Role::Watch,
        }
    }
}
