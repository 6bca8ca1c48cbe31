//! What a packet and a join cost here. `cargo bench -p transport`.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::codec::Codec;
use transport::bwe::{Estimator, Limits, Sent};
use transport::client::{self, Client};
use transport::rtcp::{self, Packet};
use transport::srtp::{Keys, Opener, Profile, Sealer};
use transport::{Accept, CodecChoice, Creds, Event, Identity, Offer, Output, Peer, Side};

fn main() {
    println!("{:<20}{:>12}{:>12}{:>12}", "ns per packet", "seal 1200", "seal 100", "open 1200");
    for profile in [Profile::AeadAes128Gcm, Profile::AeadAes256Gcm, Profile::Aes128CmSha1_80] {
        let name = format!("{profile:?}");
        println!("{name:<20}{:>12.0}{:>12.0}{:>12.0}", seal(profile, 1200), seal(profile, 100), open(profile, 1200));
    }

    let (sent, status) = estimate();
    println!("bandwidth estimation: {sent:.1} ns for each packet sent, {status:.1} ns for each status of a report");

    let identity = Identity::generate().expect("a certificate can be made");
    let (accept, connect) = join(&identity);
    println!("a viewer's join: {accept:.0} us for offer and answer, {connect:.0} us for the handshake (server's part)");
}

/// One sealer per viewer, as many as a core serves, so that keys come from memory and not from the first cache.
const VIEWERS: usize = 1000;

fn keys(profile: Profile, seed: u8, client: bool) -> Keys {
    let material = vec![seed; 2 * (profile.key_len() + profile.salt_len())];
    Keys::from_dtls(profile, &material, client).expect("the length is right")
}

fn seal(profile: Profile, len: usize) -> f64 {
    let mut sealers: Vec<Sealer> = (0..VIEWERS).map(|n| Sealer::new(&keys(profile, n as u8, false))).collect();
    let payload = vec![1; len];
    let mut arena = vec![0; 64 * 1500];
    let mut index = 0;
    per_call(VIEWERS, || {
        index += 1;
        for (n, sealer) in sealers.iter_mut().enumerate() {
            let out = &mut arena[n % 64 * 1500..][..1500];
            out[..28].fill(0x90);
            black_box(sealer.seal_rtp_gather(out, 28, &payload, 7, index)).expect("a new index");
        }
    })
}

fn open(profile: Profile, len: usize) -> f64 {
    const PACKETS: u64 = 4096;
    let mut sealer = Sealer::new(&keys(profile, 1, false));
    let packets: Vec<Vec<u8>> = (0..PACKETS)
        .map(|index| {
            let mut packet = vec![0x80, 96, (index >> 8) as u8, index as u8, 0, 0, 0, 0, 0, 0, 0, 7];
            packet.resize(12 + len + sealer.tag_len(), 0);
            sealer.seal_rtp(&mut packet, 12, len, 7, index).expect("a new index");
            packet
        })
        .collect();
    let mut clear = Vec::new();
    per_call(PACKETS as usize, || {
        let mut opener = Opener::new(&keys(profile, 1, true));
        for packet in &packets {
            opener.open_rtp(packet, &mut clear).expect("we sealed it");
        }
    })
}

