//! Our end of one peer connection: the server's, or with [`Peer::dial`] that of a client of another server.
//!
//! A `Peer` wraps one str0m session, which does ICE-lite, DTLS, data channels, and for publishers the receive
//! path: NACK, RTX, transport feedback, receiver reports. It is fed datagrams and time and polled for output until it
//! has none; then [`Peer::next_timeout`] says when it wants time again.
//!
//! Two things str0m is kept from:
//! - **A viewer's media.** Not one stream is declared to it, no SRTP or SRTCP is fed to it, and should it ever produce a
//!   datagram that is neither STUN nor DTLS, that is dropped and counted: the engine seals with the same keys, and two
//!   senders under one AES-GCM key end in a reused nonce (see [`crate::srtp`]).
//! - **Unauthenticated packets of a publisher.** str0m binds SSRCs to streams before it checks who sent a packet, so one
//!   forged datagram could take a stream over. Here a packet is authenticated first.

mod channels;
mod dial;
mod numbers;
mod path;
mod setup;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::codec::Codec;
use str0m::net::{Protocol, Receive};
use str0m::{Input, Rtc};

use crate::identity::KeySlot;
use crate::label::{Mid, Rid};
use crate::offer::{Offer, Role};
use crate::srtp::{Keys, OpenError, Opener};
use crate::stun::Request;
use crate::{Answer, Creds, Datagram, Error, Fragment, Identity, RecvTrack, Reply, Side, demux, rtcp, wire};

use crate::sections::Sections;
pub use channels::Channel;
use numbers::Numbers;
use path::Path;

/// RFC 7675: consent to be sent to lasts 30 s after the last check.
pub const CONSENT: Duration = Duration::from_secs(30);
/// A session that nobody answers for holds memory; RFC 9725 §5 wants that bounded.
pub const FIRST_CHECK: Duration = Duration::from_secs(10);
/// From the offer to the end of the DTLS handshake, at the end of a bad network.
pub const HANDSHAKE: Duration = Duration::from_secs(30);

/// Longest data channel message that is passed on; [`crate::answer`] announces it.
const MESSAGE_LEN_MAX: usize = crate::answer::MESSAGE_LEN_MAX;
/// Longest data channel label that is passed on.
const LABEL_LEN_MAX: usize = 256;

pub struct Accept<'a> {
    pub now: Instant,
    pub identity: &'a Identity,
    pub creds: Creds,
    /// Addresses that reach the worker's socket, the preferred one first.
    pub candidates: &'a [SocketAddr],
    pub offer: &'a Offer,
    pub side: Side<'a>,
    /// 64 random bits, from which SSRCs and names in SDP are made.
    pub ssrc_seed: u64,
}

/// What it takes to call another server.
pub struct Dial<'a> {
    pub now: Instant,
    pub identity: &'a Identity,
    pub creds: Creds,
    /// Addresses of the socket that this peer has for itself.
    pub candidates: &'a [SocketAddr],
    /// 64 random bits, for names in SDP.
    pub seed: u64,
}

pub struct Peer {
    rtc: Rtc,
    role: Role,
    keys: KeySlot,
    local: Creds,
    remote: Creds,
    candidates: Vec<SocketAddr>,
    tagged_mid: Mid,
    path: Path,
    /// There when this end dialled.
    line: Option<dial::Line>,
    sections: Sections,
    numbers: Numbers,
    /// Authenticates a publisher's packets; there from the end of the handshake on.
    opener: Option<Opener>,
    scratch: Vec<u8>,
    connected: bool,
    created_at: Instant,
    heard_at: Option<Instant>,
    now: Instant,
    rtc_timeout: Instant,
    /// Each input leaves one or two, and the caller polls them before the next.
    queue: VecDeque<Output>,
    state: State,
    counters: Counters,
}

/// What differs between peers when they begin.
struct Beginning {
    rtc: Rtc,
    keys: KeySlot,
    role: Role,
    local: Creds,
    remote: Creds,
    candidates: Vec<SocketAddr>,
    tagged_mid: Mid,
    line: Option<dial::Line>,
    sections: Sections,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Open,
    /// What is left to say is being polled out.
    Closing(Reason),
    Closed,
}

#[derive(Debug)]
pub enum Output {
    Datagram { to: SocketAddr, bytes: Vec<u8> },
    Event(Event),
}

