//! A million packets under keys from real handshakes: str0m opens every one of them, and what was seen on the wire never
//! used a nonce twice. Losses and their repairs are among them, since a repair is where a number is easily used again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use media::codec::{Codec, Kind};
use transport::client::Watch;
use transport::{CodecChoice, rtcp};

use crate::pair::{Pair, Way, ms, vp8};

const SESSIONS: u64 = 4;
/// From 65,000 on: over 65,536, 131,072, 196,608, 262,144.
const FIRST: u64 = 65_000;
const PACKETS: u64 = 250_000;
const REPORT_EVERY: u64 = 1000;
/// Just before a rollover of its own: a hundredth of the packets is repaired.
const RTX_FIRST: u64 = 65_000;

#[test]
fn a_million_packets_cross_their_rollovers_and_no_nonce_is_used_twice() {
    // A thread each, and so a pair of keys each.
    let sealed: usize = std::thread::scope(|scope| {
        let sessions: Vec<_> = (0..SESSIONS).map(|i| scope.spawn(move || session(i))).collect();
        sessions.into_iter().map(|session| session.join().expect("the session's own assertions hold")).sum()
    });
    assert!(sealed > 1_000_000, "{sealed}");
}

/// What an observer of the wire can tell of the nonces of one session, in the order of sending.
#[derive(Default)]
struct Wire {
    /// SSRC, and the index that a receiver must arrive at to open the packet.
    rtp: Vec<(u32, u64)>,
    rtcp: Vec<(u32, u64)>,
    highest: BTreeMap<u32, u64>,
}

impl Wire {
    fn see(&mut self, datagram: &[u8]) {
        let word = |at: usize| u32::from_be_bytes(datagram[at..at + 4].try_into().expect("four bytes"));
        if (192..=223).contains(&datagram[1]) {
            // The index stands in the clear at the end, behind the bit that says "encrypted".
            self.rtcp.push((word(4), u64::from(word(datagram.len() - 4) & 0x7fff_ffff)));
            return;
        }
        let (seq, ssrc) = (u64::from(word(0) & 0xffff), word(8));
        let highest = self.highest.entry(ssrc).or_insert(seq);
        let ahead = (seq as u16).wrapping_sub(*highest as u16) as i16;
        let index = highest.checked_add_signed(ahead.into()).expect("nobody starts with a late packet");
        *highest = index.max(*highest);
        self.rtp.push((ssrc, index));
    }
}

fn is_without_repetition(numbers: &mut [(u32, u64)]) -> bool {
    numbers.sort_unstable();
    numbers.windows(2).all(|pair| pair[0] != pair[1])
}

/// How many packets were sealed.
fn session(n: u64) -> usize {
    let watch = Watch { audio: vec![CodecChoice::opus()], video: vec![vp8()], ..Watch::default() };
    let mut pair = Pair::watch(&watch, Some(&CodecChoice::opus()), Some(&vp8()));
    pair.run_until_connected();
    pair.egress.rtx_index = RTX_FIRST;
    let (video, audio) = (pair.track(Kind::Video), pair.track(Kind::Audio));
    let wire = Rc::new(RefCell::new(Wire::default()));
    let (seen, ssrc) = (wire.clone(), video.ssrc);
    let mut until_loss = 40;
    pair.filter = Box::new(move |way, bytes| {
        if way == Way::Up || bytes[0] < 128 {
            return true;
        }
        seen.borrow_mut().see(bytes);
        // The picture's packets only: what is lost of the sound stays lost.
        until_loss -= i32::from(bytes[8..12] == ssrc.to_be_bytes());
        let lost = until_loss == 0;
        if lost {
            // Between 61 and 139 packets apart: every place in a frame, at a rollover and away from it.
            until_loss = 100 + (bytes[bytes.len() - 1] % 79) as i32 - 39;
        }
        !lost
    });

    for i in 0..PACKETS {
        let index = FIRST + i;
        pair.send(&video, index, i as u32 * 9, i % 9 == 8, &payload(n, index));
        if i % 90 == 0 {
            pair.send(&audio, 10 + i / 90, i as u32, false, b"sound");
        }
        if i % REPORT_EVERY == 0 {
            pair.send_report(&video, &rtcp::SenderInfo { ntp: (i + 1) << 32, rtp_time: 0, packets: 1, bytes: 5 });
        }
        if i % 9 == 8 {
            // str0m remembers what is missing of the last hundred packets, and asks every 33 ms.
            pair.run(ms(6));
        }
    }
    pair.filter = Box::new(|_, _| true);
    // A packet behind the last, or nobody would miss that one.
    pair.send(&video, FIRST + PACKETS, 0, true, &payload(n, FIRST + PACKETS));
    pair.run(ms(500));

    let mut opened: Vec<_> = pair.client_received.iter().filter(|r| r.codec == Codec::Vp8).collect();
    opened.sort_unstable_by_key(|received| received.seq);
    assert_eq!(opened.len() as u64, PACKETS + 1);
    for (received, index) in opened.iter().zip(FIRST..) {
        assert_eq!((received.seq, &*received.payload), (index, &payload(n, index)[..]));
    }
    let repaired = pair.egress.retransmitted;
    assert!(repaired > PACKETS / 200 && RTX_FIRST + repaired > 1 << 16, "{repaired} repairs");
    assert_eq!(pair.client_received.iter().filter(|r| r.codec == Codec::Opus).count() as u64, PACKETS.div_ceil(90));

    let mut wire = wire.take();
    let ssrcs: Vec<u64> = wire.highest.values().map(|highest| highest >> 16).collect();
    assert_eq!(ssrcs.iter().max(), Some(&((FIRST + PACKETS) >> 16)), "an observer counts the same rollovers");
    assert_eq!(wire.highest.len(), 3, "picture, repairs, sound");
    assert!(is_without_repetition(&mut wire.rtp) && is_without_repetition(&mut wire.rtcp));
    assert_eq!(wire.rtcp.len() as u64, PACKETS / REPORT_EVERY);
    wire.rtp.push(wire.rtp[0]);
    assert!(!is_without_repetition(&mut wire.rtp), "a repetition would be seen");
    wire.rtp.len() - 1
}

fn payload(session: u64, index: u64) -> [u8; 9] {
    let mut payload = [session as u8; 9];
    payload[1..].copy_from_slice(&index.to_be_bytes());
    payload
}
