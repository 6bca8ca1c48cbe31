//! A call goes on while hostile datagrams rain on the server's end of it, from strangers and from the caller's own
//! address.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use loadgen::hostile::Generator;
use media::codec::{Codec, Kind};
use transport::client::{Output as Out, Packet, Publish, Setup};
use transport::{Accept, Client, CodecChoice, Creds, Event, Identity, Offer, Output, Peer, Side};

const UFRAG: &str = "w0seat1";

#[test]
fn no_packet_of_a_call_is_missing_after_twenty_thousand_hostile_datagrams() {
    let (caller, stranger) = (address("192.0.2.1:4000"), address("198.51.100.7:9"));
    let server_at = address("192.0.2.2:5000");
    let identity = Identity::generate().unwrap();
    let start = Instant::now();
    let publish =
        Publish { audio: Some(CodecChoice { codec: Codec::Opus, fmtp: String::new() }), ..Publish::default() };
    let mut client = Client::publisher(Setup { now: start, identity: &identity, address: caller }, &publish).unwrap();
    let (mut server, answer) = Peer::accept(Accept {
        now: start,
        identity: &identity,
        creds: Creds { ufrag: UFRAG.to_owned(), pwd: "0123456789abcdef01234567".to_owned() },
        candidates: &[server_at],
        offer: &Offer::parse(client.offer()).unwrap(),
        side: Side::Publish,
        ssrc_seed: 1,
    })
    .unwrap();
    client.accept_answer(&answer.sdp).unwrap();

    let mut hostile = Generator::new(11, Some(UFRAG)).unwrap();
    let (mut connected, mut sent, mut received, mut answers) = (false, 0u64, Vec::new(), 0u64);
    for step in 0..500u32 {
        let now = start + Duration::from_millis(20) * step;
        client.handle_timeout(now);
        server.handle_timeout(now);
        if connected {
            sent += 1;
            let payload = sent.to_be_bytes();
            let (kind, time) = (Kind::Audio, step * 960);
            let packet = Packet {
                kind,
                rid: None,
                seq: sent,
                time,
                marker: false,
                payload: &payload,
                audio_level: None,
                dd: None,
            };
            assert!(client.send_rtp(now, &packet));
            client.handle_timeout(now);
        }
        for _ in 0..4 {
            while let Some(output) = client.poll() {
                match output {
                    Out::Datagram { bytes, .. } => server.handle_datagram(now, caller, server_at, &bytes),
                    Out::Event(transport::client::Event::Connected { .. }) => connected = true,
                    Out::Event(_) => {}
                }
            }
            while let Some(output) = server.poll() {
                match output {
                    Output::Datagram { to, bytes } if to == caller => client.handle_datagram(now, server_at, &bytes),
                    Output::Datagram { .. } => answers += 1,
                    Output::Event(Event::Media(packet)) => received.push(packet.seq),
                    Output::Event(Event::Closed(reason)) => panic!("the call ended: {reason}"),
                    Output::Event(_) => {}
                }
            }
        }
        // Strangers from the first moment; whoever can fake the caller's address comes once there is something to break.
        for n in 0..40 {
            let from = if connected && n % 2 == 0 { caller } else { stranger };
            server.handle_datagram(now, from, server_at, hostile.generate().1);
            while let Some(output) = server.poll() {
                assert!(!matches!(output, Output::Event(Event::Closed(_))), "ended by a hostile datagram");
                if let Output::Datagram { bytes, to } = output {
                    match to == caller {
                        true => client.handle_datagram(now, server_at, &bytes),
                        false => answers += 1,
                    }
                }
            }
        }
    }
    assert!(sent > 400, "connected late: {sent}");
    // The last few may still be on their way.
    let missing = (1..=sent - 5).filter(|seq| !received.contains(seq)).count();
    let refused = server.counters();
    assert!(refused.stun_refused > 100 && refused.dtls_refused > 100 && refused.not_authentic > 100, "{refused:?}");
    assert_eq!((missing, answers), (0, 0), "packets missing, strangers answered");
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}