#[derive(Debug)]
pub enum Event {
    /// ICE and DTLS are done. A viewer's keys are for the engine's one sealer and opener; a publisher's stay with str0m.
    Connected {
        keys: Option<Keys>,
        remote: SocketAddr,
    },
    /// From here on the peer wants to be sent to at another address.
    RemoteMoved(SocketAddr),
    Media(Received),
    SenderReport(SenderReport),
    ChannelOpen {
        channel: Channel,
        label: String,
    },
    ChannelMessage {
        channel: Channel,
        binary: bool,
        data: Vec<u8>,
    },
    /// Less than its low mark waits to be sent or confirmed, see [`Peer::set_low_mark`].
    ChannelDrained {
        channel: Channel,
    },
    ChannelClosed {
        channel: Channel,
    },
    /// The last event.
    Closed(Reason),
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("closed by us")]
    Local,
    #[error("closed by the peer")]
    Remote,
    #[error("no connectivity check arrived within {FIRST_CHECK:?}; is the UDP port reachable?")]
    Unreachable,
    #[error("the DTLS handshake was not done within {HANDSHAKE:?}")]
    HandshakeTimeout,
    #[error("the peer was silent for {CONSENT:?}")]
    ConsentExpired,
    #[error("the certificate is not the one in the SDP")]
    WrongFingerprint,
    #[error("{0}")]
    Protocol(String),
}

/// One packet of a publisher: decrypted, in its own numbering, never a duplicate, possibly late. Packets repaired by RTX
/// look like any other.
#[derive(Debug, Clone)]
pub struct Received {
    pub mid: Mid,
    pub rid: Option<Rid>,
    pub codec: Codec,
    pub pt: u8,
    /// Changes when the publisher restarts a stream; numbering and clock then start anew.
    pub ssrc: u32,
    /// Extended sequence number.
    pub seq: u64,
    pub time: u32,
    pub marker: bool,
    /// Empty when the packet was padding: it still takes its place in the numbering.
    pub payload: Arc<[u8]>,
    /// The payload with earlier packets in front of it, for viewers who take that (see [`media::red`]), when the publisher
    /// sends it so. `payload` is the part that is due, and `pt` its type.
    pub red: Option<Arc<[u8]>>,
    /// Level in -dBov and voice activity.
    pub audio_level: Option<(u8, bool)>,
    /// Dependency descriptor as received.
    pub dd: Option<Box<[u8]>>,
    /// Rotation in quarter turns, as in the last two bits of the video orientation extension.
    pub orientation: Option<u8>,
    pub arrival: Instant,
}

/// The publisher's own clock against its RTP clock, for lip sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    pub mid: Mid,
    pub rid: Option<Rid>,
    pub ntp: u64,
    pub rtp_time: u32,
    pub arrival: Instant,
}

/// What was not believed or not sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Neither STUN, DTLS, RTP nor RTCP, or broken as such.
    pub malformed: u64,
    /// Binding requests with wrong credentials, and STUN that is not a binding request.
    pub stun_refused: u64,
    /// DTLS from an address without an authentic check, or that DTLS refused.
    pub dtls_refused: u64,
    /// SRTP and SRTCP that was not sealed with the session's key, or came before there was one.
    pub not_authentic: u64,
    /// SRTP and SRTCP received before.
    pub replayed: u64,
    /// Authentic packets that str0m could not have stood.
    pub implausible: u64,
    /// SRTP and SRTCP of a viewer, which the engine opens and this must not see.
    pub misrouted: u64,
    /// Datagrams that str0m wanted to seal with a viewer's key. Anything but zero is a bug.
    pub forbidden: u64,
    /// Data channel messages too long to pass on.
    pub messages_too_long: u64,
}

impl Peer {
    fn begin(now: Instant, beginning: Beginning) -> Peer {
        let Beginning { rtc, keys, role, local, remote, candidates, tagged_mid, line, sections } = beginning;
        Peer {
            rtc,
            role,
            keys,
            local,
            remote,
            candidates,
            tagged_mid,
            path: Path::default(),
            line,
            sections,
            numbers: Numbers::new(now),
            opener: None,
            scratch: Vec::new(),
            connected: false,
            created_at: now,
            heard_at: None,
            now,
            rtc_timeout: now + Duration::from_secs(1),
            queue: VecDeque::new(),
            state: State::Open,
            counters: Counters::default(),
        }
    }

    /// Answers an offer. The peer waits for connectivity checks from then on.
    pub fn accept(accept: Accept<'_>) -> Result<(Peer, Answer), Error> {
        setup::accept(accept)
    }

    /// Offers to receive one audio and one video track from another server, to which the returned text goes. Its answer
    /// comes to [`Peer::accept_answer`]; from then on this end sends the connectivity checks, and what arrives is like a publisher's.
    pub fn dial(dial: Dial<'_>) -> Result<(Peer, String), Error> {
        dial::dial(dial)
    }

