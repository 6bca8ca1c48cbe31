//! What fuzzers call: one function per parser of outside bytes. Each reads, writes back what it can, and asserts what must
//! hold of anything that was read.

use crate::codec::{vp8, vp9};
use crate::ext::layers::Allocation;
use crate::{
    Codec, Header, Packet, annexb, assemble, capture, check, clip, codec, dd, ext, ogg, packetise, red, testing,
};

use std::time::Duration;

pub fn fuzz_rtp(data: &[u8]) {
    let Ok(packet) = Packet::parse(data) else { return };
    let total = packet.header_len() + packet.payload.len() + usize::from(packet.padding);
    assert_eq!(total, data.len(), "every byte of a packet belongs to one part of it");
    let mut out = [0; 12];
    assert_eq!(packet.header.write(&ext::Writer::new(), &mut out), Ok(12));
    let again = Packet::parse(&out).map(|packet| packet.header);
    assert_eq!(again, Ok(packet.header));
    for codec in Codec::ALL {
        push_to_checker(codec, &[(packet.header, packet.payload, None)]);
    }
}

pub fn fuzz_ext(data: &[u8]) {
    let map = ext::Kind::ALL.into_iter().zip(1..).fold(ext::Map::new(), |map, (kind, id)| map.with(kind, id));
    for form in [ext::Form::OneByte, ext::Form::TwoByte, ext::Form::Other(7)] {
        let block = ext::Block::new(form, data);
        let values = ext::Values::read(block, &map);
        if let Some(bytes) = values.layers_allocation {
            fuzz_allocation(bytes);
        }
        let mut writer = ext::Writer::new();
        let kept: Vec<_> = block.elements().filter(|(id, data)| writer.push(*id, data)).collect();
        let header =
            Header { marker: false, payload_type: 0, seq: Default::default(), time: Default::default(), ssrc: 0 };
        let mut out = vec![0; 12 + writer.encoded_len()];
        header.write(&writer, &mut out).expect("the room was asked for");
        let packet = Packet::parse(&out).expect("we wrote it");
        let again: Vec<_> = packet.extension.into_iter().flat_map(|block| block.elements()).collect();
        assert_eq!(again, kept);
    }
    fuzz_allocation(data);
}

fn fuzz_allocation(bytes: &[u8]) {
    let Ok(allocation) = Allocation::parse(bytes) else { return };
    let mut written = Vec::new();
    allocation.encode(&mut written);
    let again = Allocation::parse(&written).expect("we wrote it");
    assert_eq!(again.layers(), allocation.layers());
}

/// Descriptors of one stream, each with its length in front.
pub fn fuzz_dd(data: &[u8]) {
    let mut parser = dd::Parser::new();
    for bytes in length_prefixed(data) {
        let Ok(descriptor) = parser.parse(bytes) else { continue };
        let structure = parser.structure().expect("a descriptor was read through it").clone();
        let mut written = Vec::new();
        descriptor.encode(&structure, &mut written);
        assert_eq!(parser.clone().parse(&written), Ok(descriptor));
        let (spatial, temporal) = (descriptor.spatial, descriptor.temporal);
        assert_ne!(dd::layers_bit(spatial, temporal), 0, "a frame is of a layer that a viewer can be given");
        assert!(descriptor.opens(&structure).count_ones() <= u32::from(structure.targets));
        for codec in Codec::ALL {
            codec::facts(codec, bytes, true, Some(&descriptor));
        }
    }
    let header = |n: usize| Header {
        marker: n.is_multiple_of(3),
        payload_type: 96,
        seq: crate::Seq(n as u16),
        time: crate::RtpTime((n / 3) as u32),
        ssrc: 1,
    };
    let packets: Vec<_> =
        length_prefixed(data).enumerate().map(|(n, bytes)| (header(n), &b"sealed"[..], Some(bytes))).collect();
    push_to_checker(Codec::Av1, &packets);
}

pub fn fuzz_vp8(data: &[u8]) {
    fuzz_payload(Codec::Vp8, data);
    let mut payload = data.to_vec();
    let numbers = vp8::Numbers { picture_id: 0x1234, tl0: 5, keyidx: 6 };
    let read = vp8::Descriptor::parse(data);
    assert_eq!(vp8::rewrite(&mut payload, numbers), read.is_some());
    let Some((before, media)) = read else { return };
    let (after, same) = vp8::Descriptor::parse(&payload).expect("rewriting keeps the layout");
    assert_eq!((same, after.layer), (media, before.layer));
    assert_eq!(after.tl0.is_some(), before.tl0.is_some());
    let mut out = [0; vp8::DESCRIPTOR_LEN_MAX];
    let len = before.write(&mut out).expect("there is room for the longest");
    assert_eq!(vp8::Descriptor::parse(&out[..len]), Some((before, &[][..])));
}

