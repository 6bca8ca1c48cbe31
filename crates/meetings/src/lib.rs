//! Accounts, tokens and meetings: who people are, what they may do, what outlives a node, and what happens in a meeting.
//!
//! ```text
//!   account ── owns ──▶ meeting ── lets in ──▶ person
//!      └── token: a login, a place in a meeting, a mail's link
//!                      all of it kept in a [`Store`]
//!   a meeting that happens: a [`hall::Hall`] on each of its nodes
//! ```
//!
//! It knows no socket, clock or randomness: secrets are made of bytes that are handed in, and the time is an argument. What an HTTP
//! request, a peer connection or a database is, it does not know either.

mod account;
pub mod conformance;
pub mod edit;
pub mod events;
pub mod hall;
pub mod hashing;
mod id;
mod meeting;
mod memory;
mod password;
pub mod rights;
mod store;
pub mod throttle;
mod time;
mod token;
mod well_known;

pub use account::{Account, Email, EmailError, Grant, PasswordHash, PersonName};
pub use id::{AccountId, IdError, MeetingId, PersonId};
pub use meeting::{Mark, Meeting, PasscodeHash, Settings};
pub use memory::Memory;
pub use password::{Password, PasswordError};
pub use store::{Added, AuditEntry, AuditId, Error, Once, Page, Recorded, Store, Version};
pub use time::UnixTime;
pub use token::{Purpose, Secret, Token, TokenHash};
