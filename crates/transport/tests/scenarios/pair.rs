//! A server peer, a client and a wire between them, in virtual time. What the engine does for a viewer (seal, open,
//! retransmit) is done here with the crate's own pieces, in its simplest form.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use media::codec::{Codec, Kind};
use media::ext;
use media::packet::Header;
use media::{RtpTime, Seq};
use transport::client::{self, Client};
use transport::peer::{self, Peer};
use transport::rtcp;
use transport::srtp::{Keys, Opener, Profile, Sealer};
use transport::{
    Accept, Answer, CodecChoice, Creds, Datagram, Error, Event, Identity, Label, Offer, Output, Reason, Received, Rid,
    SendTrack, Side, demux,
};

pub fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::generate().unwrap())
}

pub fn vp8() -> CodecChoice {
    CodecChoice { codec: Codec::Vp8, fmtp: String::new() }
}

pub fn h264(profile_level_id: &str) -> CodecChoice {
    let fmtp = format!("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile_level_id}");
    CodecChoice { codec: Codec::H264, fmtp }
}

pub fn rid(name: &str) -> Rid {
    Label::new(name).unwrap()
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Which way a datagram travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

/// Packets kept for repair: below half of the sequence space, so that a number names one of them.
const KEPT_MAX: usize = 4096;

/// Decides whether a datagram arrives.
type Filter = Box<dyn FnMut(Way, &[u8]) -> bool>;

pub struct Pair {
    pub now: Instant,
    pub peer: Peer,
    pub client: Client,
    pub answer: Answer,
    pub server: SocketAddr,
    /// Where the client's datagrams appear to come from.
    pub client_seen_at: SocketAddr,
    pub filter: Filter,
    /// Media and reports of the publisher, as the server sees them.
    pub received: Vec<Received>,
    pub sender_reports: Vec<peer::SenderReport>,
    /// Everything else the server's peer said.
    pub server_events: Vec<String>,
    pub server_closed: Option<Reason>,
    /// What the client got and said.
    pub client_received: Vec<Received>,
    pub client_events: Vec<String>,
    pub client_closed: Option<Reason>,
    pub keyframes_requested: Vec<(Kind, Option<Rid>)>,
    pub profile: Option<Profile>,
    pub client_keys: Option<Keys>,
    pub egress: Egress,
    pub moved_to: Option<SocketAddr>,
    pub server_channels: Vec<peer::Channel>,
    pub client_channels: Vec<peer::Channel>,
    up: VecDeque<Vec<u8>>,
    down: VecDeque<Vec<u8>>,
}

/// The engine's part for a viewer.
#[derive(Default)]
pub struct Egress {
    pub sealer: Option<Sealer>,
    opener: Option<Opener>,
    sent: BTreeMap<u64, Vec<u8>>,
    pub rtx_index: u64,
    pub retransmitted: u64,
    /// Compounds of the viewer that could be opened.
    pub compounds: u64,
    pub keyframes_wanted: u64,
    pub reports: Vec<rtcp::ReportBlock>,
    pub transport_arrivals: u64,
    transport_seq: u16,
}

impl Pair {
    pub fn publish(publish: &client::Publish) -> Pair {
        Pair::publish_at(publish, "192.0.2.1:7000", "198.51.100.1:5000")
    }

    pub fn publish_at(publish: &client::Publish, server: &str, client: &str) -> Pair {
        let now = Instant::now();
        let setup = client::Setup { now, identity: identity(), address: client.parse().unwrap() };
        let client = Client::publisher(setup, publish).unwrap();
        Pair::connect(now, client, Side::Publish, &[server.parse().unwrap()], |sdp| sdp).unwrap()
    }

    pub fn watch(watch: &client::Watch, audio: Option<&CodecChoice>, video: Option<&CodecChoice>) -> Pair {
        let now = Instant::now();
        let setup = client::Setup { now, identity: identity(), address: "198.51.100.1:5000".parse().unwrap() };
        let client = Client::viewer(setup, watch).unwrap();
        let server = "192.0.2.1:7000".parse().unwrap();
        Pair::connect(now, client, Side::Watch { audio, video }, &[server], |sdp| sdp).unwrap()
    }

    /// Offer and answer; `tamper` may change both on their way.
    pub fn connect(
        now: Instant,
        mut client: Client,
        side: Side<'_>,
        candidates: &[SocketAddr],
        tamper: impl Fn(String) -> String,
    ) -> Result<Pair, Error> {
        let offer = Offer::parse(&tamper(client.offer().to_owned()))?;
        let creds = Creds { ufrag: "w0s1g1".into(), pwd: "an-ice-password-of-26-chars".into() };
        let accept = Accept { now, identity: identity(), creds, candidates, offer: &offer, side, ssrc_seed: 42 };
        let (peer, answer) = Peer::accept(accept)?;
        client.accept_answer(&tamper(answer.sdp.clone()))?;
        Ok(Pair {
            now,
            peer,
            client,
            answer,
            server: candidates[0],
            client_seen_at: if candidates[0].is_ipv4() {
                "198.51.100.1:5000".parse().unwrap()
            } else {
                "[2001:db8::2]:5000".parse().unwrap()
            },
            filter: Box::new(|_, _| true),
            received: Vec::new(),
            sender_reports: Vec::new(),
            server_events: Vec::new(),
            server_closed: None,
            client_received: Vec::new(),
            client_events: Vec::new(),
            client_closed: None,
            keyframes_requested: Vec::new(),
            profile: None,
            client_keys: None,
            egress: Egress::default(),
            moved_to: None,
            server_channels: Vec::new(),
            client_channels: Vec::new(),
            up: VecDeque::new(),
            down: VecDeque::new(),
        })
    }

    /// Lets virtual time pass, 1 ms at a time or more when nobody wants to be woken.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            let next = self.client.next_timeout().min(self.peer.next_timeout()).max(self.now + ms(1));
            if next > end {
                break;
            }
            self.now = next;
            self.client.handle_timeout(self.now);
            self.peer.handle_timeout(self.now);
        }
        self.now = end;
    }

    pub fn run_until_connected(&mut self) {
        for _ in 0..100 {
            self.run(ms(50));
            if self.peer.is_connected() && self.profile.is_some() {
                return;
            }
        }
        panic!("not connected: {:?} {:?}", self.server_events, self.client_events);
    }

    /// Delivers all datagrams that either side has.
    fn settle(&mut self) {
        loop {
            while let Some(output) = self.client.poll() {
                self.on_client(output);
            }
            while let Some(output) = self.peer.poll() {
                self.on_server(output);
            }
            if let Some(bytes) = self.up.pop_front() {
                if (self.filter)(Way::Up, &bytes) {
                    self.deliver_up(&bytes);
                }
            } else if let Some(bytes) = self.down.pop_front() {
                if (self.filter)(Way::Down, &bytes) {
                    self.client.handle_datagram(self.now, self.server, &bytes);
                }
            } else {
                return;
            }
        }
    }

    /// As the engine does it: a viewer's SRTCP is opened here, everything else is the peer's.
    pub fn deliver_up(&mut self, bytes: &[u8]) {
        match (demux(bytes), &mut self.egress.opener) {
            (Datagram::Rtcp, Some(opener)) => {
                let mut clear = Vec::new();
                if opener.open_rtcp(bytes, &mut clear).is_ok() {
                    self.peer.heard(self.now);
                    self.on_viewer_report(&clear);
                }
            }
            _ => self.peer.handle_datagram(self.now, self.client_seen_at, self.server, bytes),
        }
    }

    fn on_client(&mut self, output: client::Output) {
        let event = match output {
            client::Output::Datagram { to, bytes } => {
                assert_eq!(to, self.server);
                self.up.push_back(bytes);
                return;
            }
            client::Output::Event(event) => event,
        };
        match event {
            client::Event::Connected { keys } => {
                self.profile = Some(keys.profile());
                self.client_keys = Some(keys);
            }
            client::Event::Media(received) => self.client_received.push(received),
            client::Event::KeyframeRequested { kind, rid } => self.keyframes_requested.push((kind, rid)),
            client::Event::ChannelOpen { channel, label } => {
                self.client_channels.push(channel);
                self.client_events.push(format!("open {label}"));
            }
            client::Event::ChannelMessage { data, .. } => {
                self.client_events.push(format!("message {}", String::from_utf8_lossy(&data)));
            }
            client::Event::ChannelClosed { .. } => self.client_events.push("channel closed".into()),
            client::Event::Disconnected => self.client_events.push("disconnected".into()),
            client::Event::Closed(reason) => self.client_closed = Some(reason),
        }
    }

    fn on_server(&mut self, output: Output) {
        let event = match output {
            Output::Datagram { to, bytes } => {
                if to == self.client_seen_at {
                    self.down.push_back(bytes);
                }
                return;
            }
            Output::Event(event) => event,
        };
        match event {
            Event::Connected { keys, remote } => {
                self.server_events.push(format!("connected {remote}"));
                if let Some(keys) = keys {
                    self.egress.opener = Some(Opener::new(&keys));
                    self.egress.sealer = Some(Sealer::new(&keys));
                }
            }
            Event::Media(received) => self.received.push(received),
            Event::SenderReport(report) => self.sender_reports.push(report),
            Event::RemoteMoved(to) => self.moved_to = Some(to),
            Event::ChannelOpen { channel, label } => {
                self.server_channels.push(channel);
                self.server_events.push(format!("open {label}"));
            }
            Event::ChannelMessage { data, .. } => {
                self.server_events.push(format!("message {}", String::from_utf8_lossy(&data)));
            }
            Event::ChannelDrained { .. } => self.server_events.push("channel drained".into()),
            Event::ChannelClosed { .. } => self.server_events.push("channel closed".into()),
            Event::Closed(reason) => self.server_closed = Some(reason),
        }
    }

    pub fn track(&self, kind: Kind) -> SendTrack {
        self.answer.senders.iter().find(|track| track.kind == kind).unwrap().clone()
    }

    /// Seals one packet for the viewer and puts it on the wire.
    pub fn send(&mut self, track: &SendTrack, index: u64, time: u32, marker: bool, payload: &[u8]) {
        let seq = self.egress.transport_seq;
        self.egress.transport_seq = seq.wrapping_add(1);
        let datagram = self.sealed(track, track.pt, track.ssrc, index, time, marker, payload, seq);
        let mut kept = time.to_be_bytes().to_vec();
        kept.push(u8::from(marker));
        kept.extend_from_slice(payload);
        // Sound is not sent again, and one of its numbers must not be taken for the picture's.
        if track.rtx.is_some() {
            self.egress.sent.insert(index, kept);
        }
        if self.egress.sent.len() > KEPT_MAX {
            self.egress.sent.pop_first();
        }
        self.down.push_back(datagram);
    }

    #[allow(clippy::too_many_arguments)] // Spelled out once, for the two callers beside it.
    fn sealed(
        &mut self,
        track: &SendTrack,
        pt: u8,
        ssrc: u32,
        index: u64,
        time: u32,
        marker: bool,
        payload: &[u8],
        transport_seq: u16,
    ) -> Vec<u8> {
        let mut extensions = ext::Writer::new();
        extensions.push_kind(&track.ext, ext::Kind::Mid, track.mid.as_str().as_bytes());
        extensions.transport_seq(&track.ext, transport_seq);
        let header = Header { marker, payload_type: pt, seq: Seq(index as u16), time: RtpTime(time), ssrc };
        let mut datagram = vec![0; 1500];
        let header_len = header.write(&extensions, &mut datagram).unwrap();
        let sealer = self.egress.sealer.as_mut().expect("connected as a viewer");
        let len = sealer.seal_rtp_gather(&mut datagram, header_len, payload, ssrc, index).unwrap();
        datagram.truncate(len);
        datagram
    }

    fn on_viewer_report(&mut self, compound: &[u8]) {
        self.egress.compounds += 1;
        for packet in rtcp::read(compound) {
            match packet {
                rtcp::Packet::Nack { media, lost, .. } => {
                    let track = self.answer.senders.iter().find(|track| track.ssrc == media).cloned().unwrap();
                    let (pt, ssrc) = track.rtx.expect("a NACK is only negotiated with RTX");
                    for seq in lost {
                        let Some((index, kept)) = self.egress.sent.iter().find(|(index, _)| **index as u16 == seq)
                        else {
                            continue;
                        };
                        let (index, kept) = (*index, kept.clone());
                        let time = u32::from_be_bytes(kept[..4].try_into().unwrap());
                        let payload = [&(index as u16).to_be_bytes()[..], &kept[5..]].concat();
                        let own = self.egress.rtx_index;
                        self.egress.rtx_index += 1;
                        self.egress.retransmitted += 1;
                        let transport_seq = self.egress.transport_seq;
                        self.egress.transport_seq = transport_seq.wrapping_add(1);
                        let marker = kept[4] == 1;
                        let datagram = self.sealed(&track, pt, ssrc, own, time, marker, &payload, transport_seq);
                        self.down.push_back(datagram);
                    }
                }
                rtcp::Packet::Pli { .. } => self.egress.keyframes_wanted += 1,
                // An endpoint that could send puts its blocks into a sender report.
                rtcp::Packet::ReceiverReport { blocks, .. } | rtcp::Packet::SenderReport { blocks, .. } => {
                    self.egress.reports.extend(blocks)
                }
                rtcp::Packet::Twcc(twcc) => {
                    self.egress.transport_arrivals += twcc.arrivals().filter(|(_, at)| at.is_some()).count() as u64;
                }
                _ => {}
            }
        }
    }

    /// Sends a sender report to the viewer.
    pub fn send_report(&mut self, track: &SendTrack, info: &rtcp::SenderInfo) {
        let mut packet = Vec::new();
        rtcp::sender_report(&mut packet, track.ssrc, info, &[], &track.cname);
        assert!(self.egress.sealer.as_mut().unwrap().seal_rtcp(&mut packet));
        self.down.push_back(packet);
    }

    /// Sends one packet of the publisher.
    pub fn send_up(&mut self, kind: Kind, rid: Option<Rid>, seq: u64, payload: &[u8]) {
        let time = seq as u32 * 3000;
        let (audio_level, dd) = (None, None);
        let packet = client::Packet { kind, rid, seq, time, marker: true, payload, audio_level, dd };
        assert!(self.client.send_rtp(self.now, &packet));
        self.client.handle_timeout(self.now);
        self.settle();
    }

    pub fn received_seqs(&self) -> Vec<u64> {
        let mut seqs: Vec<u64> = self.received.iter().map(|received| received.seq).collect();
        seqs.sort_unstable();
        seqs
    }
}
