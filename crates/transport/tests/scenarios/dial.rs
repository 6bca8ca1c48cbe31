//! Our peer as the client of another server: one of our own kind, and one with full ICE.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::codec::Kind;
use media::ext;
use media::packet::Header;
use media::{RtpTime, Seq};
use transport::client::{self, Client};
use transport::peer::Peer;
use transport::srtp::{Opener, Sealer};
use transport::{
    Accept, Answer, CodecChoice, Creds, Datagram, Dial, Event, Offer, Output, Reason, Received, RecvTrack, Reply, Side,
    demux, rtcp,
};

use crate::pair::{identity, ms, vp8};

const SERVER: &str = "192.0.2.1:7000";
const CALLER: &str = "198.51.100.1:5000";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn creds(ufrag: &str) -> Creds {
    Creds { ufrag: ufrag.into(), pwd: "an-ice-password-of-26-chars".into() }
}

/// A caller and what it has heard.
struct Caller {
    now: Instant,
    peer: Peer,
    offer: String,
    out: Vec<Vec<u8>>,
    received: Vec<Received>,
    connected: bool,
    closed: Option<Reason>,
}

impl Caller {
    fn new() -> Caller {
        let now = Instant::now();
        let candidates = [address(CALLER)];
        let dial = Dial { now, identity: identity(), creds: creds("w0caller"), candidates: &candidates, seed: 9 };
        let (peer, offer) = Peer::dial(dial).unwrap();
        Caller { now, peer, offer, out: Vec::new(), received: Vec::new(), connected: false, closed: None }
    }

    fn accept(&mut self, answer: &str) -> Vec<RecvTrack> {
        self.peer.accept_answer(self.now, &Reply::parse(answer).unwrap()).unwrap()
    }

    fn poll(&mut self) {
        while let Some(output) = self.peer.poll() {
            match output {
                Output::Datagram { to, bytes } => {
                    assert_eq!(to, address(SERVER));
                    self.out.push(bytes);
                }
                Output::Event(Event::Connected { keys, remote }) => {
                    assert!(keys.is_none(), "its keys stay with the peer, as a publisher's do");
                    assert_eq!(remote, address(SERVER));
                    self.connected = true;
                }
                Output::Event(Event::Media(received)) => self.received.push(received),
                Output::Event(Event::Closed(reason)) => self.closed = Some(reason),
                Output::Event(_) => {}
            }
        }
    }
}

/// A server as this crate makes them, with the engine's part in its simplest form.
struct Parent {
    peer: Peer,
    answer: Answer,
    sealer: Option<Sealer>,
    opener: Option<Opener>,
    keyframes_wanted: u64,
    arrivals: u64,
}

impl Parent {
    fn answers(caller: &mut Caller) -> Parent {
        let (audio, video) = (CodecChoice::opus(), vp8());
        let offer = Offer::parse(&caller.offer).unwrap();
        let (now, candidates) = (caller.now, [address(SERVER)]);
        let side = Side::Watch { audio: Some(&audio), video: Some(&video) };
        let creds = creds("w0parent");
        let accept =
            Accept { now, identity: identity(), creds, candidates: &candidates, offer: &offer, side, ssrc_seed: 42 };
        let (peer, answer) = Peer::accept(accept).unwrap();
        let tracks = caller.accept(&answer.sdp);
        let kinds: Vec<_> = tracks.iter().map(|track| (track.kind, track.codecs[0].1.codec)).collect();
        assert_eq!(kinds, [(Kind::Audio, audio.codec), (Kind::Video, video.codec)], "known before any packet");
        Parent { peer, answer, sealer: None, opener: None, keyframes_wanted: 0, arrivals: 0 }
    }