pub fn fuzz_vp9(data: &[u8]) {
    fuzz_payload(Codec::Vp9, data);
    let mut payload = data.to_vec();
    let read = vp9::Descriptor::parse(data);
    assert_eq!(vp9::rewrite(&mut payload, vp9::Numbers { picture_id: 0x1234, tl0: 5 }), read.is_some());
    let Some((before, media)) = read else { return };
    let (after, same) = vp9::Descriptor::parse(&payload).expect("rewriting keeps the layout");
    assert_eq!((same, after.layer, after.scalability), (media, before.layer, before.scalability));
}

pub fn fuzz_h264(data: &[u8]) {
    fuzz_payload(Codec::H264, data);
}

/// A byte stream, cut into packets: each can be read, and together they hold every slice. The clip reads its parameter sets.
pub fn fuzz_annexb(data: &[u8]) {
    let units: Vec<_> = annexb::Units::new(data).collect();
    assert!(annexb::Units::new(&annexb::join(units.iter().copied())).eq(units.iter().copied()));
    let pictures: Vec<_> = annexb::Pictures::new(data).collect();
    assert_eq!(pictures.concat(), units, "every unit is of one picture");
    for picture in &pictures {
        let payloads = packetise::h264::packetise(picture, 100);
        assert!(payloads.iter().all(|payload| payload.len() <= 100));
        let slices: usize = picture.iter().filter(|unit| annexb::is_slice(unit)).map(|unit| unit.len()).sum();
        assert!(
            payloads.iter().map(Vec::len).sum::<usize>() + payloads.len() >= slices,
            "nothing of a picture is lost"
        );
        for payload in &payloads {
            codec::h264::fmtp(payload);
        }
        let later = picture.iter().filter(|unit| annexb::shows_later_first(unit)).count();
        assert!(later <= picture.len());
    }
    let frames =
        pictures.iter().take(clip::coded::FRAMES_MAX).map(|units| (9_000, annexb::join(units.iter().copied())));
    let Ok(reel) = clip::Reel::new(Codec::H264, frames.collect()) else { return };
    assert!(!reel.frames().is_empty());
}

/// Payloads, each with its length and how it came in front: out of its place by so much, of this time, with the marker.
pub fn fuzz_assemble(data: &[u8]) {
    let (mut assembler, mut out) = (assemble::Assembler::default(), Vec::new());
    let mut pushed = 0;
    for bytes in length_prefixed(data) {
        let Some((how, payload)) = bytes.split_first() else { continue };
        let (seq, time) = (1000 + (pushed ^ u64::from(how & 7)), u32::from(how >> 3 & 7));
        assembler.push(assemble::Part { seq, time, marker: how & 0x80 != 0, payload }, &mut out);
        pushed += 1;
    }
    let counts = assembler.finish(&mut out);
    // A start code takes four bytes; a unit has taken one of a packet's, and as many as its length in an aggregate.
    assert!(out.len() <= 2 * data.len());
    assert!(counts.late <= pushed && counts.missing <= pushed + 7);
    assert!(counts.pictures <= annexb::Units::new(&out).filter(|unit| annexb::is_first_slice(unit)).count() as u64);
}

pub fn fuzz_ogg(data: &[u8]) {
    let total: usize = ogg::OpusPackets::new(data).flatten().map(|packet| packet.len()).sum();
    assert!(total <= data.len());
}

pub fn fuzz_h265(data: &[u8]) {
    fuzz_payload(Codec::H265, data);
}

pub fn fuzz_av1(data: &[u8]) {
    fuzz_payload(Codec::Av1, data);
}

pub fn fuzz_opus(data: &[u8]) {
    fuzz_payload(Codec::Opus, data);
}

