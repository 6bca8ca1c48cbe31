//! What a packet costs here: nanoseconds per call over a second of each codec's stream. `cargo bench -p media`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use media::check::{Checker, View};
use media::testing::{Generated, Source, rtp, tag_is_intact};
use media::{Codec, Packet, Seq, dd, ext, facts};

fn main() {
    println!("{:<8}{:>10}{:>10}{:>10}{:>10}{:>10}", "ns", "parse", "write", "facts", "check", "tag");
    for codec in Codec::ALL {
        let mut source = match codec {
            Codec::Opus => Source::audio(1),
            _ => Source::video(codec, 2_500, 30, 30, 1, 1),
        };
        let packets: Vec<Generated> = (0..300).flat_map(|_| source.next_frame()).collect();
        let map = ext::Map::new().with(ext::Kind::Mid, 1).with(ext::Kind::TransportSeq, 2);
        let mut extensions = ext::Writer::new();
        extensions.push_kind(&map, ext::Kind::Mid, b"0");
        extensions.transport_seq(&map, 7);
        let datagrams: Vec<_> = packets.iter().map(|packet| rtp(packet, 96, Seq(1), 1, &extensions)).collect();
        let header = Packet::parse(&datagrams[0]).expect("we wrote it").header;

        let parse = per_packet(&datagrams, |datagram| {
            let packet = Packet::parse(datagram).expect("we wrote it");
            black_box(packet.extension.map(|block| ext::Values::read(block, &map)));
        });
        let mut out = [0; 64];
        let write = per_packet(&datagrams, |_| {
            let mut extensions = ext::Writer::new();
            extensions.push_kind(&map, ext::Kind::Mid, b"0");
            extensions.transport_seq(&map, black_box(7));
            black_box(header.write(&extensions, &mut out)).expect("there is room");
        });
        let mut parser = dd::Parser::new();
        let facts = per_packet(&packets, |packet| {
            let descriptor = packet.dd.as_ref().map(|bytes| parser.parse(bytes).expect("we wrote it"));
            black_box(facts(codec, &packet.payload, packet.marker, descriptor.as_ref()));
        });
        let check = check_per_packet(codec, &packets);
        let tag = per_packet(&packets, |packet| assert!(tag_is_intact(codec, &packet.payload)));
        println!("{:<8}{parse:>10.1}{write:>10.1}{facts:>10.1}{check:>10.1}{tag:>10.1}", codec.name());
    }
    println!("a checker takes {} bytes", size_of::<Checker>());
}

fn per_packet<T>(items: &[T], mut work: impl FnMut(&T)) -> f64 {
    let mut rounds = 0;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(100) {
        items.iter().for_each(&mut work);
        rounds += 1;
    }
    start.elapsed().as_nanos() as f64 / (rounds * items.len()) as f64
}

/// The stream over and over, a new checker each time.
fn check_per_packet(codec: Codec, packets: &[Generated]) -> f64 {
    let views: Vec<_> = packets
        .iter()
        .zip(0..)
        .map(|(packet, n)| {
            let dd = packet.dd.as_deref();
            View { seq: Seq(n), time: packet.time, marker: packet.marker, payload: &packet.payload, dd }
        })
        .collect();
    let mut rounds = 0;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(100) {
        let mut checker = Checker::new(codec);
        for (n, view) in views.iter().enumerate() {
            checker.push(Duration::from_micros(4_000 * n as u64), view);
        }
        assert!(black_box(checker).is_clean());
        rounds += 1;
    }
    start.elapsed().as_nanos() as f64 / (rounds * views.len()) as f64
}
