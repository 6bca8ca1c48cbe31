//! Streams that look real: seeded, endless, framed as each codec's payload format wants it, and marked.
//!
//! For simulation, load tests and our own tests. Pictures are noise behind valid headers: everything a server, a
//! depacketizer or [`crate::check`] looks at is right, but a decoder would show snow. Each payload ends in a [`Tag`]. Where
//! a real decoder is to show something, [`Drawn`] is the source.

mod drawn;
mod frame;
mod layers;
mod pcap;
mod rng;
mod sets;
mod tag;

pub use drawn::Drawn;
pub use frame::ParameterSets;
pub use layers::{Layer, Prediction};
#[cfg(test)]
pub(crate) use pcap::ip_packet;
pub use pcap::{Pcap, rtp};
pub use rng::Rng;
pub use tag::{TAG_LEN, Tag, read_tag, tag_is_intact};

use std::time::Duration;

use crate::codec::vp8;
use crate::dd::Structure;
use crate::{Codec, Kind, RtpTime, Seq};
use frame::{FRAME_LEN_MIN, Packed};
use layers::{Layers, Place};

/// Leaves room in 1,200 bytes, libwebrtc's packet size, for an RTP header with extensions.
const PAYLOAD_LEN_MAX: usize = 1_150;
/// Audio frames per second, 20 ms each as browsers send them.
const AUDIO_FPS: u32 = 50;
const AUDIO_KBPS: u32 = 48;
/// How much larger than an average frame a key frame is; real encoders give it 4 to 10 times.
const KEY_FRAME_WEIGHT: u64 = 6;
/// A key frame's excess is saved over this many frames after it.
const REPAY_FRAMES: i64 = 15;

/// One packet's worth of stream. The caller adds sequence numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    pub payload: Vec<u8>,
    pub marker: bool,
    pub time: RtpTime,
    /// The packet is part of a key picture.
    pub keyframe: bool,
    pub layer: Layer,
    /// Dependency descriptor, where the stream has them.
    pub dd: Option<Vec<u8>>,
}

/// A stream from a seed.
#[derive(Debug, Clone)]
pub struct Source {
    codec: Codec,
    stream: u32,
    fps: u32,
    frame_len: u64,
    keyframe_interval: u64,
    payload_max: usize,
    layers: Layers,
    flexible: bool,
    parameter_sets: ParameterSets,
    structure: Option<Structure>,
    rng: Rng,
    start: RtpTime,
    frames: u64,
    since_key: Option<u64>,
    key_wanted: bool,
    /// Bytes sent above the rate, to be saved on frames to come.
    debt: i64,
    packets: u64,
    picture_id: u16,
    tl0: u8,
    keyidx: u8,
    frame_number: Seq,
}

impl Source {
    /// A video stream whose first frame is a key frame, as is every `keyframe_interval_frames`-th after it; 0 means only
    /// when asked. `stream` is told by every payload's tag.
    pub fn video(codec: Codec, kbps: u32, fps: u32, keyframe_interval_frames: u32, stream: u32, seed: u64) -> Source {
        let mut source = Source::new(codec, kbps, fps.max(1), stream, seed);
        source.keyframe_interval = u64::from(keyframe_interval_frames);
        if codec == Codec::Av1 {
            source = source.with_descriptors();
        }
        source
    }

    /// An Opus stream of 20 ms packets, seeded by its number.
    pub fn audio(stream: u32) -> Source {
        Source::new(Codec::Opus, AUDIO_KBPS, AUDIO_FPS, stream, u64::from(stream))
    }

    fn new(codec: Codec, kbps: u32, fps: u32, stream: u32, seed: u64) -> Source {
        let mut rng = Rng::new(seed);
        let start = RtpTime(rng.word() as u32);
        let (picture_id, tl0) = (rng.word() as u16 & 0x7fff, rng.word() as u8);
        let frame_number = Seq(rng.word() as u16);
        Source {
            codec,
            stream,
            fps,
            frame_len: u64::from(kbps) * 125 / u64::from(fps),
            keyframe_interval: 0,
            payload_max: PAYLOAD_LEN_MAX,
            layers: Layers { spatial: 1, temporal: 1, prediction: Prediction::Always },
            flexible: false,
            parameter_sets: ParameterSets::Aggregated,
            structure: None,
            rng,
            start,
            frames: 0,
            since_key: None,
            key_wanted: false,
            debt: 0,
            packets: 0,
            picture_id,
            tl0,
            keyidx: 0,
            frame_number,
        }
    }