    /// Takes the other server's answer, and says what it will send.
    pub fn accept_answer(&mut self, now: Instant, reply: &Reply) -> Result<Vec<RecvTrack>, Error> {
        self.now = self.now.max(now);
        self.take_reply(reply)
    }

    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if self.state != State::Open {
            return;
        }
        self.now = self.now.max(now);
        match demux(bytes) {
            Datagram::Stun => self.handle_stun(from, to, bytes),
            Datagram::Dtls if self.is_validated(from) => self.feed(from, to, bytes),
            Datagram::Dtls => self.counters.dtls_refused += 1,
            // See the module documentation.
            Datagram::Rtp | Datagram::Rtcp if self.role == Role::Watch => self.counters.misrouted += 1,
            Datagram::Rtp => self.handle_rtp(from, to, bytes),
            Datagram::Rtcp => self.handle_rtcp(from, to, bytes),
            Datagram::Other => self.counters.malformed += 1,
        }
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        if self.state == State::Closed {
            return;
        }
        self.now = self.now.max(now);
        if self.state == State::Open && self.now >= self.deadline() {
            let reason = match (self.connected, self.heard_at) {
                (true, _) => Reason::ConsentExpired,
                (false, None) => Reason::Unreachable,
                (false, Some(_)) => Reason::HandshakeTimeout,
            };
            self.start_close(reason);
        }
        if let Err(error) = self.rtc.handle_input(Input::Timeout(self.now)) {
            self.fail(error);
        }
    }

    /// When [`Peer::handle_timeout`] is due. Meaningful once [`Peer::poll`] has returned `None`.
    pub fn next_timeout(&self) -> Instant {
        match self.state {
            State::Closed => self.now + Duration::from_secs(24 * 3600),
            _ => self.rtc_timeout.min(self.deadline()),
        }
    }

    /// The next thing to send or to know. Call until `None` after every other call.
    pub fn poll(&mut self) -> Option<Output> {
        if self.queue.is_empty() {
            self.pump();
        }
        self.queue.pop_front()
    }

    /// Asks the publisher for a keyframe (PLI). False when no packet of that layer has arrived yet.
    pub fn request_keyframe(&mut self, mid: Mid, rid: Option<Rid>) -> bool {
        let rid = rid.map(|rid| rid.as_str().into());
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_rx_by_mid(mid.as_str().into(), rid) else {
            return false;
        };
        stream.request_keyframe(str0m::media::KeyframeRequestKind::Pli);
        true
    }

    /// Whether a trickled candidate is one that can work. Nothing else comes of it: an ICE-lite server sends no checks
    /// and answers those that arrive.
    pub fn add_remote_candidate(&mut self, candidate: &str) -> bool {
        crate::fragment::is_usable_candidate(candidate)
    }

    /// Starts a new ICE generation: checks have to come with the new credentials, DTLS and SRTP go on as they are.
    pub fn restart_ice(&mut self, local: Creds, remote_ufrag: &str, remote_pwd: &str) -> Result<(), Error> {
        if self.state != State::Open {
            return Err(Error::Closed);
        }
        let remote = Creds { ufrag: remote_ufrag.to_owned(), pwd: remote_pwd.to_owned() };
        let mut api = self.rtc.direct_api();
        api.set_local_ice_credentials(wire::ice_creds(&local));
        api.set_remote_ice_credentials(wire::ice_creds(&remote));
        self.local = local;
        self.remote = remote;
        self.path.restart();
        Ok(())
    }

    /// The server's half of an ICE restart, for the body of the 200 response.
    pub fn answer_fragment(&self) -> String {
        Fragment::answer(self.tagged_mid, &self.local, &self.candidates)
    }

    /// Says goodbye; poll out what that takes, up to [`Event::Closed`].
    pub fn close(&mut self, now: Instant) {
        self.now = self.now.max(now);
        if self.state == State::Open {
            self.start_close(Reason::Local);
            if let Err(error) = self.rtc.handle_input(Input::Timeout(self.now)) {
                self.fail(error);
            }
        }
    }

    /// The engine opened an authentic packet of this viewer, so the viewer is there.
    pub fn heard(&mut self, now: Instant) {
        self.heard_at = self.heard_at.max(Some(now));
    }

    /// Where the peer wants to be sent to.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.line.as_ref().map_or_else(|| self.path.remote(), dial::Line::remote)
    }

    pub fn creds(&self) -> &Creds {
        &self.local
    }

    /// The username fragment of the other side: another one in a PATCH means an ICE restart.
    pub fn remote_ufrag(&self) -> &str {
        &self.remote.ufrag
    }

    pub fn is_connected(&self) -> bool {
        self.connected && self.state == State::Open
    }

    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// When the last authentic check or packet came.
    pub fn heard_at(&self) -> Option<Instant> {
        self.heard_at
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn is_validated(&self, from: SocketAddr) -> bool {
        self.line.as_ref().map_or_else(|| self.path.is_validated(from), |line| line.knows(from))
    }

    fn handle_stun(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if self.line.is_some() {
            return self.handle_stun_of_server(from, to, bytes);
        }
        let Some(request) = Request::parse(bytes) else {
            self.counters.stun_refused += 1;
            return;
        };
        // A peer that takes itself for the controlled side makes no sense opposite an ICE-lite server, and str0m would
        // change roles for it.
        let ours = request.local_ufrag == self.local.ufrag
            && request.remote_ufrag == self.remote.ufrag
            && !request.controlled
            && request.verify(&self.local.pwd);
        let before = self.path.remote();
        if !ours || !self.path.check(self.now, from, request.priority, request.use_candidate) {
            self.counters.stun_refused += 1;
            return;
        }
        self.heard_at = Some(self.now);
        if let (true, Some(after)) = (self.connected, self.path.remote())
            && before != Some(after)
        {
            self.queue.push_back(Output::Event(Event::RemoteMoved(after)));
        }
        self.feed(from, to, bytes);
    }

    fn handle_rtp(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let Some(opener) = &mut self.opener else {
            self.counters.not_authentic += 1;
            return;
        };
        match opener.open_rtp(bytes, &mut self.scratch) {
            Ok(opened) => {
                self.heard_at = Some(self.now);
                let packet = &self.scratch[..opened.len];
                let number = self.sections.transport_id().and_then(|id| numbers::read(packet, id));
                if number.is_some_and(|number| !self.numbers.admits(self.now, number)) {
                    self.counters.implausible += 1;
                    return;
                }
                if opened.first {
                    self.sections.declare(&mut self.rtc, packet);
                }
                self.feed(from, to, bytes);
            }
            Err(error) => self.refuse(error),
        }
    }

    fn handle_rtcp(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let Some(opener) = &mut self.opener else {
            self.counters.not_authentic += 1;
            return;
        };
        match opener.open_rtcp(bytes, &mut self.scratch) {
            Ok(()) => {
                self.heard_at = Some(self.now);
                for packet in rtcp::read(&self.scratch) {
                    if let rtcp::Packet::SenderReport { ssrc, info, .. } = packet
                        && let Some((mid, rid)) = self.sections.name(&mut self.rtc, ssrc)
                    {
                        let rtcp::SenderInfo { ntp, rtp_time, .. } = info;
                        let report = SenderReport { mid, rid, ntp, rtp_time, arrival: self.now };
                        self.queue.push_back(Output::Event(Event::SenderReport(report)));
                    }
                }
                self.feed(from, to, bytes);
            }
            Err(error) => self.refuse(error),
        }
    }

    fn refuse(&mut self, error: OpenError) {
        match error {
            OpenError::Malformed => self.counters.malformed += 1,
            OpenError::Replayed => self.counters.replayed += 1,
            OpenError::NotAuthentic | OpenError::TooManySsrcs => self.counters.not_authentic += 1,
        }
    }

    /// Hands a datagram that has earned it to str0m.
    fn feed(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let Ok(receive) = Receive::new(Protocol::Udp, from, self.local_address(to), bytes) else {
            self.counters.malformed += 1;
            return;
        };
        // A datagram that DTLS refuses may be anybody's: it is dropped, and a handshake that cannot succeed runs into
        // its timeout.
        if self.rtc.handle_input(Input::Receive(self.now, receive)).is_err() {
            self.counters.dtls_refused += 1;
            if !self.rtc.is_alive() {
                self.end(Reason::Protocol("the DTLS session broke".to_owned()));
            }
        }
        // str0m keeps one received packet: a second datagram before the next poll would take its place.
        self.pump();
    }

    /// str0m answers only on addresses that it knows as candidates. Behind a one-to-one NAT, or on a wildcard socket,
    /// the datagram arrived on another one.
    fn local_address(&self, to: SocketAddr) -> SocketAddr {
        if self.candidates.contains(&to) {
            return to;
        }
        self.candidates.iter().copied().find(|c| c.is_ipv4() == to.is_ipv4()).unwrap_or(self.candidates[0])
    }

    /// Takes over what str0m has to say.
    fn pump(&mut self) {
        while self.state != State::Closed {
            match self.rtc.poll_output() {
                Ok(str0m::Output::Transmit(transmit)) => {
                    let output = self.transmit(transmit);
                    self.queue.extend(output);
                }
                Ok(str0m::Output::Event(event)) => self.event(event),
                Ok(str0m::Output::Timeout(at)) => {
                    self.rtc_timeout = at;
                    if let State::Closing(reason) = &self.state {
                        self.queue.push_back(Output::Event(Event::Closed(reason.clone())));
                        self.state = State::Closed;
                    }
                    return;
                }
                Err(error) => self.fail(error),
            }
        }
    }

    fn transmit(&mut self, transmit: str0m::net::Transmit) -> Option<Output> {
        let bytes: Vec<u8> = transmit.contents.into();
        let kind = demux(&bytes);
        if self.role == Role::Watch && !matches!(kind, Datagram::Stun | Datagram::Dtls) {
            self.counters.forbidden += 1;
            return None;
        }
        // A check is answered to where it came from; everything else goes to where the peer is now.
        let to = match kind {
            _ if self.line.is_some() => self.note_destination(kind, transmit.destination),
            Datagram::Stun => transmit.destination,
            _ => self.path.remote().unwrap_or(transmit.destination),
        };
        Some(Output::Datagram { to, bytes })
    }

    fn event(&mut self, event: str0m::Event) {
        use str0m::Event as Theirs;
        let event = match event {
            Theirs::Connected => self.on_connected(),
            Theirs::RtpPacket(packet) => {
                if let Some(number) = packet.header.ext_vals.transport_cc {
                    self.numbers.count(number);
                }
                self.sections.received(&mut self.rtc, packet).map(Event::Media)
            }
            Theirs::ChannelOpen(id, mut label) => {
                let end = label.floor_char_boundary(LABEL_LEN_MAX);
                label.truncate(end);
                Some(Event::ChannelOpen { channel: Channel(id), label })
            }
            Theirs::ChannelData(message) if message.data.len() > MESSAGE_LEN_MAX => {
                self.counters.messages_too_long += 1;
                None
            }
            Theirs::ChannelData(message) => {
                Some(Event::ChannelMessage { channel: Channel(message.id), binary: message.binary, data: message.data })
            }
            Theirs::ChannelBufferedAmountLow(id) => Some(Event::ChannelDrained { channel: Channel(id) }),
            Theirs::ChannelClose(id) => Some(Event::ChannelClosed { channel: Channel(id) }),
            Theirs::Closed => {
                if self.state == State::Open {
                    self.state = State::Closing(Reason::Remote);
                }
                None
            }
            _ => None,
        };
        self.queue.extend(event.map(Output::Event));
    }

    fn on_connected(&mut self) -> Option<Event> {
        let (Some(keys), Some(remote)) = (self.keys.take(), self.remote()) else {
            // DTLS answered without use_srtp, or without anyone to send to: there is no media session.
            self.start_close(Reason::Protocol("the peer negotiated no SRTP".to_owned()));
            return None;
        };
        self.connected = true;
        let keys = match self.role {
            Role::Watch => Some(keys),
            Role::Publish => {
                self.opener = Some(Opener::new(&keys));
                None
            }
        };
        Some(Event::Connected { keys, remote })
    }

    /// The latest moment at which the peer has to have given a sign of life.
    fn deadline(&self) -> Instant {
        match (self.connected, self.heard_at) {
            (true, Some(heard_at)) => heard_at + CONSENT,
            (_, None) => self.created_at + FIRST_CHECK,
            (false, Some(_)) => self.created_at + HANDSHAKE,
        }
    }

    fn start_close(&mut self, reason: Reason) {
        self.state = State::Closing(reason);
        // Fails only when there is no DTLS session to close.
        if self.rtc.close().is_err() {
            self.rtc.disconnect();
        }
    }

    fn fail(&mut self, error: str0m::RtcError) {
        let reason = match (&self.state, &error) {
            (State::Closing(reason), _) => reason.clone(),
            (_, str0m::RtcError::RemoteSdp(text)) if text.contains("fingerprint") => Reason::WrongFingerprint,
            _ => Reason::Protocol(error.to_string()),
        };
        self.end(reason);
    }

    /// Ends without another word.
    fn end(&mut self, reason: Reason) {
        self.rtc.disconnect();
        if self.state != State::Closed {
            self.state = State::Closed;
            self.queue.push_back(Output::Event(Event::Closed(reason)));
        }
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({:?}, {:?}, {:?})", self.role, self.local.ufrag, self.state)
    }
}
