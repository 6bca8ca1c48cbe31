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
    gap: Gap,
}

/// What has come since the last packet that was entered.
#[derive(Debug, Clone, Copy, Default)]
struct Gap {
    /// Sequence number of the newest packet.
    newest: Option<u64>,
    /// A number is missing, or one came late.
    is_torn: bool,
    has_keyframe: bool,
}

/// A packet as it arrived, whoever opened it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub ssrc: u32,
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
        let Received { ssrc, codec, seq, time, marker, ref payload, ref dd, .. } = *packet;
        Seen { ssrc, codec, seq, time, marker, payload, dd: dd.as_deref() }
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
            gap: Gap::default(),
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
        let facts = facts(self.codec, packet.payload, packet.marker, None);
        self.gap.is_torn |= self.gap.newest.is_some_and(|newest| packet.seq != newest + 1);
        self.gap.has_keyframe |= facts.keyframe && self.codec.kind() == Kind::Video;
        self.gap.newest = self.gap.newest.max(Some(packet.seq));
        let Some(tag) = read_tag(self.codec, packet.payload) else {
            // A packet that holds nothing but parameter sets has no room for a tag.
            self.corrupt += u64::from(!facts.parameter_sets);
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
        let gap = self.gap;
        self.gap = Gap { newest: gap.newest, ..Gap::default() };
        match &mut self.ledger {
            Some(ledger) if gap.has_keyframe && !gap.is_torn => ledger.skip_to(tag.counter),
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

#[cfg(test)]
mod tests {
    use media::testing::Source;

    use super::*;

    /// Feeds a track the packets of some frames (`Some`), in unbroken numbers but for those that are lost (`None`).
    fn balance(frames: &[Option<u32>], keyframe_every: u32) -> Balance {
        let mut source = Source::video(Codec::Vp8, 500, 30, keyframe_every, Board::video(0), 1);
        let mut track = Track::new(Codec::Vp8, 0);
        let (mut seq, mut last, mut made) = (0, 0, Vec::new());
        for _ in 0..60 {
            made.push(source.next_frame());
        }
        for frame in frames {
            let Some(frame) = frame else {
                seq += 1;
                continue;
            };
            for packet in &made[*frame as usize] {
                let seen = Seen {
                    ssrc: 1,
                    codec: Codec::Vp8,
                    seq,
                    time: packet.time.0,
                    marker: packet.marker,
                    payload: &packet.payload,
                    dd: None,
                };
                last = track.enter(seen).expect("a packet of this publisher's").max(last);
                seq += 1;
            }
        }
        track.close(last).balance
    }

    #[test]
    fn a_keyframe_in_unbroken_numbers_skips_and_anything_else_is_lost() {
        let skipping = balance(&[Some(0), Some(1), Some(30), Some(31)], 30);
        assert!(skipping.skipped > 20 && skipping.lost == 0, "{skipping:?}");
        let torn = balance(&[Some(0), Some(1), None, Some(30), Some(31)], 30);
        assert!(torn.lost > 20 && torn.skipped == 0, "{torn:?}");
        let amid = balance(&[Some(0), Some(1), Some(20), Some(21)], 30);
        assert!(amid.lost > 10 && amid.skipped == 0, "{amid:?}");
    }

    #[test]
    fn a_track_has_begun_with_the_first_packet_of_a_keyframe() {
        let mut source = Source::video(Codec::Vp8, 2000, 30, 30, Board::video(0), 1);
        let mut track = Track::new(Codec::Vp8, 0);
        let frame = source.next_frame();
        assert!(frame.len() > 2 && !track.has_begun());
        for (seq, packet) in (0..).zip(&frame) {
            let (time, marker, payload) = (packet.time.0, packet.marker, packet.payload.as_slice());
            let seen = Seen { ssrc: 1, codec: Codec::Vp8, seq, time, marker, payload, dd: None };
            assert_eq!(track.completes_first_picture(seen), packet.marker);
            assert!(track.has_begun());
        }
    }
}
