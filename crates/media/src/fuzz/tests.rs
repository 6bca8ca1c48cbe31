use super::*;
use crate::Seq;
use crate::testing::{Pcap, Rng, Source, rtp};

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 15] = [
    ("rtp", fuzz_rtp),
    ("ext", fuzz_ext),
    ("dd", fuzz_dd),
    ("vp8", fuzz_vp8),
    ("vp9", fuzz_vp9),
    ("h264", fuzz_h264),
    ("h265", fuzz_h265),
    ("av1", fuzz_av1),
    ("opus", fuzz_opus),
    ("red", fuzz_red),
    ("capture", fuzz_capture),
    ("clip", fuzz_clip),
    ("annexb", fuzz_annexb),
    ("assemble", fuzz_assemble),
    ("ivf", fuzz_ivf),
];

/// Real packets, payloads, descriptors and a small capture: what mutation starts from.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let (from, to) = (([192, 0, 2, 1], 1).into(), ([192, 0, 2, 2], 2).into());
    for codec in Codec::ALL {
        let mut source = match codec {
            Codec::Opus => Source::audio(1),
            _ => Source::video(codec, 100, 30, 5, 1, 1).with_descriptors().with_payload_max(250),
        };
        let mut pcap = Pcap::new();
        let (mut payloads, mut descriptors) = (Vec::new(), Vec::new());
        for (n, packet) in (0..6).flat_map(|_| source.next_frame()).enumerate() {
            let mut extensions = ext::Writer::new();
            extensions.push(3, b"mid");
            let bytes = rtp(&packet, 96, Seq(n as u16), 1, &extensions);
            pcap.udp(Duration::from_millis(n as u64), from, to, &bytes);
            for (all, one) in [(&mut payloads, Some(&packet.payload)), (&mut descriptors, packet.dd.as_ref())] {
                let one = one.map_or(&[][..], |one| &one[..one.len().min(255)]);
                all.push(one.len() as u8);
                all.extend_from_slice(one);
            }
            seeds.push(bytes);
            seeds.push(packet.payload);
        }
        seeds.extend([pcap.as_bytes().to_vec(), payloads, descriptors]);
    }
    seeds
}

#[test]
fn mutated_input_breaks_no_parser() {
    let seeds = seeds();
    for (name, target) in TARGETS {
        let mut rng = Rng::new(name.len() as u64);
        for round in 0..2_000 {
            let mut data = seeds[rng.below(seeds.len() as u64) as usize].clone();
            for _ in 0..round % 8 {
                let at = rng.below(data.len() as u64) as usize;
                match rng.below(4) {
                    0 => data[at] = rng.word() as u8,
                    1 => data[at] ^= 1 << rng.below(8),
                    2 if data.len() > 1 => data.truncate(at.max(1)),
                    _ => data.insert(at, rng.word() as u8),
                }
            }
            target(&data);
        }
        target(&[]);
    }
}
