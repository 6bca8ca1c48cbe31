use super::file::ByteOrder;
use super::*;
use crate::check::Fault;
use crate::testing::{Pcap, Source, ip_packet, rtp};
use crate::{Kind, Packet, Seq};

use std::time::Duration;

const SSRC: u32 = 0x1234;

fn addresses() -> (SocketAddr, SocketAddr) {
    ("192.0.2.1:5000".parse().unwrap(), "192.0.2.2:6000".parse().unwrap())
}

/// Datagrams of a stream and their times, numbered across the wrap.
fn stream(source: &mut Source, frames: usize, extensions: &ext::Map) -> Vec<(Duration, Vec<u8>)> {
    let mut seq = Seq(65_530);
    let mut datagrams = Vec::new();
    for _ in 0..frames {
        // In whole milliseconds, which every format can tell.
        let at = Duration::from_millis(1_000_000 + source.due(source.frames()).as_millis() as u64);
        for packet in source.next_frame() {
            let mut writer = ext::Writer::new();
            if let Some(dd) = &packet.dd {
                writer.push_kind(extensions, ext::Kind::DependencyDescriptor, dd);
            }
            datagrams.push((at, rtp(&packet, 96, seq, SSRC, &writer)));
            seq = seq.next();
        }
    }
    datagrams
}

fn pcap(datagrams: &[(Duration, Vec<u8>)]) -> Vec<u8> {
    let (source, destination) = addresses();
    let mut pcap = Pcap::new();
    datagrams.iter().for_each(|(at, datagram)| pcap.udp(*at, source, destination, datagram));
    pcap.as_bytes().to_vec()
}

fn vp8() -> Vec<(Duration, Vec<u8>)> {
    stream(&mut Source::video(Codec::Vp8, 500, 30, 30, 1, 3), 60, &ext::Map::new())
}

fn check_one(bytes: &[u8]) -> StreamReport {
    let mut reports = check(bytes, &Options::default()).unwrap();
    assert_eq!(reports.len(), 1, "{reports:?}");
    reports.remove(0)
}

#[test]
fn a_clean_stream_of_every_codec_is_recognised_and_clean() {
    for codec in Codec::ALL {
        let mut source = match codec.kind() {
            Kind::Audio => Source::audio(1),
            Kind::Video => Source::video(codec, 500, 30, 30, 1, 3),
        };
        let found = check_one(&pcap(&stream(&mut source, 100, &ext::Map::new())));
        assert_eq!(found.content, Content::Guessed(codec));
        assert!(found.report.is_clean(), "{codec}: {:?}", found.report.verdicts);
        assert_eq!((found.ssrc, found.payload_types.as_slice(), found.report.frames), (SSRC, &[96][..], 100));
        assert_eq!((found.source, found.destination), (addresses().0, Some(addresses().1)));
    }
}

#[test]
fn a_stream_that_joined_late_is_recognised_by_its_framing() {
    for codec in [Codec::Vp8, Codec::Vp9, Codec::H264] {
        let mut source = Source::video(codec, 500, 30, 0, 1, 3);
        source.next_frame();
        let found = check_one(&pcap(&stream(&mut source, 100, &ext::Map::new())));
        assert_eq!(found.content, Content::Guessed(codec));
        assert_eq!(found.report.count(Fault::UndecodableStart), 1);
    }
}

#[test]
fn a_lost_packet_in_a_capture_is_told() {
    let mut datagrams = vp8();
    datagrams.remove(50);
    let found = check_one(&pcap(&datagrams));
    assert_eq!(found.report.count(Fault::Gap), 1);
}

#[test]
fn an_encrypted_stream_is_checked_for_its_sequence() {
    let mut rng = crate::testing::Rng::new(4);
    let mut datagrams = vp8();
    for (_, datagram) in &mut datagrams {
        datagram[12..].iter_mut().for_each(|byte| *byte = rng.word() as u8);
    }
    datagrams.remove(50);
    let found = check_one(&pcap(&datagrams));
    assert_eq!(found.content, Content::Unknown);
    assert_eq!(found.report.verdicts.iter().map(|v| v.kind).collect::<Vec<_>>(), [Fault::Gap]);
}

#[test]
fn payload_types_and_descriptors_are_used_when_given() {
    let extensions = ext::Map::new().with(ext::Kind::DependencyDescriptor, 12);
    let mut source = Source::video(Codec::H264, 300, 30, 60, 1, 3).with_temporal_layers(3).with_descriptors();
    let datagrams = stream(&mut source, 40, &extensions);
    let options = Options { payload_types: [(96, Codec::H264)].into(), extensions, ..Options::default() };
    let clean = check(&pcap(&datagrams), &options).unwrap().remove(0);
    assert_eq!(clean.content, Content::Given(Codec::H264));
    assert!(clean.report.is_clean(), "{:?}", clean.report.verdicts);
    // Frame 20 is gone and the numbers go on: only its descriptor's dependents tell.
    let time_of = |datagram: &[u8]| Packet::parse(datagram).unwrap().header.time;
    let mut times: Vec<_> = datagrams.iter().map(|(_, datagram)| time_of(datagram)).collect();
    times.dedup();
    let mut rest: Vec<_> = datagrams.into_iter().filter(|(_, datagram)| time_of(datagram) != times[20]).collect();
    for ((_, datagram), seq) in rest.iter_mut().zip(100u16..) {
        datagram[2..4].copy_from_slice(&seq.to_be_bytes());
    }
    let report = check(&pcap(&rest), &options).unwrap().remove(0).report;
    assert!(report.count(Fault::MissingReference) > 0, "{:?}", report.verdicts);
}

