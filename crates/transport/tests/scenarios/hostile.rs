//! What an attacker can do who sees or guesses addresses, and what a peer can do that means ill.

use media::codec::Kind;
use transport::client::{Publish, Watch};
use transport::srtp::Sealer;
use transport::{CodecChoice, fuzz};

use crate::pair::{Pair, Way, ms, vp8};

/// SplitMix64: one seed, one run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A damaged copy: flipped bits, a cut, bytes put in.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            match self.below(4) {
                0 | 1 if !bytes.is_empty() => {
                    let at = self.below(bytes.len());
                    bytes[at] ^= 1 << self.below(8);
                }
                2 => bytes.truncate(self.below(bytes.len() + 1)),
                _ => {
                    let at = self.below(bytes.len() + 1);
                    bytes.insert(at, self.next() as u8);
                }
            }
        }
        bytes
    }
}

fn publishing() -> Publish {
    Publish { audio: Some(CodecChoice::opus()), video: Some(vp8()), ..Publish::default() }
}

#[test]
fn forged_datagrams_from_the_publishers_own_address_change_nothing() {
    let mut pair = Pair::publish(&publishing());
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::<Vec<u8>>::new()));
    let record = seen.clone();
    pair.filter = Box::new(move |way, bytes| {
        let mut record = record.borrow_mut();
        if way == Way::Up && record.len() < 300 {
            record.push(bytes.to_vec());
        }
        true
    });
    pair.run_until_connected();
    let mut random = Random(1);
    for seq in 0..300 {
        pair.send_up(Kind::Video, None, seq, format!("video {seq}").as_bytes());
        pair.send_up(Kind::Audio, None, seq, b"audio");
        for _ in 0..200 {
            let forged = {
                let seen = seen.borrow();
                let at = random.below(seen.len());
                random.mutate(&seen[at])
            };
            pair.deliver_up(&forged);
        }
        pair.run(ms(20));
    }
    let video: Vec<_> = pair.received.iter().filter(|r| r.payload.starts_with(b"video")).map(|r| r.seq).collect();
    assert_eq!(video, (0..300).collect::<Vec<_>>());
    assert_eq!(pair.received.len(), 600);
    assert!(pair.server_closed.is_none() && pair.client_closed.is_none());
    assert!(pair.peer.counters().not_authentic > 1000, "{:?}", pair.peer.counters());
}

#[test]
fn a_forged_packet_cannot_take_a_stream_over() {
    let mut pair = Pair::publish(&publishing());
    pair.run_until_connected();
    let mid = pair.answer.receivers[1].mid;
    assert_eq!(pair.answer.receivers[1].kind, Kind::Video);
    pair.send_up(Kind::Video, None, 0, b"mine");
    // Right section, right payload type, an SSRC of the attacker's: all that str0m looks at before the tag.
    let pt = pair.received[0].pt;
    let mut forged =
        vec![0x90, pt, 0, 1, 0, 0, 0, 0, 6, 6, 6, 6, 0xbe, 0xde, 0, 1, 0x40 | (mid.as_str().len() as u8 - 1)];
    forged.extend_from_slice(mid.as_str().as_bytes());
    forged.resize(16 + 4 + 40, 0);
    for _ in 0..100 {
        pair.deliver_up(&forged);
    }
    for seq in 1..50 {
        pair.send_up(Kind::Video, None, seq, b"mine");
        pair.run(ms(10));
    }
    assert_eq!(pair.received_seqs(), (0..50).collect::<Vec<_>>());
    assert!(pair.received.iter().all(|received| received.ssrc != 0x0606_0606));
}

#[test]
fn dtls_from_an_address_that_ice_has_not_seen_is_not_read() {
    let mut pair = Pair::publish(&publishing());
    let stranger = "203.0.113.66:666".parse().unwrap();
    let hello = [22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
    pair.peer.handle_datagram(pair.now, stranger, pair.server, &hello);
    assert_eq!(pair.peer.counters().dtls_refused, 1);
    pair.run_until_connected();
    pair.peer.handle_datagram(pair.now, stranger, pair.server, &hello);
    assert_eq!(pair.peer.counters().dtls_refused, 2);
}

#[test]
fn replayed_media_is_dropped() {
    let mut pair = Pair::publish(&publishing());
    pair.run_until_connected();
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::<Vec<u8>>::new()));
    let record = seen.clone();
    pair.filter = Box::new(move |way, bytes| {
        if way == Way::Up && bytes[0] >= 128 {
            record.borrow_mut().push(bytes.to_vec());
        }
        true
    });
    for seq in 0..50 {
        pair.send_up(Kind::Video, None, seq, b"once");
    }
    let replay = seen.borrow().clone();
    for bytes in &replay {
        pair.deliver_up(bytes);
    }
    pair.run(ms(100));
    assert_eq!(pair.received.len(), 50);
    assert!(pair.peer.counters().replayed >= 50);
}

