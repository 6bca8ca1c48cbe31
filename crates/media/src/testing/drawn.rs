//! A stream of real pictures, for where a browser watches: the loop of [`clip::person`] without end, in VP8.
//!
//! The last packet of each frame ends in a tag, as the packets of [`super::Source`] do. A VP8 decoder does not see it: it lies
//! behind all that the frame's last partition is read for.

use std::time::Duration;

use super::tag::{TAG_LEN, write_tag};
use super::{Generated, Layer};
use crate::clip::{self, person};
use crate::codec::vp8;
use crate::{Codec, RtpTime};

#[derive(Debug, Clone)]
pub struct Drawn {
    track: clip::Track,
    stream: u32,
    /// The next picture of the loop.
    next: u64,
    time: RtpTime,
    picture_id: u16,
    tagged: u64,
}

impl Drawn {
    /// This person's picture; `stream` is told by every tag.
    pub fn person(number: u32, stream: u32) -> Drawn {
        Drawn { track: person::track(number), stream, next: 0, time: RtpTime(0), picture_id: 0, tagged: 0 }
    }

    /// From one frame to the next.
    pub fn interval(&self) -> Duration {
        Duration::from_micros(u64::from(self.track.frame(self.next).ticks) * 1_000_000 / 90_000)
    }

    /// The loop begins anew.
    pub fn request_keyframe(&mut self) {
        self.next = 0;
    }

    pub fn next_frame(&mut self) -> Vec<Generated> {
        let frame = self.track.frame(self.next);
        let (time, keyframe, count) = (self.time, frame.keyframe, frame.payloads.len());
        let layer = Layer { spatial: 0, temporal: 0, from: None, from_below: false };
        let mut generated = Vec::with_capacity(count);
        for (n, payload) in frame.payloads.iter().enumerate() {
            let mut payload = payload.clone();
            // In the loop they are places, which jump back; a stream's go on.
            vp8::rewrite(&mut payload, vp8::Numbers { picture_id: self.picture_id, tl0: 0, keyidx: 0 });
            let marker = n + 1 == count;
            if marker {
                payload.resize(payload.len() + TAG_LEN, 0);
                write_tag(Codec::Vp8, &mut payload, self.stream, self.tagged);
            }
            generated.push(Generated { payload, marker, time, keyframe, layer, dd: None });
        }
        self.tagged += 1;
        self.time = self.time.plus(frame.ticks);
        self.picture_id = (self.picture_id + 1) & 0x7fff;
        self.next += 1;
        generated
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Checker, View};
    use crate::testing::{read_tag, tag_is_intact};
    use crate::{Kind, Seq};

    #[test]
    fn it_goes_on_across_the_loop_and_begins_anew_when_asked() {
        let mut drawn = Drawn::person(17, 34);
        let mut checker = Checker::new(Codec::Vp8);
        let (mut seq, mut keyframes) = (Seq(0), Vec::new());
        for n in 0..50u32 {
            if n == 47 {
                drawn.request_keyframe();
            }
            let at = Duration::from_millis(u64::from(n) * 100);
            let packets = drawn.next_frame();
            for packet in &packets {
                let view = View { seq, time: packet.time, marker: packet.marker, payload: &packet.payload, dd: None };
                checker.push(at, &view);
                seq = seq.next();
            }
            if packets[0].keyframe {
                keyframes.push(n);
            }
            let last = &packets.last().unwrap().payload;
            assert!(tag_is_intact(Codec::Vp8, last) && last.len() < 1_200);
            let tag = read_tag(Codec::Vp8, last).unwrap();
            assert_eq!((tag.stream, tag.counter), (34, u64::from(n)));
        }
        assert_eq!(keyframes, [0, 20, 40, 47]);
        let report = checker.finish();
        assert!(report.verdicts.is_empty() && report.frames == 50, "{report:?}");
        assert_eq!((Codec::Vp8.kind(), drawn.interval()), (Kind::Video, Duration::from_millis(100)));
    }
}
