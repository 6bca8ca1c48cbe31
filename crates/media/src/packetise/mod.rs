//! From encoded pictures to RTP payloads: the way opposite to [`crate::codec`].
//!
//! It cuts and joins, and does not know numbers, times or addresses: whoever sends the payloads puts headers before them.

pub mod h264;
