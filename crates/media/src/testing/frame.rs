//! One generated frame, framed for RTP as each codec's payload format wants it.

use crate::codec::{PictureId, vp8};
use crate::testing::rng::Rng;
use crate::testing::sets::{self, HEIGHT, WIDTH};
use crate::testing::tag::TAG_LEN;

/// Smallest frame that leaves every codec room for its headers and a tag.
pub(super) const FRAME_LEN_MIN: usize = 3 * TAG_LEN;

/// A payload, and whether its end has room for a tag.
pub(super) struct Packed {
    pub bytes: Vec<u8>,
    pub taggable: bool,
}

impl Packed {
    fn tagged(bytes: Vec<u8>) -> Packed {
        Packed { bytes, taggable: true }
    }

    fn bare(bytes: Vec<u8>) -> Packed {
        Packed { bytes, taggable: false }
    }
}

/// `len` bytes of frame that begin with `header`.
fn body(header: &[u8], len: usize, rng: &mut Rng) -> Vec<u8> {
    let mut body = header.to_vec();
    body.resize(len.max(FRAME_LEN_MIN), 0);
    rng.fill(&mut body[header.len()..]);
    body
}

/// Pieces of nearly equal length, none longer than `room`: encoders avoid a small last packet.
fn pieces(body: &[u8], room: usize) -> impl Iterator<Item = (Ends, &[u8])> {
    let count = body.len().div_ceil(room);
    (0..count).map(move |i| {
        let (from, to) = (body.len() * i / count, body.len() * (i + 1) / count);
        (Ends { first: i == 0, last: i + 1 == count }, &body[from..to])
    })
}

/// Which ends of the frame a piece holds.
struct Ends {
    first: bool,
    last: bool,
}

pub(super) fn vp8(key: bool, len: usize, room: usize, numbers: vp8::Descriptor, rng: &mut Rng) -> Vec<Packed> {
    let first_partition = (len as u32 / 4) << 5;
    let tag = (first_partition | 0x10 | u32::from(!key)).to_le_bytes(); // shown, version 0
    let mut header = tag[..3].to_vec();
    if key {
        header.extend_from_slice(&[0x9d, 0x01, 0x2a]);
        header.extend_from_slice(&WIDTH.to_le_bytes());
        header.extend_from_slice(&HEIGHT.to_le_bytes());
    }
    let frame = body(&header, len, rng);
    let packet = |(ends, piece): (Ends, &[u8])| {
        let mut bytes = vec![0; numbers.encoded_len()];
        vp8::Descriptor { partition_start: ends.first, ..numbers }.write(&mut bytes);
        bytes.extend_from_slice(piece);
        Packed::tagged(bytes)
    };
    pieces(&frame, room - numbers.encoded_len()).map(packet).collect()
}

/// What a VP9 layer frame's descriptor says.
pub(super) struct Vp9 {
    pub key: bool,
    pub picture_id: u16,
    pub tl0: u8,
    pub temporal: u8,
    pub switching_up: bool,
    pub spatial: u8,
    pub spatial_layers: u8,
    /// Predicted from the layer below, and used to predict the layer above, in its picture.
    pub from_below: bool,
    pub for_above: bool,
    /// How many pictures back the reference lies, for flexible mode.
    pub flexible_reference: Option<u8>,
}

/// Longest VP9 descriptor made here: 13 bytes and 4 per spatial layer.
const VP9_DESCRIPTOR_LEN_MAX: usize = 13 + 4 * 3;

pub(super) fn vp9(frame: &Vp9, len: usize, room: usize, rng: &mut Rng) -> Vec<Packed> {
    // Marker 2, profile 0, shown; then the sync code of a key frame. Upper layers of a key picture are predicted.
    let header: &[u8] = if frame.key && frame.spatial == 0 { &[0x82, 0x49, 0x83, 0x42] } else { &[0x86] };
    let body = body(header, len, rng);
    pieces(&body, room - VP9_DESCRIPTOR_LEN_MAX)
        .map(|(ends, piece)| {
            let mut bytes = vp9_descriptor(frame, &ends);
            bytes.extend_from_slice(piece);
            Packed::tagged(bytes)
        })
        .collect()
}

fn vp9_descriptor(frame: &Vp9, ends: &Ends) -> Vec<u8> {
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let structure = frame.key && frame.spatial == 0 && ends.first;
    let flexible = frame.flexible_reference.is_some();
    let mut bytes = vec![
        0xa0 | flag(!frame.key, 0x40)
            | flag(flexible, 0x10)
            | flag(ends.first, 0x08)
            | flag(ends.last, 0x04)
            | flag(structure, 0x02)
            | flag(!frame.for_above, 0x01),
        0x80 | (frame.picture_id >> 8) as u8,
        frame.picture_id as u8,
        frame.temporal << 5 | flag(frame.switching_up, 0x10) | frame.spatial << 1 | flag(frame.from_below, 1),
    ];
    match frame.flexible_reference {
        None => bytes.push(frame.tl0),
        Some(reference) if !frame.key => bytes.push(reference << 1),
        Some(_) => {}
    }
    if structure {
        bytes.push((frame.spatial_layers - 1) << 5 | 0x10 | flag(!flexible, 0x08));
        for below_top in (0..frame.spatial_layers).rev() {
            bytes.extend_from_slice(&(WIDTH >> below_top).to_be_bytes());
            bytes.extend_from_slice(&(HEIGHT >> below_top).to_be_bytes());
        }
        if !flexible {
            bytes.extend_from_slice(&[1, 0x04, 1]); // a group of one picture that refers to the one before
        }
    }
    bytes
}

