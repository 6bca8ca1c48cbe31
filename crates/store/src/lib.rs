//! [`meetings::Store`] on real databases: where accounts, tokens and meetings outlive a node.
//!
//! [`Sqlite`] is the one inside, for a node that needs no service beside it. Whatever is in here passes
//! `meetings::conformance`, and keeps what it has acknowledged when it is killed and when the power goes.
//!
//! It knows no HTTP, no rooms and no rights: it keeps what it is told to keep.

mod error;
mod sqlite;

pub use error::Error;
pub use sqlite::Sqlite;
