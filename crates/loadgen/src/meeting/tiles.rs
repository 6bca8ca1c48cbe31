//! The pictures that one person receives, each slot judged as its decoder and its onlooker would.
//!
//! Whose picture a frame is, its tag says. A slot that goes over to somebody else has to do it with a whole key frame: that is
//! when the tile shows them, and anything else would be a picture out of two people.

use std::time::Duration;

use media::check::{self, Checker, View};
use media::codec::facts;
use media::testing::{read_tag, tag_is_intact};
use media::{RtpTime, Seq};

use crate::load::track::Seen;

/// One slot, from its first packet on.
pub struct Tile {
    ssrc: u32,
    checker: Checker,
    newest: Option<u64>,
    frame: Frame,
    /// Whose picture the last whole frame was; `Some(None)` if nobody's of ours.
    shown: Option<Option<u32>>,
    counts: Counts,
}

/// The frame that is coming in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// It is torn, or was not seen from its beginning.
    Torn,
    Whole {
        key: bool,
    },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames after which the tile showed somebody else, without a whole key frame.
    pub mixed: u64,
    /// The tag's hash does not match.
    pub corrupt: u64,
}

/// A whole key frame has come, so that the tile shows this person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown(pub Option<u32>);

impl Tile {
    pub fn new(first: &Seen<'_>) -> Tile {
        Tile {
            ssrc: first.ssrc,
            checker: Checker::new(first.codec),
            newest: None,
            frame: Frame::Torn,
            shown: None,
            counts: Counts::default(),
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub fn look(&mut self, at: Duration, packet: Seen<'_>) -> Option<Shown> {
        let Seen { seq, time, marker, payload, dd, codec, .. } = packet;
        self.checker.push(at, &View { seq: Seq(seq as u16), time: RtpTime(time), marker, payload, dd });
        let follows = self.newest.is_none_or(|newest| seq == newest + 1);
        if self.newest.is_some_and(|newest| seq <= newest) {
            // A repair: the frame that it completes was given up here, and is the checker's business.
            return None;
        }
        self.newest = Some(seq);
        let facts = facts(codec, payload, marker, None);
        if facts.frame_start {
            self.frame = Frame::Whole { key: facts.keyframe };
        } else if !follows {
            self.frame = Frame::Torn;
        }
        let tag = read_tag(codec, payload);
        self.counts.corrupt += u64::from(tag.is_some() && !tag_is_intact(codec, payload));
        if !marker {
            return None;
        }
        let frame = std::mem::replace(&mut self.frame, Frame::Torn);
        let whose = tag.and_then(|tag| person_of(tag.stream));
        let another = self.shown != Some(whose);
        if frame == (Frame::Whole { key: true }) {
            self.shown = Some(whose);
            return Some(Shown(whose));
        }
        if another && self.shown.is_some() {
            self.counts.mixed += 1;
            self.shown = Some(whose);
        }
        None
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub fn finish(self) -> check::Report {
        self.checker.finish()
    }
}

/// The tag of a person's picture, and of their voice.
pub fn picture(person: u32) -> u32 {
    person * 2
}

pub fn voice(person: u32) -> u32 {
    person * 2 + 1
}

pub fn person_of(stream: u32) -> Option<u32> {
    (stream >= 2).then_some(stream / 2)
}

#[cfg(test)]
mod tests {
    use media::Codec;
    use media::testing::{Generated, Source};

    use super::*;

    fn source(person: u32) -> Source {
        Source::video(Codec::Vp8, 600, 15, 0, picture(person), u64::from(person))
    }

    struct Slot {
        tile: Option<Tile>,
        seq: u64,
    }

    impl Slot {
        fn show(&mut self, packets: &[Generated]) -> Vec<Shown> {
            let mut shown = Vec::new();
            for packet in packets {
                self.seq += 1;
                let (time, marker, payload) = (self.seq as u32 * 6000, packet.marker, packet.payload.as_slice());
                let seen = Seen { ssrc: 9, codec: Codec::Vp8, seq: self.seq, time, marker, payload, dd: None };
                let tile = self.tile.get_or_insert_with(|| Tile::new(&seen));
                shown.extend(tile.look(Duration::from_millis(self.seq * 60), seen));
            }
            shown
        }

        fn counts(&self) -> Counts {
            self.tile.as_ref().map(Tile::counts).unwrap_or_default()
        }
    }

    #[test]
    fn a_tile_shows_somebody_when_their_key_frame_is_whole() {
        let mut slot = Slot { tile: None, seq: 0 };
        let (mut ann, mut bo) = (source(1), source(2));
        let key = ann.next_frame();
        assert!(key.len() > 1);
        assert!(slot.show(&key[..key.len() - 1]).is_empty());
        assert_eq!(slot.show(&key[key.len() - 1..]), [Shown(Some(1))]);
        assert!(slot.show(&ann.next_frame()).is_empty());
        assert_eq!(slot.show(&bo.next_frame()), [Shown(Some(2))]);
        assert!(slot.show(&bo.next_frame()).is_empty());
        assert_eq!(slot.counts(), Counts::default());
    }

    #[test]
    fn a_picture_out_of_two_people_is_counted_once_and_so_is_each_packet_that_was_changed() {
        let mut slot = Slot { tile: None, seq: 0 };
        let (mut ann, mut bo) = (source(1), source(2));
        slot.show(&ann.next_frame());
        bo.next_frame();
        slot.show(&bo.next_frame());
        slot.show(&bo.next_frame());
        assert_eq!(slot.counts(), Counts { mixed: 1, corrupt: 0 });
        let mut torn = bo.next_frame();
        torn[0].payload[20] ^= 1;
        slot.show(&torn);
        assert_eq!(slot.counts(), Counts { mixed: 1, corrupt: 1 });
        // The beginning is missing.
        slot.seq += 1;
        bo.request_keyframe();
        assert!(slot.show(&bo.next_frame()[1..]).is_empty());
    }
}