#[test]
fn retransmissions_fill_the_holes_of_the_stream_they_repair() {
    let mut datagrams = vp8();
    let mut repairs = Vec::new();
    for (n, lost) in (40..100).step_by(5).enumerate() {
        let (at, original) = datagrams[lost].clone();
        let packet = Packet::parse(&original).unwrap();
        let header = crate::Header { payload_type: 97, seq: Seq(n as u16), ssrc: SSRC + 1, ..packet.header };
        let mut repair = vec![0; 12];
        header.write(&ext::Writer::new(), &mut repair).unwrap();
        repair.extend_from_slice(&packet.header.seq.0.to_be_bytes());
        repair.extend_from_slice(packet.payload);
        repairs.push((at + Duration::from_millis(70), repair));
    }
    // Every other one was lost, the rest are probes.
    for lost in (40..100).step_by(10).rev() {
        datagrams.remove(lost);
    }
    datagrams.extend(repairs);
    datagrams.sort_by_key(|(at, _)| *at);
    let reports = check(&pcap(&datagrams), &Options::default()).unwrap();
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[0].report.verdicts.iter().map(|v| v.kind).collect::<Vec<_>>(), [Fault::Reordered]);
    assert_eq!(reports[1].content, Content::Retransmission { of: SSRC });
    assert!(reports[1].report.is_clean());
}

