//! All viewers' findings, added up.

use std::collections::{BTreeMap, BTreeSet};

use super::viewer::Found;
use crate::delay::Histogram;
use crate::ledger::Balance;
use transport::srtp::Profile;

use crate::report::{Check, CheckVerdict, Feedback, Joins, Packets, Recorded};

#[derive(Default)]
pub struct Tally {
    balance: Balance,
    corrupt: u64,
    foreign: u64,
    numbers_used_twice: u64,
    frames: u64,
    keyframes: u64,
    verdicts: BTreeMap<&'static str, CheckVerdict>,
    created: Histogram,
    connected: Histogram,
    first_packet: Histogram,
    first_frame: Histogram,
    delays: Histogram,
    failed: u32,
    silent: bool,
    srtp: BTreeSet<&'static str>,
    feedback: Option<Feedback>,
    overflowed: u64,
    recorded: Vec<Recorded>,
    errors: Vec<String>,
}

/// The same thing tends to go wrong a thousand times.
const ERRORS_MAX: usize = 5;

impl Tally {
    /// `silent`: nobody was to have a picture.
    pub fn new(silent: bool) -> Tally {
        Tally { silent, ..Tally::default() }
    }

    /// A join that did not come to a session.
    pub fn add_refused(&mut self, error: String) {
        self.failed += 1;
        self.add_error(error);
    }

    pub fn add_error(&mut self, error: String) {
        if self.errors.len() < ERRORS_MAX && !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    pub fn add(&mut self, found: &mut Found) {
        self.created.add(found.session.took);
        if let Some(first_packet) = found.first_packet {
            self.first_packet.add(first_packet);
        }
        match (found.connected, found.first_frame) {
            (Some(connected), Some(first_frame)) => {
                self.connected.add(connected);
                self.first_frame.add(first_frame);
            }
            (Some(connected), None) if self.silent => self.connected.add(connected),
            (Some(connected), None) => {
                self.connected.add(connected);
                self.add_refused("a viewer connected and never had a whole keyframe".to_owned());
            }
            (None, _) => {
                let reason = found.closed.as_deref().unwrap_or("no answer to ICE or DTLS");
                self.add_refused(format!("a viewer had a session and never connected: {reason}"));
            }
        }
        if let Some(reason) = found.closed.as_ref().filter(|_| found.connected.is_some()) {
            self.add_error(format!("a viewer's session ended early: {reason}"));
        }
        self.delays.merge(&found.delays);
        self.numbers_used_twice += found.numbers_used_twice;
        self.overflowed += found.overflowed;
        self.srtp.extend(found.srtp.map(name_of));
        match found.recorded.take() {
            Some(Ok(recorded)) => self.recorded.push(recorded),
            Some(Err(error)) => self.add_error(format!("recording: {error}")),
            None => {}
        }
        if let Some(said) = found.said {
            *self.feedback.get_or_insert_default() += said;
        }

        let mut seen = BTreeMap::new();
        for track in &found.tracks {
            self.balance += track.balance;
            self.corrupt += track.corrupt;
            self.foreign += track.foreign;
            self.frames += track.check.frames;
            self.keyframes += track.check.keyframes;
            for verdict in &track.check.verdicts {
                let (count, _) = seen.entry(verdict.kind.name()).or_insert((0, verdict.to_string()));
                *count += verdict.count;
            }
        }
        for (kind, (count, example)) in seen {
            let total = self.verdicts.entry(kind).or_insert(CheckVerdict {
                kind: kind.to_owned(),
                count: 0,
                viewers: 0,
                example,
            });
            total.count += count;
            total.viewers += 1;
        }
    }

    pub fn joins(&self, asked: u32, server_cpu_ms: Option<f64>) -> Joins {
        Joins {
            asked,
            failed: self.failed,
            created: (&self.created).into(),
            connected: (&self.connected).into(),
            first_packet: (&self.first_packet).into(),
            first_frame: (&self.first_frame).into(),
            server_cpu_ms,
        }
    }

    pub fn packets(&self, sent: u64, received: u64, per_second: u64) -> Packets {
        Packets {
            sent,
            received,
            lost: self.balance.lost,
            duplicated: self.balance.duplicated,
            reordered: self.balance.reordered,
            skipped: self.balance.skipped,
            corrupt: self.corrupt,
            foreign: self.foreign,
            numbers_used_twice: self.numbers_used_twice,
            per_second,
        }
    }

    pub fn check(&self) -> Check {
        Check {
            errors: self.verdicts.values().map(|verdict| verdict.count).sum(),
            verdicts: self.verdicts.values().cloned().collect(),
            frames: self.frames,
            keyframes: self.keyframes,
        }
    }

    pub fn delays(&self) -> &Histogram {
        &self.delays
    }

    pub fn srtp(&self) -> Vec<String> {
        self.srtp.iter().map(|&name| name.to_owned()).collect()
    }

    pub fn feedback(&self) -> Option<Feedback> {
        self.feedback
    }

    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    pub fn take_recorded(&mut self) -> Vec<Recorded> {
        std::mem::take(&mut self.recorded)
    }

    pub fn into_errors(self) -> Vec<String> {
        self.errors
    }
}

/// As the registry of DTLS-SRTP has them, without their prefix.
fn name_of(profile: Profile) -> &'static str {
    match profile {
        Profile::AeadAes128Gcm => "AEAD_AES_128_GCM",
        Profile::AeadAes256Gcm => "AEAD_AES_256_GCM",
        Profile::Aes128CmSha1_80 => "AES128_CM_HMAC_SHA1_80",
    }
}
