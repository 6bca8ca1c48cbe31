//! From encoded pictures to RTP payloads: the way opposite to [`crate::codec`].
//!
//! It cuts and joins, and does not know numbers, times or addresses: whoever sends the payloads puts headers before them.

pub mod h264;
pub mod vp8;

/// In as few parts as fit, none much shorter than another: packets of one length leave a machine in one message.
fn evenly(bytes: &[u8], len_max: usize) -> impl Iterator<Item = &[u8]> {
    let parts = bytes.len().div_ceil(len_max).max(1);
    bytes.chunks(bytes.len().div_ceil(parts).max(1))
}