pub fn fuzz_red(data: &[u8]) {
    let mut payload = data.to_vec();
    let Some(red) = red::Red::parse(data) else {
        return assert!(!red::rewrite(&mut payload, 96) && payload == data, "what is refused stays as it is");
    };
    let ends = |block: &red::Block| (usize::from(block.at), usize::from(block.at) + usize::from(block.len));
    let (first, _) = ends(&red.blocks()[0]);
    let end = red.blocks().iter().map(ends).fold(first, |end, (at, next)| {
        assert_eq!(at, end, "blocks lie one behind the other");
        next
    });
    assert_eq!(end, data.len(), "and the primary ends the packet");
    assert!(red.primary().len > 0 && red.blocks().len() <= red::BLOCKS_MAX);
    assert!(red::rewrite(&mut payload, 96));
    assert_eq!(payload[first..], data[first..]);
    let again = red::Red::parse(&payload).expect("rewriting keeps the layout");
    let renamed: Vec<_> = red.blocks().iter().map(|block| red::Block { payload_type: 96, ..*block }).collect();
    assert_eq!(again.blocks(), renamed);
}

pub fn fuzz_capture(data: &[u8]) {
    let options = capture::Options { packets_min: 1, ..capture::Options::default() };
    if let Ok(reports) = capture::check(data, &options) {
        let packets: u64 = reports.iter().map(|found| found.report.packets).sum();
        // Twelve bytes of header per packet at least; a repaired packet may count twice.
        assert!(packets * 12 <= 2 * data.len() as u64);
    }
}

pub fn fuzz_clip(data: &[u8]) {
    let Ok(coded) = clip::Coded::read(data) else { return };
    assert_eq!(clip::Coded::read(&coded.write()).as_ref(), Ok(&coded), "what we write, we read");
    let ready = clip::Clip::from(&coded);
    for reel in [&coded.h264, &coded.vp8] {
        let track = ready.track(reel.codec).expect("a clip has both codecs");
        assert!(track.frame(0).keyframe && track.ticks() <= clip::coded::LOOP_TICKS_MAX);
        for frame in track.frames() {
            assert!(!frame.payloads.is_empty());
            assert!(frame.payloads.iter().all(|payload| payload.len() <= clip::PAYLOAD_LEN_MAX));
        }
    }
}

pub fn fuzz_ivf(data: &[u8]) {
    let Ok(frames) = clip::ivf::frames(data) else { return };
    let written = clip::ivf::write(64, 40, frames.iter().map(|frame| (0, *frame)));
    assert_eq!(written.len(), data.len());
    assert_eq!(clip::ivf::frames(&written), Ok(frames));
}

/// The whole as one payload, and as payloads of a stream, each with its length in front.
fn fuzz_payload(codec: Codec, data: &[u8]) {
    for marker in [false, true] {
        let facts = codec::facts(codec, data, marker, None);
        assert!(
            !facts.keyframe || codec::facts(codec, data, !marker, None).keyframe,
            "the marker ends, it begins nothing"
        );
    }
    let (mut units, mut again) = (Vec::new(), Vec::new());
    codec::sets::each(codec, data, |_, unit| units.push(unit.to_vec()));
    let slices: Vec<_> = units.iter().map(Vec::as_slice).collect();
    if let Some(payload) = codec::sets::aggregate(codec, &slices, 1_100) {
        codec::sets::each(codec, &payload, |_, unit| again.push(unit.to_vec()));
        assert_eq!(again, units);
    }
    assert!(testing::read_tag(codec, data).is_some() || !testing::tag_is_intact(codec, data));
    let header = |n: usize, payload: &[u8]| Header {
        marker: payload.len().is_multiple_of(2),
        payload_type: 96,
        seq: crate::Seq(n as u16 ^ (payload.len() as u16 & 3)),
        time: crate::RtpTime((n / 2) as u32),
        ssrc: 1,
    };
    let packets: Vec<_> =
        length_prefixed(data).enumerate().map(|(n, payload)| (header(n, payload), payload, None)).collect();
    push_to_checker(codec, &packets);
}

/// Header, payload, dependency descriptor.
type Sent<'a> = (Header, &'a [u8], Option<&'a [u8]>);

fn push_to_checker(codec: Codec, packets: &[Sent<'_>]) {
    let mut checker = check::Checker::new(codec);
    for (n, (header, payload, dd)) in packets.iter().enumerate() {
        let Header { seq, time, marker, .. } = *header;
        checker.push(Duration::from_millis(n as u64), &check::View { seq, time, marker, payload, dd: *dd });
    }
    let report = checker.finish();
    assert_eq!(report.packets, packets.len() as u64);
    assert!(report.frames <= report.packets && report.keyframes <= report.frames);
}

fn length_prefixed(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (len, tail) = rest.split_first()?;
        let (bytes, tail) = tail.split_at(tail.len().min(usize::from(*len)));
        rest = tail;
        Some(bytes)
    })
}

#[cfg(test)]
mod tests;
