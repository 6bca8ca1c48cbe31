//! Judges packets that are in order: pictures, their timestamps, their numbering and what they depend on.
//!
//! A picture is what shares a timestamp and ends with the marker bit. One cause should give one verdict: a picture is
//! called incomplete once, and numbers may skip what a gap explains.

use crate::check::order::InOrder;
use crate::check::references::Received;
use crate::check::report::{Fault, Faults, Reason};
use crate::check::shape::{Content, Shape, sets};
use crate::codec::PictureId;
use crate::codec::vp9::SPATIAL_MAX;
use crate::{Codec, Kind, RtpTime, Seq, dd};

use std::time::Duration;

/// How far timestamps and time may part between two frames. A replayed key frame or a late join moves them by no more
/// than a group of pictures; a splice without rewriting moves them by half the circle on average.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);
/// Longest VP9 temporal cycle: how many picture ids may be skipped by leaving out upper layers.
const VP9_SKIP_MAX: u16 = 8;

#[derive(Debug, Clone)]
pub(super) struct Pictures {
    codec: Codec,
    current: Option<Current>,
    last: Option<Last>,
    /// The unit that the last packet left open.
    unit_open: bool,
    /// Packets lost since the last picture began, and since the last key frame.
    missing: u16,
    lost_since_key: bool,
    sets: u8,
    picture_id: Numbering<PictureId>,
    tl0: Numbering<u8>,
    /// Counts pictures by id, so that references can be looked up without wrapping.
    picture: u32,
    pictures_received: Received,
    /// Pictures by the spatial layers above the base that were sent of them, for streams that have some.
    uppers_received: Option<Box<[Received; SPATIAL_MAX - 1]>>,
    frame_number: Option<Seq>,
    frames_received: Received,
    pub frames: u64,
    pub keyframes: u64,
}

/// A picture whose marker has not come.
#[derive(Debug, Clone, Copy)]
struct Current {
    time: RtpTime,
    key: bool,
    /// Called incomplete already.
    broken: bool,
    picture_id: Option<PictureId>,
    /// Spatial layers that have begun, as bits.
    layers: u8,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    time: RtpTime,
    at: Duration,
}

/// A number that every picture of a stream has, or none.
#[derive(Debug, Clone, Copy)]
enum Numbering<T> {
    Unknown,
    Last(Option<T>),
}

impl Pictures {
    pub fn new(codec: Codec) -> Pictures {
        Pictures {
            codec,
            current: None,
            last: None,
            unit_open: false,
            missing: 0,
            lost_since_key: false,
            sets: 0,
            picture_id: Numbering::Unknown,
            tl0: Numbering::Unknown,
            picture: 0,
            pictures_received: Received::new(),
            uppers_received: None,
            frame_number: None,
            frames_received: Received::new(),
            frames: 0,
            keyframes: 0,
        }
    }

    /// `descriptor` is the packet's dependency descriptor, read.
    pub fn push(&mut self, packet: &InOrder<'_>, descriptor: Option<&dd::Descriptor>, faults: &mut Faults) {
        self.missing = self.missing.saturating_add(packet.missing);
        self.lost_since_key |= packet.missing > 0;
        let shape = packet.shape;
        if shape.content == Content::Nothing {
            return;
        }
        if shape.content == Content::Unreadable && descriptor.is_none() {
            faults.add(Fault::Malformed, 1, shape.seq, shape.at, Reason::PayloadUnreadable);
        }
        match self.codec.kind() {
            Kind::Audio => self.push_audio(shape, faults),
            Kind::Video => self.push_video(shape, packet.missing, descriptor, faults),
        }
    }

    fn push_audio(&mut self, shape: &Shape, faults: &mut Faults) {
        self.check_time(shape, faults);
        self.frames += 1;
    }

    fn push_video(&mut self, shape: &Shape, missing: u16, descriptor: Option<&dd::Descriptor>, faults: &mut Faults) {
        let edges = Edges::of(shape, descriptor, self.unit_open);
        let after_marker = self.current.is_none() && self.last.is_some_and(|last| last.time == shape.time);
        if after_marker {
            return faults.add(Fault::PacketAfterMarker, 1, shape.seq, shape.at, Reason::AfterMarker);
        }
        if self.current.is_some_and(|current| current.time != shape.time) {
            self.find_incomplete(shape, Reason::NoEnd, faults);
            self.end(shape, faults);
        }
        let begins = self.current.is_none();
        if begins {
            self.begin(shape, faults);
            if !edges.starts {
                self.find_incomplete(shape, Reason::NoBeginning, faults);
            }
        } else if missing > 0 {
            self.find_incomplete(shape, Reason::HoleInside, faults);
        } else if edges.continues != self.unit_open {
            self.find_incomplete(shape, Reason::UnitCut, faults);
        }
        self.unit_open = edges.open;
        self.check_sets(shape, faults);
        if let Some(descriptor) = descriptor.filter(|descriptor| descriptor.start) {
            self.check_frame_number(shape, descriptor, faults);
        }
        if shape.layered && shape.starts {
            self.check_layer(shape, faults);
        }
        let Some(current) = &mut self.current else { return };
        current.key |= edges.keyframe;
        if current.picture_id != shape.picture_id && shape.content == Content::Media {
            let (from, to) = (current.picture_id.map(PictureId::value), shape.picture_id.map(PictureId::value));
            let reason = Reason::IdChangedInside { from, to };
            faults.add(Fault::PictureIdJump, 1, shape.seq, shape.at, reason);
            current.picture_id = shape.picture_id;
        }
        if shape.marker {
            if self.unit_open {
                self.find_incomplete(shape, Reason::UnitCut, faults);
            }
            self.end(shape, faults);
        }
    }