#[test]
fn a_viewers_sealed_packets_never_reach_str0m() {
    let watch = Watch { video: vec![vp8()], ..Watch::default() };
    let mut pair = Pair::watch(&watch, None, Some(&vp8()));
    pair.run_until_connected();
    let before = *pair.peer.counters();
    for first in 128..192u8 {
        for second in 0..=255u8 {
            let datagram = [&[first, second][..], &[7; 60]].concat();
            pair.peer.handle_datagram(pair.now, pair.client_seen_at, pair.server, &datagram);
        }
    }
    assert_eq!(pair.peer.counters().misrouted, before.misrouted + 64 * 256);
    pair.run(ms(1000));
    assert_eq!(pair.peer.counters().forbidden, 0);
}

#[test]
fn a_publisher_with_the_right_keys_and_bad_intentions_breaks_nothing() {
    let mut pair = Pair::publish(&Publish { rids: ["a", "b"].map(crate::pair::rid).to_vec(), ..publishing() });
    pair.run_until_connected();
    let mut sealer = Sealer::new(&pair.client_keys.take().unwrap());
    let formats: Vec<u8> = pair.answer.receivers.iter().flat_map(|t| t.codecs.iter().map(|(pt, _)| *pt)).collect();
    let mids: Vec<String> = pair.answer.receivers.iter().map(|t| t.mid.to_string()).collect();
    let mut random = Random(3);
    let mut indices = [0u64; 6];
    let mut received = 0;
    // First as it should be: the video's two layers and their repairs, and the audio.
    let (audio, video) = (&pair.answer.receivers[0], &pair.answer.receivers[1]);
    let (opus, vp8) = (audio.codecs[0].0, video.codecs[0].0);
    let firsts = [
        (1, vp8, video.mid, Some((10, b'a'))),
        (2, vp8, video.mid, Some((10, b'b'))),
        (3, opus, audio.mid, None),
        (4, vp8 + 1, video.mid, Some((11, b'a'))),
        (5, vp8 + 1, video.mid, Some((11, b'b'))),
    ];
    for (ssrc, pt, mid, rid) in firsts {
        let mut block = vec![4 << 4 | (mid.as_str().len() - 1) as u8];
        block.extend_from_slice(mid.as_str().as_bytes());
        block.extend(rid.iter().flat_map(|(id, rid)| [id << 4, *rid]));
        block.resize(block.len().next_multiple_of(4), 0);
        let mut packet = vec![0x90, pt, 0, 0, 0, 0, 0, 0, 0, 0, 0, ssrc, 0xbe, 0xde, 0, (block.len() / 4) as u8];
        packet.extend_from_slice(&block);
        let header_len = packet.len();
        packet.resize(header_len + 4 + sealer.tag_len(), 0);
        sealer.seal_rtp(&mut packet, header_len, 4, u32::from(ssrc), 0).unwrap();
        pair.deliver_up(&packet);
    }
    for round in 0..60_000u64 {
        if round % 4 == 0 {
            // RTCP of all kinds with lengths that mostly add up.
            let mut compound = Vec::new();
            for _ in 0..=random.below(3) {
                let words = random.below(12);
                let kind = 194 + random.below(20) as u8;
                compound.extend_from_slice(&[0x80 | random.below(64) as u8, kind, 0, words as u8]);
                compound.extend((0..words * 4).map(|_| [0, 1, 0xff, random.next() as u8][random.below(4)]));
            }
            // Few senders, of whom only so many are listened to.
            if let Some(ssrc) = compound.get_mut(4..8) {
                ssrc.copy_from_slice(&[0, 0, 0, random.below(6) as u8]);
            }
            if sealer.seal_rtcp(&mut compound) {
                pair.deliver_up(&compound);
            }
        } else {
            let ssrc = random.below(6) as u32;
            let pt = if random.below(8) == 0 {
                random.below(128)
            } else {
                usize::from(formats[random.below(formats.len())])
            };
            let pt = pt as u8 + random.below(2) as u8;
            // Forward by leaps that a receiver can still follow, so that most packets open and go on to str0m.
            let index = &mut indices[ssrc as usize];
            *index += if random.below(40) == 0 { random.below(30_000) as u64 } else { 1 };
            let index = *index;
            let first = 0x80 | [0u8, 0x10, 0x20, 0x30][random.below(4)];
            let mut packet = vec![first, pt];
            packet.extend_from_slice(&(index as u16).to_be_bytes());
            packet.extend_from_slice(&(random.next() as u32).to_be_bytes());
            packet.extend_from_slice(&ssrc.to_be_bytes());
            if first & 0x10 != 0 {
                let mut block = Vec::new();
                // Half of them name a section and a layer as they should, by the ids that the client negotiates.
                if random.below(2) == 0 {
                    let mid = &mids[random.below(mids.len())];
                    block.push(4 << 4 | (mid.len() - 1) as u8);
                    block.extend_from_slice(mid.as_bytes());
                    block.extend_from_slice(&[[10 << 4, 11 << 4][random.below(2)], b"ab"[random.below(2)]]);
                }
                for _ in 0..random.below(4) {
                    let id = 1 + random.below(14) as u8;
                    let data = match random.below(3) {
                        0 => mids[random.below(mids.len())].clone().into_bytes(),
                        1 => [&b"a"[..], b"b", b"c", b"\xff\xfe"][random.below(4)].to_vec(),
                        _ => (0..1 + random.below(16)).map(|_| random.next() as u8).collect(),
                    };
                    block.push(id << 4 | (data.len() - 1) as u8);
                    block.extend_from_slice(&data);
                }
                block.resize(block.len().next_multiple_of(4), 0);
                packet.extend_from_slice(&[0xbe, 0xde, 0, (block.len() / 4) as u8]);
                packet.extend_from_slice(&block);
            }
            let header_len = packet.len();
            // A repair of a packet from before the beginning spoils the layer for good, so that comes last.
            if round < 50_000 {
                packet.extend_from_slice(&(indices[1] as u16).saturating_sub(random.below(20) as u16).to_be_bytes());
            }
            packet.extend((0..random.below(20)).map(|_| [0, 1, 2, 0xff, random.next() as u8][random.below(5)]));
            let payload_len = packet.len() - header_len;
            packet.resize(packet.len() + sealer.tag_len(), 0);
            sealer.seal_rtp(&mut packet, header_len, payload_len, ssrc, index).unwrap();
            pair.deliver_up(&packet);
        }
        if round % 50 == 0 {
            pair.run(ms(20));
        }
        received += pair.received.len();
        pair.received.clear();
        pair.sender_reports.clear();
    }
    assert!(pair.server_closed.is_none(), "{:?}", pair.server_closed);
    assert!(pair.peer.is_connected());
    // Most were authentic, and enough of them made sense to get through.
    assert!(pair.peer.counters().not_authentic < 6_000, "{:?}", pair.peer.counters());
    assert!(received > 1_000, "{received} {:?}", pair.peer.counters());
}

