//! `[stream]`: the life of a session, and how much of its media is remembered.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use media::clip::{Clip, Coded, FILE_LEN_MAX};
use node::Limits as Engine;
use node::gop::Policy;
use serde::{Deserialize, Serialize};

use super::{Fault, at_least_one};

const VOICES_MAX: u32 = node::VOICES_MAX as u32;

/// Instead of a path.
const OFF: &str = "off";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub publishers_max: u32,
    pub voices_max: u32,
    pub takeover_silence_ms: u32,
    pub silence_timeout_s: u32,
    pub idle_clip: String,
    pub repair_packets: u32,
    pub repair_age_ms: u32,
    pub gop: Gop,
    pub gop_age_s: u32,
    pub gop_bytes_max_mb: u32,
    pub gop_packets_max: u32,
    pub bandwidth_start_kbps: u32,
    pub bandwidth_max_kbps: u32,
}

/// How a viewer who comes between two keyframes begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gop {
    CatchUp,
    Cut,
    Off,
}

impl Default for Section {
    fn default() -> Section {
        let engine = Engine::default();
        Section {
            publishers_max: engine.publishers_max as u32,
            voices_max: engine.voices_max as u32,
            takeover_silence_ms: engine.takeover_silence.as_millis() as u32,
            silence_timeout_s: engine.silence_timeout.as_secs() as u32,
            idle_clip: String::new(),
            repair_packets: engine.ring_packets as u32,
            repair_age_ms: engine.ring_age.as_millis() as u32,
            gop: engine.gop.policy.into(),
            gop_age_s: engine.gop.age_max.as_secs() as u32,
            gop_bytes_max_mb: (engine.gop.bytes_max / 1_000_000) as u32,
            gop_packets_max: engine.gop.packets_max as u32,
            bandwidth_start_kbps: (engine.bandwidth.start_bps / 1000) as u32,
            bandwidth_max_kbps: (engine.bandwidth.max_bps / 1000) as u32,
        }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        at_least_one("stream.publishers_max", self.publishers_max)?;
        if !(1..=VOICES_MAX).contains(&self.voices_max) {
            let why = format!("it must be between 1 and {VOICES_MAX}, the audio sections that a viewer may offer");
            return Err(Fault::new("stream.voices_max", why));
        }
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
        for (key, value, most) in [
            ("stream.gop_age_s", self.gop_age_s, 600),
            ("stream.gop_bytes_max_mb", self.gop_bytes_max_mb, 1000),
            ("stream.gop_packets_max", self.gop_packets_max, 1 << 20),
        ] {
            if !(1..=most).contains(&value) {
                return Err(Fault::new(key, format!("it must be between 1 and {most}; gop = \"off\" keeps nothing")));
            }
        }
        self.clip_file().map_or(Ok(()), |path| read(path).map(drop))
    }

    /// The clip of silent rooms, if there shall be one.
    pub fn idle_clip(&self) -> Result<Option<Arc<Clip>>, Fault> {
        let clip = match self.clip_file() {
            Some(path) => Clip::from(&read(path)?),
            None if self.idle_clip == OFF => return Ok(None),
            None => Clip::builtin(),
        };
        Ok(Some(Arc::new(clip)))
    }

    fn clip_file(&self) -> Option<&Path> {
        (!self.idle_clip.is_empty() && self.idle_clip != OFF).then(|| Path::new(&self.idle_clip))
    }

    pub fn apply(&self, limits: &mut Engine) {
        limits.publishers_max = self.publishers_max as usize;
        limits.voices_max = self.voices_max as usize;
        limits.takeover_silence = Duration::from_millis(self.takeover_silence_ms.into());
        limits.silence_timeout = seconds(self.silence_timeout_s);
        limits.ring_packets = self.repair_packets as usize;
        limits.ring_age = Duration::from_millis(self.repair_age_ms.into());
        limits.gop.policy = self.gop.into();
        limits.gop.age_max = seconds(self.gop_age_s);
        limits.gop.bytes_max = u64::from(self.gop_bytes_max_mb) * 1_000_000;
        limits.gop.packets_max = self.gop_packets_max as usize;
        limits.bandwidth.start_bps = u64::from(self.bandwidth_start_kbps) * 1000;
        limits.bandwidth.max_bps = u64::from(self.bandwidth_max_kbps) * 1000;
    }
}

impl From<Gop> for Policy {
    fn from(gop: Gop) -> Policy {
        match gop {
            Gop::CatchUp => Policy::CatchUp,
            Gop::Cut => Policy::Cut,
            Gop::Off => Policy::Off,
        }
    }
}

impl From<Policy> for Gop {
    fn from(policy: Policy) -> Gop {
        match policy {
            Policy::CatchUp => Gop::CatchUp,
            Policy::Cut => Gop::Cut,
            Policy::Off => Gop::Off,
        }
    }
}

/// A clip's file, or one sentence about why it cannot be used.
pub fn read_clip(path: &Path) -> Result<Coded, String> {
    let mut bytes = Vec::new();
    // One byte more than a clip may have is enough to be refused.
    File::open(path)
        .and_then(|file| file.take(FILE_LEN_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Coded::read(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn read(path: &Path) -> Result<Coded, Fault> {
    read_clip(path).map_err(|problem| Fault::new("stream.idle_clip", problem))
}

fn seconds(n: u32) -> Duration {
    Duration::from_secs(n.into())
}