    /// Longest payload, at least 200 bytes.
    pub fn with_payload_max(self, payload_max: usize) -> Source {
        Source { payload_max: payload_max.max(200), ..self }
    }

    /// 1 to 3 temporal layers (0; 0 1 0 1; 0 2 1 2), for video.
    pub fn with_temporal_layers(self, temporal_layers: u8) -> Source {
        let temporal = temporal_layers.clamp(1, 3);
        self.with_layers(|layers| Layers { temporal, ..layers })
    }

    /// 1 to 3 spatial layers, for VP9 and AV1.
    pub fn with_spatial_layers(self, spatial_layers: u8) -> Source {
        let spatial = if matches!(self.codec, Codec::Vp9 | Codec::Av1) { spatial_layers.clamp(1, 3) } else { 1 };
        self.with_layers(|layers| Layers { spatial, ..layers })
    }

    /// How spatial layers depend on each other; always unless said otherwise.
    pub fn with_prediction(self, prediction: Prediction) -> Source {
        self.with_layers(|layers| Layers { prediction, ..layers })
    }

    fn with_layers(self, change: impl Fn(Layers) -> Layers) -> Source {
        let source = Source { layers: change(self.layers), ..self };
        if source.structure.is_some() { source.with_descriptors() } else { source }
    }

    /// VP9 in flexible mode: references listed in each packet, no tl0.
    pub fn flexible(self) -> Source {
        Source { flexible: true, ..self }
    }

    /// How H.264 and H.265 send parameter sets; aggregated unless said otherwise.
    pub fn with_parameter_sets(self, parameter_sets: ParameterSets) -> Source {
        Source { parameter_sets, ..self }
    }

    /// Dependency descriptors beside the payload. AV1 has them anyway.
    pub fn with_descriptors(self) -> Source {
        Source { structure: Some(self.layers.structure()), ..self }
    }