#[test]
fn damaged_input_never_panics_a_parser() {
    let pair = Pair::publish(&Publish { channel: Some("c".into()), rids: vec![], ..publishing() });
    let offer = pair.client.offer().to_owned();
    let fragment = pair.peer.answer_fragment();
    let mut report = Vec::new();
    let info = transport::rtcp::SenderInfo { ntp: 1, rtp_time: 2, packets: 3, bytes: 4 };
    transport::rtcp::sender_report(&mut report, 1, &info, &[], "cname");
    transport::rtcp::nack(&mut report, 1, 2, &[1, 2, 30]);
    transport::rtcp::transport_feedback(&mut report, (1, 2), (3, 4), &[Some(5), None, Some(400), Some(9000)]);
    let mut random = Random(2);
    for _ in 0..3000 {
        fuzz::fuzz_offer(&random.mutate(offer.as_bytes()));
        fuzz::fuzz_fragment(&random.mutate(fragment.as_bytes()));
        fuzz::fuzz_rtcp(&random.mutate(&report));
        fuzz::fuzz_srtcp(&random.mutate(&report));
        let noise: Vec<u8> = (0..random.below(200)).map(|_| random.next() as u8).collect();
        fuzz::fuzz_demux_stun(&noise);
        fuzz::fuzz_rtcp(&noise);
        fuzz::fuzz_srtcp(&noise);
    }
}