    fn begin(&mut self, shape: &Shape, faults: &mut Faults) {
        self.check_time(shape, faults);
        if shape.content == Content::Media {
            self.check_picture_id(shape, faults);
            self.check_tl0(shape, faults);
        }
        self.frames += 1;
        self.missing = 0;
        let Shape { time, picture_id, .. } = *shape;
        self.current = Some(Current { time, key: false, broken: false, picture_id, layers: 0 });
    }

    fn end(&mut self, shape: &Shape, faults: &mut Faults) {
        let Some(current) = self.current.take() else { return };
        self.unit_open = false;
        if self.frames == 1 && !current.key {
            faults.add(Fault::UndecodableStart, 1, shape.seq, shape.at, Reason::NotKey);
        }
        if current.key {
            self.keyframes += 1;
            self.lost_since_key = current.broken;
        }
    }

    fn find_incomplete(&mut self, shape: &Shape, reason: Reason, faults: &mut Faults) {
        let Some(current) = &mut self.current else { return };
        if !current.broken {
            current.broken = true;
            self.lost_since_key = true;
            faults.add(Fault::IncompleteFrame, 1, shape.seq, shape.at, reason);
        }
    }

    fn check_time(&mut self, shape: &Shape, faults: &mut Faults) {
        let last = self.last.replace(Last { time: shape.time, at: shape.at });
        let Some(last) = last else { return };
        let ticks = shape.time.since(last.time);
        let stream_ms = i64::from(ticks) * 1_000 / i64::from(self.codec.clock_rate());
        let passed_ms = shape.at.as_millis() as i64 - last.at.as_millis() as i64;
        if stream_ms.abs_diff(passed_ms) > CLOCK_TOLERANCE.as_millis() as u64 {
            let reason = Reason::ClockMoved { stream_ms, passed_ms };
            faults.add(Fault::TimestampJump, 1, shape.seq, shape.at, reason);
        } else if ticks <= 0 {
            faults.add(Fault::TimestampBackwards, 1, shape.seq, shape.at, Reason::TimeMoved { ticks });
        }
    }

    fn check_sets(&mut self, shape: &Shape, faults: &mut Faults) {
        // An AV1 sequence header is part of each coded video sequence; the others stay in force.
        self.sets = if shape.needs & sets::SEQUENCE != 0 { shape.sets } else { self.sets | shape.sets };
        if self.sets & shape.needs != shape.needs {
            faults.add(Fault::MissingParameterSets, 1, shape.seq, shape.at, Reason::SetsMissing);
            self.sets |= shape.needs; // once per stream, not once per slice
        }
    }

    fn check_picture_id(&mut self, shape: &Shape, faults: &mut Faults) {
        let last = std::mem::replace(&mut self.picture_id, Numbering::Last(shape.picture_id));
        let Numbering::Last(last) = last else {
            self.pictures_received.restart(self.picture);
            if !shape.keyframe {
                self.uppers_received = shape.layered.then(|| self.all_uppers());
            }
            return;
        };
        let skipped = match (last, shape.picture_id) {
            (None, None) => return,
            (Some(last), Some(id)) if id.same_width(last) => id.ahead_of(last),
            _ => 0,
        };
        let skip_max = if shape.layered { VP9_SKIP_MAX } else { 1 };
        if skipped == 0 || skipped > skip_max.saturating_add(self.missing) {
            let reason =
                Reason::IdMoved { from: last.map(PictureId::value), to: shape.picture_id.map(PictureId::value) };
            faults.add(Fault::PictureIdJump, 1, shape.seq, shape.at, reason);
            self.pictures_received.restart(self.picture);
            self.uppers_received = shape.layered.then(|| self.all_uppers());
            return;
        }
        self.picture = self.picture.wrapping_add(u32::from(skipped));
        let listed = shape.references.iter().map(|back| u16::from(*back)).filter(|back| *back > 0);
        self.check_references(shape, listed, Numbers::Pictures, faults);
        self.pictures_received.add(self.picture);
    }

