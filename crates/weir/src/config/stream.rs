//! `[stream]`: the life of a session, and how much of its media is remembered.

use std::time::Duration;

use node::Limits as Engine;
use serde::{Deserialize, Serialize};

use super::{Fault, at_least_one};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub takeover_silence_ms: u32,
    pub silence_timeout_s: u32,
    pub repair_packets: u32,
    pub repair_age_ms: u32,
    pub bandwidth_start_kbps: u32,
    pub bandwidth_max_kbps: u32,
}

impl Default for Section {
    fn default() -> Section {
        let engine = Engine::default();
        Section {
            takeover_silence_ms: engine.takeover_silence.as_millis() as u32,
            silence_timeout_s: engine.silence_timeout.as_secs() as u32,
            repair_packets: engine.ring_packets as u32,
            repair_age_ms: engine.ring_age.as_millis() as u32,
            bandwidth_start_kbps: (engine.bandwidth.start_bps / 1000) as u32,
            bandwidth_max_kbps: (engine.bandwidth.max_bps / 1000) as u32,
        }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        at_least_one("stream.silence_timeout_s", self.silence_timeout_s)?;
        at_least_one("stream.repair_age_ms", self.repair_age_ms)?;
        if !(100..=1_000_000).contains(&self.bandwidth_max_kbps) {
            return Err(Fault::new("stream.bandwidth_max_kbps", "it must be between 100 and 1000000"));
        }
        if !(50..=self.bandwidth_max_kbps).contains(&self.bandwidth_start_kbps) {
            return Err(Fault::new(
                "stream.bandwidth_start_kbps",
                "it must be between 50 and stream.bandwidth_max_kbps",
            ));
        }
        if !(64..=65_536).contains(&self.repair_packets) {
            return Err(Fault::new("stream.repair_packets", "it must be between 64 and 65536"));
        }
        Ok(())
    }

    pub fn apply(&self, limits: &mut Engine) {
        limits.takeover_silence = Duration::from_millis(self.takeover_silence_ms.into());
        limits.silence_timeout = seconds(self.silence_timeout_s);
        limits.ring_packets = self.repair_packets as usize;
        limits.ring_age = Duration::from_millis(self.repair_age_ms.into());
        limits.bandwidth.start_bps = u64::from(self.bandwidth_start_kbps) * 1000;
        limits.bandwidth.max_bps = u64::from(self.bandwidth_max_kbps) * 1000;
    }
}

fn seconds(n: u32) -> Duration {
    Duration::from_secs(n.into())
}
