//! `[limits]`: what clients can make a node hold or do.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use signal::Rate;

use super::{Fault, at_least_one};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub sessions_max: u32,
    pub sessions_per_worker_max: u32,
    pub connections_max: u32,
    pub event_streams_max: u32,
    pub meeting_sockets_max: u32,
    pub meeting_sockets_per_address_max: u32,
    pub messages_per_s: u32,
    pub message_bytes_per_s: u32,
    pub message_queue_bytes_max: u32,
    pub meeting_joins_burst: u32,
    pub offer_bytes_max: u32,
    pub fragment_bytes_max: u32,
    pub head_timeout_s: u32,
    pub body_timeout_s: u32,
    pub requests_per_s: u32,
    pub requests_burst: u32,
    pub local_requests_per_s: u32,
    pub local_requests_burst: u32,
}

impl Default for Section {
    fn default() -> Section {
        let http = signal::Limits::default();
        let messages = node::Limits::default().data;
        Section {
            // A machine of 64 cores at a fifth of what they could hold; memory is what a small machine lacks first.
            sessions_max: 100_000,
            sessions_per_worker_max: node::Limits::default().sessions_max as u32,
            connections_max: http.connections_max as u32,
            event_streams_max: http.event_streams_max as u32,
            meeting_sockets_max: http.meeting_sockets_max as u32,
            meeting_sockets_per_address_max: http.meeting_sockets_per_address_max as u32,
            messages_per_s: messages.rates.messages_per_s,
            message_bytes_per_s: messages.rates.bytes_per_s,
            message_queue_bytes_max: messages.queue_bytes_max as u32,
            meeting_joins_burst: 2000,
            offer_bytes_max: http.offer_bytes_max as u32,
            fragment_bytes_max: http.fragment_bytes_max as u32,
            head_timeout_s: http.head_timeout.as_secs() as u32,
            body_timeout_s: http.body_timeout.as_secs() as u32,
            requests_per_s: http.rate.per_s,
            requests_burst: http.rate.burst,
            local_requests_per_s: http.local_rate.per_s,
            local_requests_burst: http.local_rate.burst,
        }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        at_least_one("limits.sessions_max", self.sessions_max)?;
        at_least_one("limits.sessions_per_worker_max", self.sessions_per_worker_max)?;
        at_least_one("limits.connections_max", self.connections_max)?;
        at_least_one("limits.meeting_sockets_per_address_max", self.meeting_sockets_per_address_max)?;
        at_least_one("limits.head_timeout_s", self.head_timeout_s)?;
        at_least_one("limits.body_timeout_s", self.body_timeout_s)?;
        at_least_one("limits.requests_per_s", self.requests_per_s)?;
        at_least_one("limits.requests_burst", self.requests_burst)?;
        at_least_one("limits.local_requests_per_s", self.local_requests_per_s)?;
        at_least_one("limits.local_requests_burst", self.local_requests_burst)?;
        at_least_one("limits.messages_per_s", self.messages_per_s)?;
        // A burst is two seconds' worth, and has to hold the longest message with its header.
        if self.message_bytes_per_s < 16 * 1024 {
            let why = "a message may have 16384 bytes; allow one a second";
            return Err(Fault::new("limits.message_bytes_per_s", why));
        }
        if self.message_queue_bytes_max < 64 * 1024 {
            let why = "below 65536 bytes whoever misses a moment is closed; allow four long messages";
            return Err(Fault::new("limits.message_queue_bytes_max", why));
        }
        at_least_one("limits.meeting_joins_burst", self.meeting_joins_burst)?;
        // A browser's offer with simulcast is about 12 kB.
        if self.offer_bytes_max < 16 * 1024 {
            return Err(Fault::new("limits.offer_bytes_max", "browsers send offers of up to 16384 bytes; allow those"));
        }
        at_least_one("limits.fragment_bytes_max", self.fragment_bytes_max)
    }

    pub fn apply(&self, limits: &mut node::Limits) {
        limits.sessions_max = self.sessions_per_worker_max as usize;
        limits.data.rates.messages_per_s = self.messages_per_s;
        limits.data.rates.bytes_per_s = self.message_bytes_per_s;
        limits.data.queue_bytes_max = self.message_queue_bytes_max as usize;
    }

    pub fn http(&self) -> signal::Limits {
        signal::Limits {
            offer_bytes_max: self.offer_bytes_max as usize,
            fragment_bytes_max: self.fragment_bytes_max as usize,
            connections_max: self.connections_max as usize,
            head_timeout: Duration::from_secs(self.head_timeout_s.into()),
            body_timeout: Duration::from_secs(self.body_timeout_s.into()),
            event_streams_max: self.event_streams_max as usize,
            meeting_sockets_max: self.meeting_sockets_max as usize,
            meeting_sockets_per_address_max: self.meeting_sockets_per_address_max as usize,
            rate: Rate { per_s: self.requests_per_s, burst: self.requests_burst },
            local_rate: Rate { per_s: self.local_requests_per_s, burst: self.local_requests_burst },
        }
    }
}