    /// What was sent of upper layers before is not known, and trusted.
    fn all_uppers(&self) -> Box<[Received; SPATIAL_MAX - 1]> {
        let mut all = Received::new();
        all.restart(self.picture);
        Box::new(std::array::from_fn(|_| all.clone()))
    }

    /// A layer frame of a VP9 picture. References to earlier pictures mean the same layer there.
    fn check_layer(&mut self, shape: &Shape, faults: &mut Faults) {
        let Some(current) = &mut self.current else { return };
        let Some(above_base) = usize::from(shape.spatial).checked_sub(1) else {
            current.layers |= 1;
            return;
        };
        let below = current.layers & 1 << above_base != 0;
        current.layers |= 2 << above_base;
        if shape.inter_layer && !below && !self.lost_since_key {
            let reason = Reason::RefersBelow { spatial: shape.spatial };
            faults.add(Fault::MissingReference, 1, shape.seq, shape.at, reason);
        }
        let fresh = || Box::new([const { Received::new() }; SPATIAL_MAX - 1]);
        self.uppers_received.get_or_insert_with(fresh);
        let listed = shape.references.iter().map(|back| u16::from(*back)).filter(|back| *back > 0);
        self.check_references(shape, listed, Numbers::Layer(above_base), faults);
        if let Some(layers) = &mut self.uppers_received {
            layers[above_base].add(self.picture);
        }
    }

    fn check_tl0(&mut self, shape: &Shape, faults: &mut Faults) {
        let last = std::mem::replace(&mut self.tl0, Numbering::Last(shape.tl0));
        let (Numbering::Last(Some(last)), Some(tl0)) = (last, shape.tl0) else {
            return;
        };
        let moved = u16::from(tl0.wrapping_sub(last));
        let due = u16::from(shape.temporal == 0);
        if moved < due || moved > due.saturating_add(self.missing) {
            let reason = Reason::Tl0Moved { from: last, to: tl0, temporal: shape.temporal };
            faults.add(Fault::Tl0Jump, 1, shape.seq, shape.at, reason);
        }
    }

    fn check_frame_number(&mut self, shape: &Shape, descriptor: &dd::Descriptor, faults: &mut Faults) {
        let last = self.frame_number.replace(descriptor.frame_number);
        let by = last.map_or(1, |last| descriptor.frame_number.distance(last));
        if by <= 0 {
            faults.add(Fault::FrameNumberBackwards, 1, shape.seq, shape.at, Reason::NumberMoved { by });
        }
        let number = u32::from(descriptor.frame_number.0);
        if descriptor.structure_attached || by <= 0 || last.is_none() {
            return self.frames_received.restart(number);
        }
        let diffs = descriptor.diffs.as_slice().iter().copied();
        self.check_references(shape, diffs, Numbers::Frames(descriptor.frame_number.0), faults);
        self.frames_received.add(number);
    }

    fn check_references(
        &mut self,
        shape: &Shape,
        mut back: impl Iterator<Item = u16>,
        numbers: Numbers,
        faults: &mut Faults,
    ) {
        if self.lost_since_key {
            return; // the gap is the cause, and it was counted
        }
        let unsent = match numbers {
            Numbers::Pictures => {
                back.find(|back| !self.pictures_received.has(self.picture.wrapping_sub(u32::from(*back)), self.picture))
            }
            Numbers::Layer(above_base) => {
                let Some(layers) = &self.uppers_received else { return };
                back.find(|back| !layers[above_base].has(self.picture.wrapping_sub(u32::from(*back)), self.picture))
            }
            Numbers::Frames(number) => {
                back.find(|back| !self.frames_received.has(u32::from(number.wrapping_sub(*back)), u32::from(number)))
            }
        };
        if let Some(back) = unsent {
            faults.add(Fault::MissingReference, 1, shape.seq, shape.at, Reason::RefersTo { back });
        }
    }
}

#[derive(Clone, Copy)]
enum Numbers {
    Pictures,
    /// Pictures of which this layer above the base was sent.
    Layer(usize),
    Frames(u16),
}

/// Where a packet stands in its frame, in the words of its dependency descriptor if it has one.
struct Edges {
    starts: bool,
    continues: bool,
    open: bool,
    keyframe: bool,
}

impl Edges {
    fn of(shape: &Shape, descriptor: Option<&dd::Descriptor>, unit_open: bool) -> Edges {
        match descriptor {
            Some(dd) => Edges {
                starts: dd.start,
                continues: !dd.start,
                open: !dd.end,
                keyframe: dd.start && dd.structure_attached,
            },
            // Counted as malformed; whatever fits keeps it from being counted twice.
            None if shape.content == Content::Unreadable => {
                Edges { starts: true, continues: unit_open, open: unit_open && !shape.marker, keyframe: false }
            }
            None => {
                Edges { starts: shape.starts, continues: shape.continues, open: shape.open, keyframe: shape.keyframe }
            }
        }
    }
}