/// How H.264 and H.265 send their parameter sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterSets {
    /// In one aggregation packet, as libwebrtc does.
    Aggregated,
    /// In a packet each, as many hardware encoders and ffmpeg do. These packets are too short for a tag.
    Single,
}

pub(super) fn h264(
    key: bool,
    discardable: bool,
    len: usize,
    room: usize,
    sets: ParameterSets,
    rng: &mut Rng,
) -> Vec<Packed> {
    let mut packets = Vec::new();
    if key {
        let units = [sets::h264_sps(), sets::h264_pps()];
        packets = parameter_sets(units.to_vec(), sets, &[0x78], &[0x06]);
    }
    // IDR, I slices; or P slices with or without anything referring to them.
    let (header, slice): (u8, &[u8]) = match (key, discardable) {
        (true, _) => (0x65, &[0x88, 0x84]),
        (false, false) => (0x41, &[0x9a]),
        (false, true) => (0x01, &[0x9a]),
    };
    let slice = body(slice, len, rng);
    if slice.len() < room {
        packets.push(Packed::tagged([&[header], &slice[..]].concat()));
        return packets;
    }
    for (ends, piece) in pieces(&slice, room - 2) {
        let fu = u8::from(ends.first) << 7 | u8::from(ends.last) << 6 | header & 0x1f;
        packets.push(Packed::tagged([&[header & 0x60 | 28, fu], piece].concat()));
    }
    packets
}

pub(super) fn h265(
    key: bool,
    temporal: u8,
    discardable: bool,
    len: usize,
    room: usize,
    sets: ParameterSets,
    rng: &mut Rng,
) -> Vec<Packed> {
    let mut packets = Vec::new();
    if key {
        let units = [sets::h265_vps(), sets::h265_sps(), sets::h265_pps()];
        packets = parameter_sets(units.to_vec(), sets, &[48 << 1, 1], &[39 << 1, 1]);
    }
    let kind: u8 = match (key, temporal, discardable) {
        (true, ..) => 19,
        (false, _, true) => 0,
        (false, ..) => 1,
    };
    // First slice of its picture, PPS 0; a random access picture says in between whether to show those before it.
    let slice = body(if key { &[0xaf] } else { &[0xcf] }, len, rng);
    if slice.len() + 2 <= room {
        packets.push(Packed::tagged([&[kind << 1, temporal + 1], &slice[..]].concat()));
        return packets;
    }
    for (ends, piece) in pieces(&slice, room - 3) {
        let fu = u8::from(ends.first) << 7 | u8::from(ends.last) << 6 | kind;
        packets.push(Packed::tagged([&[49 << 1, temporal + 1, fu], piece].concat()));
    }
    packets
}

/// Supplemental information in front of the tag: type 5, its size, and 16 bytes that name whose it is.
const SUPPLEMENT: [u8; 18] = {
    let mut bytes = [0xb7; 18];
    bytes[0] = 5;
    bytes[1] = 16 + TAG_LEN as u8 - 1;
    bytes
};

fn parameter_sets(mut units: Vec<Vec<u8>>, sets: ParameterSets, aggregate: &[u8], sei: &[u8]) -> Vec<Packed> {
    if sets == ParameterSets::Single {
        return units.into_iter().map(Packed::bare).collect();
    }
    units.push([sei, &SUPPLEMENT, &[0x80; TAG_LEN]].concat());
    let mut bytes = aggregate.to_vec();
    for unit in units {
        bytes.extend_from_slice(&(unit.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&unit);
    }
    vec![Packed::tagged(bytes)]
}

pub(super) fn av1(key: bool, temporal: u8, spatial: u8, len: usize, room: usize, rng: &mut Rng) -> Vec<Packed> {
    // Upper layers of a key picture are predicted.
    let key = key && spatial == 0;
    // A frame OBU with layer ids and no size; then show_existing_frame, frame type, shown.
    let frame = body(&[0x34, temporal << 5 | spatial << 3, if key { 0x10 } else { 0x30 }], len, rng);
    let sequence_header = sets::av1_sequence_header();
    let in_front = if key { 1 + sequence_header.len() } else { 0 };
    pieces(&frame, room - 1 - in_front)
        .map(|(ends, piece)| {
            let elements = if key && ends.first { 2 } else { 1 };
            let mut bytes = vec![u8::from(!ends.first) << 7 | u8::from(!ends.last) << 6 | elements << 4];
            if key && ends.first {
                bytes[0] |= 0x08;
                bytes.push(sequence_header.len() as u8);
                bytes.extend_from_slice(&sequence_header);
            }
            bytes.extend_from_slice(piece);
            Packed::tagged(bytes)
        })
        .collect()
}

/// 20 ms of fullband stereo.
pub(super) fn opus(len: usize, rng: &mut Rng) -> Packed {
    Packed::tagged(body(&[0xfc], len, rng))
}

pub(super) fn vp8_numbers(
    picture_id: u16,
    tl0: u8,
    keyidx: u8,
    layer: vp8::Layer,
    discardable: bool,
) -> vp8::Descriptor {
    vp8::Descriptor {
        non_reference: discardable,
        picture_id: Some(PictureId::Bits15(picture_id & 0x7fff)),
        tl0: Some(tl0),
        layer: Some(layer),
        keyidx: Some(keyidx & 0x1f),
        ..vp8::Descriptor::default()
    }
}
