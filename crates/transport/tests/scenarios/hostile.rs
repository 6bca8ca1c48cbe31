//! What an attacker can do who sees or guesses addresses, and what a peer can do that means ill.

use media::codec::Kind;
use transport::client::{Publish, Watch};
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