/// A packet noted, and a status read: of 40 packets in a tenth of a second, as many viewers as a core serves.
fn estimate() -> (f64, f64) {
    const PACKETS: u16 = 40;
    let viewers = || -> Vec<Estimator> { (0..VIEWERS).map(|_| Estimator::new(Limits::default())).collect() };
    let (mut estimators, mut now) = (viewers(), Instant::now());
    let send = |estimators: &mut [Estimator], now: &mut Instant| {
        let mut seq = 0;
        for _ in 0..PACKETS {
            *now += Duration::from_micros(2500);
            for estimator in estimators.iter_mut() {
                seq = black_box(estimator.sent(*now, 1200, Sent::Media));
            }
        }
        seq
    };
    let packets = VIEWERS * usize::from(PACKETS);
    let sent = per_call(packets, || {
        send(&mut estimators, &mut now);
    });

    let (mut estimators, mut ticks, mut count) = (viewers(), 0, 0);
    let both = per_call(packets, || {
        let last = send(&mut estimators, &mut now);
        let arrivals: Vec<Option<i64>> = (0..i64::from(PACKETS)).map(|n| Some(ticks + 10 * n)).collect();
        ticks += 10 * i64::from(PACKETS);
        count = u8::wrapping_add(count, 1);
        let mut report = Vec::new();
        rtcp::transport_feedback(&mut report, (1, 2), (last.wrapping_sub(PACKETS - 1), count), &arrivals);
        let Some(Packet::Twcc(report)) = rtcp::read(&report).next() else { panic!("we wrote it") };
        for estimator in &mut estimators {
            estimator.feedback(now, &report);
        }
    });
    (sent, both - sent)
}

/// Nanoseconds per call; the best of ten runs, since neighbours only ever make it slower.
fn per_call(calls: usize, mut work: impl FnMut()) -> f64 {
    let run = |work: &mut dyn FnMut()| {
        let (start, mut rounds) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_millis(30) {
            work();
            rounds += 1;
        }
        start.elapsed().as_nanos() as f64 / (rounds * calls) as f64
    };
    (0..10).map(|_| run(&mut work)).fold(f64::MAX, f64::min)
}

/// Microseconds of the server's share in a join: the median of many.
fn join(identity: &Identity) -> (f64, f64) {
    let (server, address): (SocketAddr, SocketAddr) = (([127, 0, 0, 1], 7000).into(), ([127, 0, 0, 1], 5000).into());
    let vp8 = CodecChoice { codec: Codec::Vp8, fmtp: String::new() };
    let opus = CodecChoice::opus();
    let watch = client::Watch { audio: vec![opus.clone()], video: vec![vp8.clone()], ..client::Watch::default() };
    let mut times: Vec<(Duration, Duration)> = (0..200)
        .map(|seed| {
            let mut now = Instant::now();
            let setup = client::Setup { now, identity, address };
            let mut client = Client::viewer(setup, &watch).expect("a client can be made");
            let start = Instant::now();
            let offer = Offer::parse(client.offer()).expect("str0m's offers are read");
            let accept = Accept {
                now,
                identity,
                creds: Creds { ufrag: "w0s1g1".into(), pwd: "an-ice-password-of-26-chars".into() },
                candidates: &[server],
                offer: &offer,
                side: Side::Watch { audio: Some(&opus), video: Some(&vp8) },
                ssrc_seed: seed,
            };
            let (mut peer, answer) = Peer::accept(accept).expect("str0m's offers are answered");
            let accept = start.elapsed();
            client.accept_answer(&answer.sdp).expect("str0m reads our answers");

            let mut handshake = Duration::ZERO;
            let mut connected = false;
            while !connected {
                now += Duration::from_millis(1);
                client.handle_timeout(now);
                let mut up = Vec::new();
                while let Some(output) = client.poll() {
                    if let client::Output::Datagram { bytes, .. } = output {
                        up.push(bytes);
                    }
                }
                let start = Instant::now();
                peer.handle_timeout(now);
                for datagram in &up {
                    peer.handle_datagram(now, address, server, datagram);
                }
                let mut down = Vec::new();
                while let Some(output) = peer.poll() {
                    match output {
                        Output::Datagram { bytes, .. } => down.push(bytes),
                        Output::Event(Event::Connected { .. }) => connected = true,
                        Output::Event(_) => {}
                    }
                }
                handshake += start.elapsed();
                for datagram in &down {
                    client.handle_datagram(now, server, datagram);
                }
            }
            (accept, handshake)
        })
        .collect();
    let mut median = |of: fn(&(Duration, Duration)) -> Duration| {
        times.sort_by_key(of);
        of(&times[times.len() / 2]).as_secs_f64() * 1e6
    };
    (median(|t| t.0), median(|t| t.1))
}
