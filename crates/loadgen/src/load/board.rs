//! The little that threads share while a test runs: counters, and when each packet was sent.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::delay::SendLog;

pub struct Board {
    /// Two per publisher, see [`Board::video`] and [`Board::audio`]: the stream number inside each payload's tag.
    streams: Vec<SendLog>,
    /// Everybody watches, nobody joins: what is measured now counts.
    steady: AtomicBool,
    received: AtomicU64,
    pub publishing: AtomicU32,
    /// That the server made of publishers.
    pub keyframe_requests: AtomicU64,
    /// Viewers with a connection, and those with a picture.
    pub connected: AtomicU32,
    pub pictured: AtomicU32,
    /// Moves of viewers to other rooms.
    pub switches: AtomicU64,
    pub switches_refused: AtomicU64,
}

impl Board {
    pub fn new(publishers: u32) -> Board {
        Board {
            streams: (0..publishers * 2).map(|_| SendLog::new()).collect(),
            steady: AtomicBool::new(false),
            received: AtomicU64::new(0),
            publishing: AtomicU32::new(0),
            keyframe_requests: AtomicU64::new(0),
            connected: AtomicU32::new(0),
            pictured: AtomicU32::new(0),
            switches: AtomicU64::new(0),
            switches_refused: AtomicU64::new(0),
        }
    }

    pub fn video(publisher: u32) -> u32 {
        publisher * 2
    }

    pub fn audio(publisher: u32) -> u32 {
        publisher * 2 + 1
    }

    pub fn stream(&self, number: u32) -> Option<&SendLog> {
        self.streams.get(number as usize)
    }

    pub fn is_steady(&self) -> bool {
        self.steady.load(Ordering::Relaxed)
    }

    pub fn set_steady(&self, steady: bool) {
        self.steady.store(steady, Ordering::Relaxed);
    }

    pub fn count_received(&self, packets: u64) {
        self.received.fetch_add(packets, Ordering::Relaxed);
    }

    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub fn sent(&self) -> u64 {
        self.streams.iter().map(SendLog::count).sum()
    }
}