    /// Hands everything over until nobody has anything left to say.
    fn settle(&mut self, caller: &mut Caller) {
        loop {
            caller.poll();
            let mut quiet = caller.out.is_empty();
            for bytes in std::mem::take(&mut caller.out) {
                self.hear(caller.now, &bytes);
            }
            while let Some(output) = self.peer.poll() {
                quiet = false;
                match output {
                    Output::Datagram { bytes, .. } => {
                        caller.peer.handle_datagram(caller.now, address(SERVER), address(CALLER), &bytes);
                    }
                    Output::Event(Event::Connected { keys: Some(keys), .. }) => {
                        self.sealer = Some(Sealer::new(&keys));
                        self.opener = Some(Opener::new(&keys));
                    }
                    Output::Event(_) => {}
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn hear(&mut self, now: Instant, bytes: &[u8]) {
        match (demux(bytes), &mut self.opener) {
            (Datagram::Rtcp, Some(opener)) => {
                let mut clear = Vec::new();
                opener.open_rtcp(bytes, &mut clear).unwrap();
                for packet in rtcp::read(&clear) {
                    match packet {
                        rtcp::Packet::Pli { .. } => self.keyframes_wanted += 1,
                        rtcp::Packet::Twcc(report) => {
                            self.arrivals += report.arrivals().filter(|(_, at)| at.is_some()).count() as u64;
                        }
                        _ => {}
                    }
                }
            }
            _ => self.peer.handle_datagram(now, address(CALLER), address(SERVER), bytes),
        }
    }

    fn run(&mut self, caller: &mut Caller, time: Duration) {
        let until = caller.now + time;
        while caller.now < until {
            caller.now += ms(5);
            caller.peer.handle_timeout(caller.now);
            self.peer.handle_timeout(caller.now);
            self.settle(caller);
        }
    }

    fn send_picture(&mut self, caller: &mut Caller, index: u64) {
        let track = self.answer.senders.iter().find(|track| track.kind == Kind::Video).unwrap();
        let mut extensions = ext::Writer::new();
        extensions.push_kind(&track.ext, ext::Kind::Mid, track.mid.as_str().as_bytes());
        extensions.transport_seq(&track.ext, index as u16);
        let (seq, time) = (Seq(index as u16), RtpTime(index as u32 * 3000));
        let header = Header { marker: true, payload_type: track.pt, seq, time, ssrc: track.ssrc };
        let mut datagram = vec![0; 1500];
        let header_len = header.write(&extensions, &mut datagram).unwrap();
        let sealer = self.sealer.as_mut().unwrap();
        let len = sealer.seal_rtp_gather(&mut datagram, header_len, b"picture", track.ssrc, index).unwrap();
        caller.peer.handle_datagram(caller.now, address(SERVER), address(CALLER), &datagram[..len]);
        caller.poll();
    }
}

#[test]
fn a_node_watches_another_and_is_sent_what_a_publisher_would_send() {
    let mut caller = Caller::new();
    let mut parent = Parent::answers(&mut caller);
    parent.run(&mut caller, ms(200));
    assert!(caller.connected && parent.sealer.is_some(), "connected within 200 ms of virtual time");
    for index in 0..20 {
        parent.send_picture(&mut caller, index);
        parent.run(&mut caller, ms(20));
    }
    let seqs: Vec<u64> = caller.received.iter().map(|received| received.seq).collect();
    assert_eq!(seqs, (0..20).collect::<Vec<_>>());
    assert!(caller.received.iter().all(|received| &received.payload[..] == b"picture"));
    assert!(
        parent.arrivals >= 15,
        "it reports arrivals, so that the parent can estimate the line: {}",
        parent.arrivals
    );

    let mid = caller.received[0].mid;
    assert!(caller.peer.request_keyframe(mid, None));
    parent.run(&mut caller, ms(50));
    assert_eq!(parent.keyframes_wanted, 1);
}

#[test]
fn a_parent_with_nothing_to_show_still_answers_and_one_that_is_gone_does_not() {
    let mut caller = Caller::new();
    let mut parent = Parent::answers(&mut caller);
    parent.run(&mut caller, Duration::from_secs(10));
    let silent_for = |caller: &Caller| caller.now - caller.peer.heard_at().unwrap();
    assert!(silent_for(&caller) < ms(800), "checked twice a second: {:?}", silent_for(&caller));
    for _ in 0..400 {
        caller.now += ms(5);
        caller.peer.handle_timeout(caller.now);
        caller.poll();
        caller.out.clear();
    }
    assert!(silent_for(&caller) >= Duration::from_secs(2));
    assert_eq!(caller.closed, None, "what follows from that is the engine's decision");
}

#[test]
fn a_parent_that_says_goodbye_is_heard() {
    let mut caller = Caller::new();
    let mut parent = Parent::answers(&mut caller);
    parent.run(&mut caller, ms(200));
    parent.peer.close(caller.now);
    parent.settle(&mut caller);
    assert_eq!(caller.closed, Some(Reason::Remote));
}

#[test]
fn nobody_else_can_answer_for_the_parent() {
    let mut caller = Caller::new();
    let mut parent = Parent::answers(&mut caller);
    caller.poll();
    let checks = std::mem::take(&mut caller.out);
    assert!(!checks.is_empty(), "the first check leaves with the answer");
    for check in checks {
        parent.hear(caller.now, &check);
    }
    let stranger = address("203.0.113.66:6666");
    while let Some(output) = parent.peer.poll() {
        let Output::Datagram { mut bytes, .. } = output else { continue };
        caller.peer.handle_datagram(caller.now, stranger, address(CALLER), &bytes);
        // From the right place, with another transaction: the password does not cover it.
        bytes[19] ^= 1;
        caller.peer.handle_datagram(caller.now, address(SERVER), address(CALLER), &bytes);
    }
    assert_eq!(caller.peer.heard_at(), None);
    assert!(caller.peer.counters().stun_refused >= 2);
}

#[test]
fn an_answer_that_does_not_fit_the_offer_is_refused() {
    let fits = {
        let mut caller = Caller::new();
        Parent::answers(&mut caller).answer.sdp
    };
    for (tampered, why) in [
        (fits.replace("a=mid:1", "a=mid:7"), "a section of its own"),
        (fits.replace("a=rtcp-mux\r\n", "").replace("a=rtcp-mux-only\r\n", ""), "RTCP apart"),
        (fits.replace("a=sendonly", "a=inactive"), "nothing sent"),
        (fits.replace("VP8/90000", "H264/90000"), "a payload type that means something else"),
    ] {
        let mut caller = Caller::new();
        let reply = Reply::parse(&tampered).unwrap();
        assert!(caller.peer.accept_answer(caller.now, &reply).is_err(), "{why}");
    }
    let mut caller = Caller::new();
    caller.accept(&fits);
    assert!(caller.peer.accept_answer(caller.now, &Reply::parse(&fits).unwrap()).is_err(), "a second answer");
}

#[test]
fn a_server_with_full_ice_that_sends_its_own_checks_is_a_parent_too() {
    let mut caller = Caller::new();
    let setup = client::Setup { now: caller.now, identity: identity(), address: address(SERVER) };
    let plays = client::Watch { audio: vec![CodecChoice::opus()], video: vec![vp8()], ..client::Watch::default() };
    let (mut server, answer) = Client::answerer(setup, &plays, &caller.offer).unwrap();
    assert!(!answer.contains("a=ice-lite"));
    let tracks = caller.accept(&answer);
    assert!(tracks.iter().any(|track| track.kind == Kind::Video));
    let mut server_connected = false;
    for _ in 0..400 {
        caller.now += ms(5);
        caller.peer.handle_timeout(caller.now);
        server.handle_timeout(caller.now);
        loop {
            caller.poll();
            let mut quiet = caller.out.is_empty();
            for bytes in std::mem::take(&mut caller.out) {
                server.handle_datagram(caller.now, address(CALLER), &bytes);
            }
            while let Some(output) = server.poll() {
                quiet = false;
                match output {
                    client::Output::Datagram { bytes, .. } => {
                        caller.peer.handle_datagram(caller.now, address(SERVER), address(CALLER), &bytes);
                    }
                    client::Output::Event(client::Event::Connected { .. }) => server_connected = true,
                    client::Output::Event(_) => {}
                }
            }
            if quiet {
                break;
            }
        }
    }
    assert!(caller.connected && server_connected);
    assert_eq!(caller.closed, None);
}
