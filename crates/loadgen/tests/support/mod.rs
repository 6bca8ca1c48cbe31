//! The smallest server that can be measured: one room, one thread, WHIP and WHEP by hand, and media forwarded by the
//! transport's own parts. It can be told to do wrong, because a measurement is trusted when it was seen to fail.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use media::codec::{Kind, facts};
use media::{Header, RtpTime, Seq, ext};
use transport::srtp::{Keys, OpenError, Opener, Sealer};
use transport::{
    Accept, CodecChoice, Creds, Datagram, Event, Identity, Mid, Offer, Output, Peer, Received, SendTrack, Side, demux,
    rtcp, stun,
};

/// What the server does to every viewer's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Every n-th packet is not forwarded; sequence numbers show it.
    Lose(u64),
    /// As `Lose`, but sent again, by RTX, to who asks.
    LoseUntilAsked(u64),
    /// Viewers begin in the middle of a picture, and get a keyframe when they ask for one.
    BeginAnywhere,
    /// As `Lose`, but numbered over, so that only the publisher's own counter shows it.
    LoseSilently(u64),
    /// Every n-th packet is forwarded twice, under two numbers.
    Repeat(u64),
    /// Every n-th packet is sealed and sent twice under one number.
    SealTwice(u64),
    /// Every n-th packet changes places with its follower.
    Swap(u64),
    /// A bit of every n-th payload's end is wrong.
    Corrupt(u64),
    /// Viewers get a session and never any media.
    Silence,
    /// The first viewers are refused.
    Refuse(u32),
}

pub struct Server {
    pub url: String,
    state: Arc<Mutex<State>>,
}

/// What the viewers said, all together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    pub compounds: u64,
    /// Sealed under an SRTCP index that was used before.
    pub indexes_used_twice: u64,
    /// Not to be opened at all.
    pub foreign: u64,
    /// Report blocks, and the losses in them.
    pub blocks: u64,
    pub lost: u64,
    /// Arrivals in transport-wide feedback.
    pub arrivals: u64,
    pub nacks: u64,
    pub plis: u64,
}

struct State {
    fault: Fault,
    identity: Identity,
    address: SocketAddr,
    seats: Vec<Seat>,
    published: [Option<CodecChoice>; 2],
    by_address: HashMap<SocketAddr, usize>,
    refused: u32,
    heard: Heard,
}

struct Seat {
    peer: Peer,
    tracks: Vec<Track>,
    keys: Option<Keys>,
    opener: Option<Opener>,
    transport_seq: u16,
    to: Option<SocketAddr>,
    publisher: bool,
    video: Option<Mid>,
}

struct Track {
    send: SendTrack,
    next: u64,
    count: u64,
    started: bool,
    held: Option<(Received, u64)>,
    /// What was not sent, by its number, for who asks.
    withheld: Vec<(Received, u64)>,
    repairs: u64,
}

impl Server {
    pub fn start(fault: Fault) -> Server {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
        let http = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", http.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            fault,
            identity: Identity::generate().unwrap(),
            address: socket.local_addr().unwrap(),
            seats: Vec::new(),
            published: [None, None],
            by_address: HashMap::new(),
            refused: 0,
            heard: Heard::default(),
        }));
        let (shared, kept) = (state.clone(), state.clone());
        // Both threads end with the test's process.
        std::thread::spawn(move || {
            http.incoming().for_each(|stream| answer(&mut stream.unwrap(), &mut shared.lock().unwrap()));
        });
        std::thread::spawn(move || {
            let mut bytes = [0; 2048];
            loop {
                let received = socket.recv_from(&mut bytes);
                let mut state = state.lock().unwrap();
                if let Ok((length, from)) = received {
                    state.receive(from, &bytes[..length], &socket);
                }
                state.turn(&socket);
            }
        });
        Server { url, state: kept }
    }

    pub fn heard(&self) -> Heard {
        self.state.lock().unwrap().heard
    }
}

