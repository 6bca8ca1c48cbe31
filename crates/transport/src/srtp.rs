//! SRTP and SRTCP (RFC 3711, RFC 7714) outside str0m: the engine seals what viewers get and opens what they report.
//!
//! A key schedule is expanded once per session and direction; sealing and opening a packet allocates nothing. What is
//! *not* known here is which packet may be sent: under AES-GCM a second packet with the same key, SSRC and index gives
//! both plaintexts and the authentication key away. Hence the safety rule of this crate: for one session exactly one
//! [`Sealer`] exists per SSRC, nobody else holds its keys (str0m never seals for a viewer, see `peer`), and a sealer
//! refuses an (SSRC, index) that it sealed before. Retransmissions go out by RTX, on their own SSRC and index.

mod cipher;
mod keys;
mod open;
mod replay;
mod seal;
#[cfg(test)]
mod vectors;

pub use keys::{Keys, Profile};
pub use open::{OpenError, Opener};
pub use seal::{OVERHEAD_MAX, Sealer};
