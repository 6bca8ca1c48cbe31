//! What a worker must be told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::clip::Clip;
use proto::WorkerId;
use transport::bwe;

use crate::{data, gop, speaker};

#[derive(Debug, Clone)]
pub struct Config {
    pub worker: WorkerId,
    /// Workers of this node, this one included: the origins a room may have.
    pub workers: u8,
    /// Where clients reach this worker: every address goes into every answer.
    pub candidates: Vec<SocketAddr>,
    /// The start of the node's monotonic clock: arrival times travel between workers relative to it.
    pub epoch: Instant,
    pub limits: Limits,
    /// What viewers see while their publisher is silent; none shows them the last picture. Shared, because it never changes.
    pub idle_clip: Option<Arc<Clip>>,
}

/// Bounds and patience. The defaults are those of `weir.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions on one worker; one more is refused with 503.
    pub sessions_max: usize,
    /// Publishers in one room; one more is refused.
    pub publishers_max: usize,
    /// Of these, how many are heard at a time.
    pub voices_max: usize,
    /// A publisher that sent nothing for this long may be replaced by a new one.
    pub takeover_silence: Duration,
    /// A publisher that sent nothing for this long is ended.
    pub silence_timeout: Duration,
    /// Packets of one video layer kept for repair, rounded up to a power of two.
    pub ring_packets: usize,
    /// Oldest packet worth repairing.
    pub ring_age: Duration,
    /// What of a layer's last group of pictures is replayed to who joins.
    pub gop: gop::Limits,
    /// Where a viewer's estimate begins, and where it stays.
    pub bandwidth: bwe::Limits,
    /// What applications may say to each other.
    pub data: data::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            sessions_max: 10_000,
            publishers_max: 50,
            voices_max: speaker::SEATS,
            takeover_silence: Duration::from_secs(2),
            silence_timeout: Duration::from_secs(30),
            // 2 s of 8 Mbit/s in 1,200-byte packets is 1,700.
            ring_packets: 2048,
            ring_age: Duration::from_secs(2),
            gop: gop::Limits::default(),
            bandwidth: bwe::Limits::default(),
            data: data::Limits::default(),
        }
    }
}