    /// AV1 without dependency descriptors, as from a sender that did not negotiate them.
    pub fn without_descriptors(self) -> Source {
        Source { structure: None, ..self }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    pub fn stream(&self) -> u32 {
        self.stream
    }

    /// When frame `n` (from 0) is due after frame 0.
    pub fn due(&self, n: u64) -> Duration {
        Duration::from_nanos(n * 1_000_000_000 / u64::from(self.fps))
    }

    /// How many frames there were so far: the number of the next one.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Makes the next frame a key frame, as a PLI does.
    pub fn request_keyframe(&mut self) {
        self.key_wanted = true;
    }

    /// The packets of the next frame.
    pub fn next_frame(&mut self) -> Vec<Generated> {
        let time = self.time_of(self.frames);
        self.frames += 1;
        match self.codec.kind() {
            Kind::Audio => self.audio_frame(time),
            Kind::Video => self.video_frame(time),
        }
    }

    fn audio_frame(&mut self, time: RtpTime) -> Vec<Generated> {
        let len = self.frame_len - self.frame_len / 8 + self.rng.below(self.frame_len / 4);
        let packet = frame::opus(len as usize, &mut self.rng);
        // The marker says that a talkspurt begins (RFC 7587 §4.1): here, at the start.
        let marker = self.frames == 1;
        let layer = Layer { spatial: 0, temporal: 0, from: None, from_below: false };
        vec![Generated { payload: self.tagged(packet), marker, time, keyframe: false, layer, dd: None }]
    }

    fn video_frame(&mut self, time: RtpTime) -> Vec<Generated> {
        let position = self.since_key.map_or(0, |since| since + 1);
        let due = self.keyframe_interval != 0 && position >= self.keyframe_interval;
        let wanted = std::mem::take(&mut self.key_wanted);
        let key = self.since_key.is_none() || due || wanted;
        let position = if key { 0 } else { position };
        self.since_key = Some(position);
        let place = layers::place(self.layers.temporal, position);
        self.advance_numbers(key, place);
        let len = self.next_frame_len(key);
        let mut generated = Vec::new();
        for spatial in 0..self.layers.spatial {
            self.frame_number = self.frame_number.next();
            let from = (!key).then(|| self.time_of(self.frames - 1 - u64::from(place.reference)));
            let from_below = self.layers.needs_below(key, spatial);
            let layer = Layer { spatial, temporal: place.temporal, from, from_below };
            let share = (len as u64 * self.layers.share(spatial) / 100).max(FRAME_LEN_MIN as u64);
            let packets = self.packets_of(key, place, layer, share as usize);
            let count = packets.len();
            for (i, packet) in packets.into_iter().enumerate() {
                let (first, last) = (i == 0, i + 1 == count);
                let dd = self.descriptor(key, place, spatial, first, last);
                let marker = last && spatial + 1 == self.layers.spatial;
                generated.push(Generated { payload: self.tagged(packet), marker, time, keyframe: key, layer, dd });
            }
        }
        generated
    }

    /// The timestamp of frame `n`.
    fn time_of(&self, n: u64) -> RtpTime {
        self.start.plus((n * u64::from(self.codec.clock_rate()) / u64::from(self.fps)) as u32)
    }

    fn advance_numbers(&mut self, key: bool, place: Place) {
        self.picture_id = (self.picture_id + 1) & 0x7fff;
        if place.temporal == 0 {
            self.tl0 = self.tl0.wrapping_add(1);
        }
        if key {
            self.keyidx = (self.keyidx + 1) & 0x1f;
        }
    }

    /// Around the average, key frames above it, and what they took repaid by the frames after.
    fn next_frame_len(&mut self, key: bool) -> usize {
        let average = self.frame_len;
        let noisy = average * (75 + self.rng.below(51)) / 100;
        let len = if key {
            noisy * KEY_FRAME_WEIGHT
        } else {
            noisy.saturating_add_signed(-self.debt / REPAY_FRAMES).clamp(average / 4, average * 3)
        };
        self.debt += len as i64 - average as i64;
        (len as usize).max(FRAME_LEN_MIN)
    }

    fn packets_of(&mut self, key: bool, place: Place, frame: Layer, len: usize) -> Vec<Packed> {
        let room = self.payload_max;
        let are_due = self.parameter_sets != ParameterSets::Once || self.frames == 1;
        let sets = are_due.then_some(self.parameter_sets);
        let rng = &mut self.rng;
        match self.codec {
            Codec::Vp8 => {
                let layer = vp8::Layer { temporal: place.temporal, sync: place.sync };
                let numbers = frame::vp8_numbers(self.picture_id, self.tl0, self.keyidx, layer, place.discardable);
                frame::vp8(key, len, room, numbers, rng)
            }
            Codec::Vp9 => {
                let layer = frame::Vp9 {
                    key,
                    picture_id: self.picture_id,
                    tl0: self.tl0,
                    temporal: place.temporal,
                    switching_up: place.sync,
                    spatial: frame.spatial,
                    spatial_layers: self.layers.spatial,
                    from_below: frame.from_below,
                    for_above: frame.spatial + 1 < self.layers.spatial
                        && self.layers.needs_below(key, frame.spatial + 1),
                    flexible_reference: self.flexible.then_some(place.reference as u8),
                };
                frame::vp9(&layer, len, room, rng)
            }
            Codec::H264 => frame::h264(key, place.discardable, len, room, sets, rng),
            Codec::H265 => frame::h265(key, place.temporal, place.discardable, len, room, sets, rng),
            Codec::Av1 => frame::av1(key, place.temporal, frame.spatial, len, room, rng),
            Codec::Opus => vec![frame::opus(len, rng)],
        }
    }

    fn descriptor(&self, key: bool, place: Place, spatial: u8, first: bool, last: bool) -> Option<Vec<u8>> {
        let structure = self.structure.as_ref()?;
        let mut descriptor = self.layers.descriptor(structure, key, place, spatial, self.frame_number);
        descriptor.start = first;
        descriptor.end = last;
        descriptor.structure_attached &= first;
        let mut bytes = Vec::new();
        descriptor.encode(structure, &mut bytes);
        Some(bytes)
    }

    fn tagged(&mut self, mut packet: Packed) -> Vec<u8> {
        if packet.taggable {
            tag::write_tag(self.codec, &mut packet.bytes, self.stream, self.packets);
            self.packets += 1;
        }
        packet.bytes
    }
}

#[cfg(test)]
mod tests;