#[test]
fn other_traffic_on_the_port_is_not_a_stream() {
    let (source, destination) = addresses();
    let mut pcap = Pcap::new();
    for n in 0..50u8 {
        let at = Duration::from_millis(u64::from(n));
        pcap.udp(at, source, destination, &[0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, n, 0, 0, 0, 0]); // STUN
        pcap.udp(at, source, destination, &[22, 254, 253, n, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // DTLS
        pcap.udp(at, source, destination, &[0x80, 200, 0, 6, n, 0, 0, 0, 0, 0, 0, 0, 0]); // RTCP
        pcap.udp(at, source, destination, &[0x80, 96, n.wrapping_mul(91), 6, n, 0, 0, 0, 1, 1, 1, 1, 0]); // chance
    }
    assert_eq!(check(pcap.as_bytes(), &Options::default()), Ok(vec![]));
}

#[test]
fn every_file_format_and_link_layer_gives_the_same_streams() {
    let datagrams = vp8();
    let expected = check_one(&pcap(&datagrams)).report;
    let (source, destination) = addresses();
    let ip = |datagram: &[u8]| ip_packet(source, destination, datagram);
    let six: (SocketAddr, SocketAddr) = ("[2001:db8::1]:5".parse().unwrap(), "[2001:db8::2]:6".parse().unwrap());
    let ip6 = |datagram: &[u8]| ip_packet(six.0, six.1, datagram);
    type Frame<'a> = Box<dyn Fn(&[u8]) -> Vec<u8> + 'a>;
    let links: [(u16, Frame<'_>); 8] = [
        (0, Box::new(|d| [&[2, 0, 0, 0][..], &ip(d)].concat())),
        (1, Box::new(|d| [&[0; 12][..], &[0x08, 0x00], &ip(d)].concat())),
        (1, Box::new(|d| [&[0; 12][..], &[0x81, 0x00, 0, 7, 0x86, 0xdd], &ip6(d)].concat())),
        (101, Box::new(|d| ip6(d))),
        (113, Box::new(|d| [&[0; 14][..], &[0x08, 0x00], &ip(d)].concat())),
        (228, Box::new(|d| ip(d))),
        (229, Box::new(|d| ip6(d))),
        (276, Box::new(|d| [&[0x08, 0x00][..], &[0; 18], &ip(d)].concat())),
    ];
    for (link, frame) in links {
        let frames: Vec<_> = datagrams.iter().map(|(at, datagram)| (*at, frame(datagram))).collect();
        for (name, bytes) in [
            ("nanoseconds, little endian", pcap_le_ns(link, &frames)),
            ("pcapng, little endian", pcapng(link, &frames, ByteOrder::Little)),
            ("pcapng, big endian", pcapng(link, &frames, ByteOrder::Big)),
        ] {
            assert_eq!(check_one(&bytes).report, expected, "{name}, link {link}");
        }
    }
    let dump = check_one(&rtpdump(&datagrams));
    assert_eq!((dump.report.packets, dump.destination), (expected.packets, None));
    assert!(dump.report.is_clean());
}

fn pcap_le_ns(link: u16, frames: &[(Duration, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in [0xa1b2_3c4d, 0x0004_0002, 0, 0, 65_535, u32::from(link)] {
        bytes.extend_from_slice(&u32::to_le_bytes(field));
    }
    for (at, frame) in frames {
        for field in [at.as_secs() as u32, at.subsec_nanos(), frame.len() as u32, frame.len() as u32] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        bytes.extend_from_slice(frame);
    }
    bytes
}

/// With the clock in nanoseconds, told by an option.
fn pcapng(link: u16, frames: &[(Duration, Vec<u8>)], order: ByteOrder) -> Vec<u8> {
    let u16s = |value: u16| match order {
        ByteOrder::Big => value.to_be_bytes(),
        ByteOrder::Little => value.to_le_bytes(),
    };
    let u32s = |value: u32| match order {
        ByteOrder::Big => value.to_be_bytes(),
        ByteOrder::Little => value.to_le_bytes(),
    };
    let block = |kind: u32, mut body: Vec<u8>| {
        body.resize(body.len().next_multiple_of(4), 0);
        let len = u32s(12 + body.len() as u32);
        [&u32s(kind)[..], &len, &body, &len].concat()
    };
    let version = [&u32s(0x1a2b_3c4d)[..], &u16s(1), &u16s(0), &[0xff; 8]].concat();
    let options = [&u16s(9)[..], &u16s(1), &[9, 0, 0, 0], &u16s(0), &u16s(0)].concat();
    let interface = [&u16s(link)[..], &u16s(0), &u32s(0), &options].concat();
    let mut bytes = [block(0x0a0d_0d0a, version), block(1, interface)].concat();
    for (at, frame) in frames {
        let (ns, len) = (at.as_nanos() as u64, u32s(frame.len() as u32));
        let head = [&u32s(0)[..], &u32s((ns >> 32) as u32), &u32s(ns as u32), &len, &len].concat();
        bytes.extend(block(6, [&head[..], frame].concat()));
    }
    bytes
}

fn rtpdump(datagrams: &[(Duration, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"#!rtpplay1.0 192.0.2.1/5000\n".to_vec();
    bytes.extend_from_slice(&[0, 0, 3, 232, 0, 0, 0, 0, 192, 0, 2, 1, 0x13, 0x88, 0, 0]);
    for (at, datagram) in datagrams {
        let len = datagram.len() as u16;
        bytes.extend_from_slice(&(len + 8).to_be_bytes());
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(&((at.as_millis() - 1_000_000) as u32).to_be_bytes());
        bytes.extend_from_slice(datagram);
    }
    bytes
}

#[test]
fn packets_that_the_kernel_was_to_cut_are_cut_here() {
    let mut datagrams = vp8();
    let (at, key) = datagrams[0].clone();
    // Six segments of one length, as segmentation offload has them, in one datagram.
    let packets: Vec<_> = (0..6u16)
        .map(|n| {
            let mut packet = key.clone();
            packet[2..4].copy_from_slice(&n.to_be_bytes());
            packet
        })
        .collect();
    datagrams = vec![(at, packets.concat()), (at, packets[5].clone())];
    let options = Options { packets_min: 1, payload_types: [(96, Codec::Opus)].into(), ..Options::default() };
    let reports = check(&pcap(&datagrams), &options).unwrap();
    assert_eq!(reports[0].report.packets, 7);
    assert_eq!(reports[0].report.count(Fault::Duplicate), 1);
    assert_eq!(reports[0].report.count(Fault::Gap), 0);
}

#[test]
fn a_capture_of_headers_alone_is_checked_for_its_sequence() {
    let frames: Vec<_> = vp8().iter().map(|(at, d)| (*at, ip_packet(addresses().0, addresses().1, d))).collect();
    let mut bytes = pcap_le_ns(101, &[]);
    for (at, frame) in frames {
        for field in [at.as_secs() as u32, at.subsec_nanos(), 60, frame.len() as u32] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        bytes.extend_from_slice(&frame[..60]);
    }
    let found = check_one(&bytes);
    assert_eq!(found.content, Content::Cut);
    assert!(found.report.is_clean());
}

#[test]
fn what_is_not_a_capture_is_refused_and_a_cut_one_is_read_as_far_as_it_goes() {
    let options = Options::default();
    for bytes in [&b""[..], b"GIF", b"GIF89a plus more", b"#!rtpplay1.0 no newline"] {
        assert_eq!(check(bytes, &options), Err(Error::NotACapture));
    }
    let whole = pcap(&vp8());
    assert_eq!(check(&whole[..20], &options), Err(Error::Cut("capture header")));
    let cut = check_one(&whole[..whole.len() - 30]).report;
    assert_eq!(cut.packets, check_one(&whole).report.packets - 1);
    let mut odd = pcap_le_ns(147, &[(Duration::ZERO, vec![0; 60])]);
    assert_eq!(check(&odd, &options), Err(Error::Link(147)));
    odd.truncate(24);
    assert_eq!(check(&odd, &options), Ok(vec![]));
}
