//! Everything our programs say to each other, and nothing they do: identities, the records and events that travel
//! between workers (later nodes and regions), and the JSON a client sees.
//!
//! This crate has no logic beyond parsing its own identities and packets. It knows no clock, no socket and no media.

pub mod account;
pub mod api;
mod assign;
pub mod data;
pub mod event;
pub mod frame;
pub mod fuzz;
pub mod ids;
mod layer;
pub mod meeting;
pub mod meeting_api;
pub mod path;
pub mod room;

pub use assign::{Assignment, Given, Section};
pub use ids::{PeerId, PublisherName, RoomName, SessionId, TrackId, WorkerId};
pub use layer::LayerChoice;
pub use path::{NodeId, Path};