fn answer(stream: &mut TcpStream, state: &mut State) {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    let (head, body) = loop {
        let n = stream.read(&mut chunk).unwrap();
        request.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let reply = if head.starts_with("DELETE") {
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()
    } else if head.starts_with("GET") {
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()
    } else if matches!(state.fault, Fault::Refuse(n) if head.starts_with("POST /whep") && state.refused < n) {
        state.refused += 1;
        let problem = r#"{"detail":"the room is full"}"#;
        format!("HTTP/1.1 503 Full\r\nContent-Length: {}\r\n\r\n{problem}", problem.len())
    } else {
        let sdp = state.accept(&body, head.starts_with("POST /whip"));
        let location = format!("/session/{}", state.seats.len());
        let length = sdp.len();
        format!("HTTP/1.1 201 Created\r\nLocation: {location}\r\nContent-Length: {length}\r\n\r\n{sdp}")
    };
    stream.write_all(reply.as_bytes()).unwrap();
}

impl State {
    fn accept(&mut self, sdp: &str, publisher: bool) -> String {
        let offer = Offer::parse(sdp).unwrap();
        if publisher {
            // The tests' publishers offer one codec per kind.
            self.published = [Kind::Audio, Kind::Video].map(|kind| offer.codecs(kind).next());
        }
        let side = match publisher {
            true => Side::Publish,
            false => Side::Watch { audio: self.published[0].as_ref(), video: self.published[1].as_ref() },
        };
        let n = self.seats.len();
        let (peer, answer) = Peer::accept(Accept {
            now: Instant::now(),
            identity: &self.identity,
            creds: Creds { ufrag: format!("seat{n:04}"), pwd: "0123456789abcdef01234567".to_owned() },
            candidates: &[self.address],
            offer: &offer,
            side,
            ssrc_seed: n as u64,
        })
        .unwrap();
        let video = answer.receivers.iter().find(|track| track.kind == Kind::Video).map(|track| track.mid);
        let track =
            |send| Track { send, next: 1, count: 0, started: false, held: None, withheld: Vec::new(), repairs: 1 };
        let tracks = answer.senders.into_iter().map(track).collect();
        self.seats.push(Seat { peer, tracks, keys: None, opener: None, transport_seq: 0, to: None, publisher, video });
        answer.sdp
    }

    fn receive(&mut self, from: SocketAddr, bytes: &[u8], socket: &UdpSocket) {
        let kind = demux(bytes);
        if kind == Datagram::Stun
            && let Some(seat) = stun::local_ufrag(bytes).and_then(|ufrag| ufrag.strip_prefix("seat")?.parse().ok())
        {
            self.by_address.insert(from, seat);
        }
        let Some(seat) = self.by_address.get(&from).and_then(|seat| self.seats.get_mut(*seat)) else { return };
        if seat.publisher || matches!(kind, Datagram::Stun | Datagram::Dtls) {
            return seat.peer.handle_datagram(Instant::now(), from, self.address, bytes);
        }
        let mut clear = Vec::new();
        match seat.opener.as_mut().map(|opener| opener.open_rtcp(bytes, &mut clear)) {
            Some(Ok(())) => self.heard.compounds += 1,
            Some(Err(OpenError::Replayed)) => self.heard.indexes_used_twice += 1,
            Some(Err(_)) => self.heard.foreign += 1,
            None => {}
        }
        let plis = self.heard.plis;
        for packet in rtcp::read(&clear) {
            match packet {
                rtcp::Packet::ReceiverReport { blocks, .. } | rtcp::Packet::SenderReport { blocks, .. } => {
                    for block in blocks {
                        self.heard.blocks += 1;
                        self.heard.lost += u64::from(block.fraction_lost > 0);
                    }
                }
                rtcp::Packet::Twcc(feedback) => {
                    self.heard.arrivals += feedback.arrivals().filter(|(_, at)| at.is_some()).count() as u64;
                }
                rtcp::Packet::Nack { media, lost, .. } => {
                    self.heard.nacks += lost.count() as u64;
                    lost.for_each(|seq| seat.repair(media, seq, socket));
                }
                rtcp::Packet::Pli { .. } => self.heard.plis += 1,
                _ => {}
            }
        }
        if self.heard.plis > plis {
            self.request_keyframe();
        }
    }

    fn request_keyframe(&mut self) {
        if let Some(publisher) = self.seats.iter_mut().find(|seat| seat.publisher) {
            let mid = publisher.video.expect("the tests publish video");
            publisher.peer.request_keyframe(mid, None);
        }
    }

    fn turn(&mut self, socket: &UdpSocket) {
        let now = Instant::now();
        let (mut packets, mut joined) = (Vec::new(), false);
        for seat in &mut self.seats {
            if seat.peer.next_timeout() <= now {
                seat.peer.handle_timeout(now);
            }
            while let Some(output) = seat.peer.poll() {
                match output {
                    Output::Datagram { to, bytes } => drop(socket.send_to(&bytes, to)),
                    Output::Event(Event::Connected { keys, remote }) => {
                        seat.to = Some(remote);
                        joined |= keys.is_some();
                        seat.opener = keys.as_ref().map(Opener::new);
                        seat.keys = keys;
                    }
                    Output::Event(Event::Media(packet)) => packets.push(packet),
                    Output::Event(_) => {}
                }
            }
        }
        if joined && self.fault != Fault::BeginAnywhere {
            self.request_keyframe();
        }
        for packet in packets {
            for seat in self.seats.iter_mut().filter(|seat| !seat.publisher) {
                seat.forward(self.fault, &packet, socket);
            }
        }
    }
}

impl Seat {
    fn forward(&mut self, fault: Fault, packet: &Received, socket: &UdpSocket) {
        let (Some(keys), Some(to)) = (&self.keys, self.to) else { return };
        let track = self.tracks.iter_mut().find(|track| track.send.kind == packet.codec.kind());
        let Some(track) = track.filter(|_| fault != Fault::Silence && !packet.payload.is_empty()) else { return };
        let facts = facts(packet.codec, &packet.payload, packet.marker, None);
        track.started |= facts.keyframe && facts.frame_start || fault == Fault::BeginAnywhere;
        if !track.started {
            return;
        }
        track.count += 1;
        let hit = |n: u64| track.count % n == 0;
        let transport_seq = &mut self.transport_seq;
        let mut send = |packet: &Received, number: u64| {
            *transport_seq = transport_seq.wrapping_add(1);
            send(keys, &track.send, *transport_seq, to, socket, packet, number);
        };
        let number = track.next;
        track.next += 1;
        match fault {
            Fault::Lose(n) if hit(n) => {}
            Fault::LoseUntilAsked(n) if hit(n) => track.withheld.push((packet.clone(), number)),
            Fault::LoseSilently(n) if hit(n) => track.next = number,
            Fault::Repeat(n) if hit(n) => {
                send(packet, number);
                send(packet, number + 1);
                track.next += 1;
            }
            Fault::SealTwice(n) if hit(n) => (0..2).for_each(|_| send(packet, number)),
            Fault::Swap(n) if hit(n) => track.held = Some((packet.clone(), number)),
            Fault::Corrupt(n) if hit(n) => {
                let mut payload = packet.payload.to_vec();
                *payload.last_mut().expect("padding was skipped") ^= 1;
                send(&Received { payload: payload.into(), ..packet.clone() }, number);
            }
            _ => {
                send(packet, number);
                if let Some((held, number)) = track.held.take() {
                    send(&held, number);
                }
            }
        }
    }
}

impl Seat {
    /// Sends what was withheld on the stream of retransmissions, its number in front (RFC 4588 §4).
    fn repair(&mut self, media: u32, seq: u16, socket: &UdpSocket) {
        let (Some(keys), Some(to)) = (&self.keys, self.to) else { return };
        let Some(track) = self.tracks.iter_mut().find(|track| track.send.ssrc == media) else { return };
        let Some(at) = track.withheld.iter().position(|(_, number)| *number as u16 == seq) else { return };
        let (packet, number) = track.withheld.remove(at);
        let (pt, ssrc) = track.send.rtx.expect("a NACK is only negotiated with RTX");
        let payload = [&(number as u16).to_be_bytes()[..], &packet.payload].concat();
        self.transport_seq = self.transport_seq.wrapping_add(1);
        let repairs = SendTrack { pt, ssrc, ..track.send.clone() };
        let packet = Received { payload: payload.into(), ..packet };
        send(keys, &repairs, self.transport_seq, to, socket, &packet, track.repairs);
        track.repairs += 1;
    }
}

/// Each packet with a sealer of its own: one that remembers refuses to seal a number twice, which a fault here wants.
fn send(
    keys: &Keys,
    track: &SendTrack,
    transport_seq: u16,
    to: SocketAddr,
    socket: &UdpSocket,
    packet: &Received,
    number: u64,
) {
    let header = Header {
        marker: packet.marker,
        payload_type: track.pt,
        seq: Seq(number as u16),
        time: RtpTime(packet.time),
        ssrc: track.ssrc,
    };
    let mut extensions = ext::Writer::new();
    extensions.push_kind(&track.ext, ext::Kind::Mid, track.mid.as_str().as_bytes());
    extensions.transport_seq(&track.ext, transport_seq);
    let mut bytes = [0; 2048];
    let length = header.write(&extensions, &mut bytes).unwrap();
    let length = Sealer::new(keys).seal_rtp_gather(&mut bytes, length, &packet.payload, track.ssrc, number).unwrap();
    let _ = socket.send_to(&bytes[..length], to);
}
