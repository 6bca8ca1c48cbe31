//! What whoever looks after the node may ask of it, below `/api/admin`.

pub mod guard;
