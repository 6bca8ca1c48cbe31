//! One track as one viewer gets it: judged by the checker, entered in the ledger, and watched for its first picture.

use std::time::Duration;

use media::check::{self, Checker, View};
use media::codec::{Codec, Kind, facts};
use media::testing::{read_tag, tag_is_intact};
use media::{RtpTime, Seq};
use transport::Received;

use super::board::Board;
use crate::ledger::{Balance, Ledger};

pub struct Track {
    codec: Codec,
    /// The stream that this room's publisher sends, by the number in its tags.
    stream: u32,
    checker: Checker,
    ledger: Option<Ledger>,
    corrupt: u64,
    foreign: u64,
    picture: Picture,
}

/// A packet as it arrived, whoever opened it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub codec: Codec,
    /// Extended sequence number.
    pub seq: u64,
    pub time: u32,
    pub marker: bool,
    pub payload: &'a [u8],
    pub dd: Option<&'a [u8]>,
}

impl<'a> From<&'a Received> for Seen<'a> {
    fn from(packet: &'a Received) -> Seen<'a> {
        let Received { codec, seq, time, marker, ref payload, ref dd, .. } = *packet;
        Seen { codec, seq, time, marker, payload, dd: dd.as_deref() }
    }
}

/// Whether a whole keyframe has come.
#[derive(Debug, Clone, Copy)]
enum Picture {
    None,
    /// A keyframe has begun; its last packet so far.
    Begun {
        seq: u64,
    },
    Shown,
}

/// What became of a track.
pub struct Outcome {
    pub balance: Balance,
    pub corrupt: u64,
    pub foreign: u64,
    pub check: check::Report,
}

impl Track {
    pub fn new(codec: Codec, publisher: u32) -> Track {
        let stream = match codec.kind() {
            Kind::Video => Board::video(publisher),
            Kind::Audio => Board::audio(publisher),
        };
        Track {
            codec,
            stream,
            checker: Checker::new(codec),
            ledger: None,
            corrupt: 0,
            foreign: 0,
            picture: Picture::None,
        }
    }

    pub fn stream(&self) -> u32 {
        self.stream
    }

    /// The decoder's opinion.
    pub fn judge(&mut self, at: Duration, packet: Seen<'_>) {
        let view = View {
            seq: Seq(packet.seq as u16),
            time: RtpTime(packet.time),
            marker: packet.marker,
            payload: packet.payload,
            dd: packet.dd,
        };
        self.checker.push(at, &view);
    }

    /// The publisher's number of this packet, if it is one of the room's publisher and intact.
    pub fn enter(&mut self, packet: Seen<'_>) -> Option<u64> {
        let Some(tag) = read_tag(self.codec, packet.payload) else {
            // A packet that holds nothing but parameter sets has no room for a tag.
            let untagged = facts(self.codec, packet.payload, packet.marker, None).parameter_sets;
            self.corrupt += u64::from(!untagged);
            return None;
        };
        if !tag_is_intact(self.codec, packet.payload) {
            self.corrupt += 1;
            return None;
        }
        if tag.stream != self.stream {
            self.foreign += 1;
            return None;
        }
        match &mut self.ledger {
            Some(ledger) => ledger.enter(tag.counter),
            None => self.ledger = Some(Ledger::open(tag.counter)),
        }
        Some(tag.counter)
    }

    /// Whether a keyframe has begun: from here on a decoder has something to do.
    pub fn has_begun(&self) -> bool {
        !matches!(self.picture, Picture::None)
    }

    /// Whether this packet completes the first frame that a decoder could show.
    pub fn completes_first_picture(&mut self, packet: Seen<'_>) -> bool {
        if self.codec.kind() != Kind::Video || matches!(self.picture, Picture::Shown) {
            return false;
        }
        let facts = facts(self.codec, packet.payload, packet.marker, None);
        let begins = facts.keyframe && facts.frame_start;
        let goes_on = matches!(self.picture, Picture::Begun { seq } if packet.seq == seq + 1);
        self.picture = match (begins || goes_on, packet.marker) {
            (true, true) => Picture::Shown,
            (true, false) => Picture::Begun { seq: packet.seq },
            (false, _) => Picture::None,
        };
        matches!(self.picture, Picture::Shown)
    }

    pub fn close(self, last_sent: u64) -> Outcome {
        Outcome {
            balance: self.ledger.map_or_else(Balance::default, |ledger| ledger.close(last_sent)),
            corrupt: self.corrupt,
            foreign: self.foreign,
            check: self.checker.finish(),
        }
    }
}
