//! The other end of a peer connection: an offerer (or, for servers that offer, an answerer) with full ICE, for the load generator, the simulator and tests.
//!
//! Where the server's `Peer` writes its own SDP and seals its own media, a `Client` leaves both to str0m, so that each
//! of our parts is held against an independent one. It has one local address and one media section per kind.
//! [`Client::leave_srtp`] is the exception, for a caller with a thousand of them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use media::codec::{Codec, Kind};
use media::ext;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, Reliability};
use str0m::format::FormatParams;
use str0m::media::{Direction, Frequency, KeyframeRequestKind, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpWrite};
use str0m::{Candidate, IceConnectionState, Input, Rtc};

use crate::answer::RecvTrack;
use crate::identity::KeySlot;
use crate::label::{Label, Mid, Rid};
use crate::peer::{Channel, Reason, Received};
use crate::sections::Sections;
use crate::srtp::Keys;
use crate::wire::{self, Descriptor};
use crate::{CodecChoice, Creds, Datagram, Error, Fragment, Identity, demux};

pub struct Setup<'a> {
    pub now: Instant,
    pub identity: &'a Identity,
    /// The only candidate.
    pub address: SocketAddr,
}

/// What a publisher offers.
#[derive(Debug, Clone, Default)]
pub struct Publish {
    pub audio: Option<CodecChoice>,
    pub video: Option<CodecChoice>,
    /// Simulcast layers of the video, the best first; none for a single stream.
    pub rids: Vec<Rid>,
    /// Opens a data channel with this label.
    pub channel: Option<String>,
}

/// What a viewer can play; an empty list leaves the section out.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    pub audio: Vec<CodecChoice>,
    pub video: Vec<CodecChoice>,
    /// Audio sections beyond the first: each hears one more of those who speak.
    pub more_voices: usize,
    /// Video sections beyond the first: each shows whom it is assigned to.
    pub more_pictures: usize,
    /// Data channels by their labels.
    pub channels: Vec<(String, Delivery)>,
}

/// What a data channel does with a message that is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Sends it again, and keeps the order.
    Reliable,
    /// Nothing, and keeps no order.
    Lossy,
}

/// One RTP packet to send. `seq` is extended and starts below 65,536.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    pub kind: Kind,
    pub rid: Option<Rid>,
    pub seq: u64,
    pub time: u32,
    pub marker: bool,
    pub payload: &'a [u8],
    pub audio_level: Option<(u8, bool)>,
    pub dd: Option<&'a [u8]>,
}

pub struct Client {
    rtc: Rtc,
    keys: KeySlot,
    address: SocketAddr,
    offer: String,
    pending: Option<SdpPendingOffer>,
    sections: Vec<Section>,
    received: Sections,
    now: Instant,
    rtc_timeout: Instant,
    queue: VecDeque<Output>,
    srtp: Srtp,
    forbidden: u64,
    closing: bool,
    closed: bool,
}

/// Who opens and seals the packets of a session. Never both: two senders would count the same SRTCP indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Srtp {
    Str0m,
    Caller,
}

struct Section {
    kind: Kind,
    mid: Mid,
    rids: Vec<Rid>,
}

#[derive(Debug)]
pub enum Output {
    Datagram { to: SocketAddr, bytes: Vec<u8> },
    Event(Event),
}

#[derive(Debug)]
pub enum Event {
    /// With a copy of the keys for whoever wants to open or forge the packets of this session; str0m uses them too, so
    /// sealing with them is for tests that mean to break something, and for the caller of [`Client::leave_srtp`].
    Connected {
        keys: Keys,
    },
    Media(Received),
    KeyframeRequested {
        kind: Kind,
        rid: Option<Rid>,
    },
    ChannelOpen {
        channel: Channel,
        label: String,
    },
    ChannelMessage {
        channel: Channel,
        binary: bool,
        data: Vec<u8>,
    },
    ChannelClosed {
        channel: Channel,
    },
    /// The server does not answer checks any more. It may come back.
    Disconnected,
    Closed(Reason),
}

impl Client {
    pub fn publisher(setup: Setup<'_>, publish: &Publish) -> Result<Client, Error> {
        let channels: Vec<_> = publish.channel.iter().map(|label| (label.clone(), Delivery::Reliable)).collect();
        let one = |choice: &Option<CodecChoice>| choice.iter().cloned().collect::<Vec<_>>();
        let media =
            [(Kind::Audio, one(&publish.audio), vec![]), (Kind::Video, one(&publish.video), publish.rids.clone())];
        Client::new(setup, media, [0, 0], Direction::SendOnly, &channels)
    }

    pub fn viewer(setup: Setup<'_>, watch: &Watch) -> Result<Client, Error> {
        let media = [(Kind::Audio, watch.audio.clone(), vec![]), (Kind::Video, watch.video.clone(), vec![])];
        let more = [watch.more_voices, watch.more_pictures];
        Client::new(setup, media, more, Direction::RecvOnly, &watch.channels)
    }

    /// A viewer to whom the server makes the offer, as a Janus does; with its answer.
    pub fn answerer(setup: Setup<'_>, watch: &Watch, offer: &str) -> Result<(Client, String), Error> {
        let media = [(Kind::Audio, watch.audio.clone(), vec![]), (Kind::Video, watch.video.clone(), vec![])];
        let (mut rtc, keys) = build(&setup, &media)?;
        let description = SdpOffer::from_sdp_string(offer).map_err(|e| Error::Answer(e.to_string()))?;
        let answer = rtc.sdp_api().accept_offer(description).map_err(|e| Error::Answer(e.to_string()))?;
        let mut client = Client::assemble(setup, rtc, keys, offered_sections(offer));
        client.note_formats();
        Ok((client, answer.to_sdp_string()))
    }

    fn new(
        setup: Setup<'_>,
        media: [(Kind, Vec<CodecChoice>, Vec<Rid>); 2],
        [more_voices, more_pictures]: [usize; 2],
        direction: Direction,
        channels: &[(String, Delivery)],
    ) -> Result<Client, Error> {
        let (mut rtc, keys) = build(&setup, &media)?;
        let mut changes = rtc.sdp_api();
        let mut sections = Vec::new();
        for (kind, choices, rids) in media {
            if choices.is_empty() {
                continue;
            }
            let simulcast = (!rids.is_empty()).then(|| {
                let layers = rids.iter().map(|rid| SimulcastLayer::new(rid.as_str())).collect();
                Simulcast { send: layers, recv: vec![] }
            });
            let mid = changes.add_media(wire::media_kind(kind), direction, None, None, simulcast);
            let mid = Label::new(&mid).expect("str0m makes mids of three letters");
            sections.push(Section { kind, mid, rids });
        }
        let voices = std::iter::repeat_n(Kind::Audio, more_voices);
        for kind in voices.chain(std::iter::repeat_n(Kind::Video, more_pictures)) {
            let mid = changes.add_media(wire::media_kind(kind), direction, None, None, None);
            let mid = Label::new(&mid).expect("str0m makes mids of three letters");
            sections.push(Section { kind, mid, rids: Vec::new() });
        }
        for (label, delivery) in channels {
            changes.add_channel_with_config(channel_config(label, *delivery));
        }
        let (offer, pending) = changes.apply().ok_or(Error::NoTrack)?;
        let client = Client::assemble(setup, rtc, keys, sections);
        Ok(Client { offer: offer.to_sdp_string(), pending: Some(pending), ..client })
    }

    fn assemble(setup: Setup<'_>, rtc: Rtc, keys: KeySlot, sections: Vec<Section>) -> Client {
        Client {
            rtc,
            keys,
            address: setup.address,
            offer: String::new(),
            pending: None,
            sections,
            received: Sections::default(),
            now: setup.now,
            rtc_timeout: setup.now,
            queue: VecDeque::new(),
            srtp: Srtp::Str0m,
            forbidden: 0,
            closing: false,
            closed: false,
        }
    }

    /// Leaves SRTP and SRTCP of this session to the caller, who makes the one opener and the one sealer out of the keys
    /// of [`Event::Connected`]. str0m keeps ICE and DTLS; no media reaches it, and what it would say under these keys is
    /// dropped and counted, because nobody else may count the indexes that the caller's sealer counts.
    ///
    /// # Panics
    /// When the session is connected: str0m may have sealed something by then.
    #[must_use]
    pub fn leave_srtp(mut self) -> Client {
        assert!(!self.rtc.is_connected(), "who seals is decided before there are keys");
        self.srtp = Srtp::Caller;
        self
    }

    /// Datagrams that str0m made and that were not let out, see [`Client::leave_srtp`].
    pub fn forbidden(&self) -> u64 {
        self.forbidden
    }

    /// The sections of one kind, in the order of the offer.
    pub fn mids(&self, kind: Kind) -> impl Iterator<Item = Mid> {
        self.sections.iter().filter(move |section| section.kind == kind).map(|section| section.mid)
    }

    /// Empty for an answerer.
    pub fn offer(&self) -> &str {
        &self.offer
    }

    pub fn accept_answer(&mut self, sdp: &str) -> Result<(), Error> {
        let answer = SdpAnswer::from_sdp_string(sdp).map_err(|e| Error::Answer(e.to_string()))?;
        let pending = self.pending.take().ok_or(Error::Closed)?;
        self.rtc.sdp_api().accept_answer(pending, answer).map_err(|e| Error::Answer(e.to_string()))?;
        self.note_formats();
        Ok(())
    }

    /// What payload types mean, once that is negotiated.
    fn note_formats(&mut self) {
        let formats: Vec<(u8, CodecChoice, Option<u8>)> = self
            .rtc
            .codec_config()
            .params()
            .iter()
            .filter_map(|params| {
                let spec = params.spec();
                let choice = CodecChoice { codec: our_codec(spec.codec)?, fmtp: spec.format.to_string() };
                Some((*params.pt(), choice, params.resend().map(|pt| *pt)))
            })
            .collect();
        for section in &self.sections {
            let codecs = formats.iter().filter(|(_, choice, _)| choice.codec.kind() == section.kind);
            let track = RecvTrack {
                kind: section.kind,
                mid: section.mid,
                rids: section.rids.clone(),
                codecs: codecs.map(|(pt, choice, _)| (*pt, choice.clone())).collect(),
                red: None,
            };
            self.received
                .push(&track, |pt| formats.iter().find(|(known, _, _)| *known == pt).and_then(|(_, _, rtx)| *rtx));
        }
    }

    /// Queues a packet; [`Client::handle_timeout`] and [`Client::poll`] send it. False when the section, layer or codec
    /// was not negotiated.
    pub fn send_rtp(&mut self, now: Instant, packet: &Packet<'_>) -> bool {
        let Some(section) = self.sections.iter().find(|section| section.kind == packet.kind) else {
            return false;
        };
        let mid = section.mid.as_str().into();
        let Some(pt) = self.rtc.media(mid).and_then(|media| media.remote_pts().first().copied()) else {
            return false;
        };
        let mut values = ExtensionValues::default();
        if let Some((dbov, voice)) = packet.audio_level {
            values.audio_level = Some(-(dbov.min(127) as i8));
            values.voice_activity = Some(voice);
        }
        if let Some(dd) = packet.dd {
            values.user_values.set(Descriptor(dd.into()));
        }
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, packet.rid.map(|rid| rid.as_str().into())) else {
            return false;
        };
        let write = RtpWrite::new(pt, packet.seq.into(), packet.time, now, packet.payload)
            .marker(packet.marker)
            .ext_vals(values)
            .nackable(packet.kind == Kind::Video);
        stream.write_rtp(write);
        true
    }

    /// Asks the server for a keyframe of what it sends.
    pub fn request_keyframe(&mut self, kind: Kind) -> bool {
        let Some(section) = self.sections.iter().find(|section| section.kind == kind) else {
            return false;
        };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_rx_by_mid(section.mid.as_str().into(), None) else {
            return false;
        };
        stream.request_keyframe(KeyframeRequestKind::Pli);
        true
    }

    pub fn send_message(&mut self, channel: Channel, binary: bool, data: &[u8]) -> bool {
        match self.rtc.channel(channel.0) {
            Some(mut open) => open.write(binary, data).unwrap_or(false),
            None => false,
        }
    }

    /// Opens one more data channel, of a session whose offer had one.
    pub fn open_channel(&mut self, label: &str, delivery: Delivery) {
        self.rtc.direct_api().create_data_channel(channel_config(label, delivery));
    }

    /// Begins an ICE restart with new credentials: the returned fragment goes to the server, whose fragment goes to
    /// [`Client::finish_restart`].
    pub fn restart_ice(&mut self, local: &Creds) -> Fragment {
        self.rtc.direct_api().set_local_ice_credentials(wire::ice_creds(local));
        Fragment {
            ufrag: Some(local.ufrag.clone()),
            pwd: Some(local.pwd.clone()),
            mid: self.sections.first().map(|section| section.mid),
            candidates: vec![crate::answer::candidate_line(self.address, 0)],
            end: true,
        }
    }

    pub fn finish_restart(&mut self, fragment: &Fragment) -> Result<(), Error> {
        let (Some(ufrag), Some(pwd)) = (&fragment.ufrag, &fragment.pwd) else {
            return Err(Error::Missing { what: "a=ice-ufrag and a=ice-pwd" });
        };
        let remote = Creds { ufrag: ufrag.clone(), pwd: pwd.clone() };
        self.rtc.direct_api().set_remote_ice_credentials(wire::ice_creds(&remote));
        Ok(())
    }

    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        if self.closed || self.srtp == Srtp::Caller && !is_set_up(bytes) {
            return;
        }
        self.now = self.now.max(now);
        let Ok(receive) = Receive::new(Protocol::Udp, from, self.address, bytes) else {
            return;
        };
        if self.rtc.handle_input(Input::Receive(self.now, receive)).is_err() && !self.rtc.is_alive() {
            self.end(Reason::Protocol("the DTLS session broke".to_owned()));
        }
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        if self.closed {
            return;
        }
        self.now = self.now.max(now);
        if let Err(error) = self.rtc.handle_input(Input::Timeout(self.now)) {
            self.fail(error);
        }
    }

    /// When [`Client::handle_timeout`] is due. Meaningful once [`Client::poll`] has returned `None`.
    pub fn next_timeout(&self) -> Instant {
        self.rtc_timeout
    }

    pub fn poll(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.queue.pop_front() {
                return Some(output);
            }
            if self.closed {
                return None;
            }
            match self.rtc.poll_output() {
                Ok(str0m::Output::Transmit(transmit)) => {
                    let bytes: Vec<u8> = transmit.contents.into();
                    if self.srtp == Srtp::Caller && !is_set_up(&bytes) {
                        self.forbidden += 1;
                        continue;
                    }
                    return Some(Output::Datagram { to: transmit.destination, bytes });
                }
                Ok(str0m::Output::Event(event)) => {
                    let event = self.event(event);
                    self.queue.extend(event.map(Output::Event));
                }
                Ok(str0m::Output::Timeout(at)) => {
                    self.rtc_timeout = at;
                    if !self.closing {
                        return None;
                    }
                    self.end(Reason::Local);
                }
                Err(error) => self.fail(error),
            }
        }
    }

    /// Says goodbye over DTLS.
    pub fn close(&mut self, now: Instant) {
        self.closing = true;
        if self.rtc.close().is_err() {
            self.rtc.disconnect();
        }
        self.handle_timeout(now);
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn event(&mut self, event: str0m::Event) -> Option<Event> {
        use str0m::Event as Theirs;
        match event {
            Theirs::Connected => self.keys.take().map(|keys| Event::Connected { keys }),
            Theirs::RtpPacket(packet) => self.received.received(&mut self.rtc, packet).map(Event::Media),
            Theirs::KeyframeRequest(request) => {
                let section = self.sections.iter().find(|section| *section.mid.as_str() == *request.mid)?;
                let rid = request.rid.and_then(|rid| Label::new(&rid));
                Some(Event::KeyframeRequested { kind: section.kind, rid })
            }
            Theirs::ChannelOpen(id, label) => Some(Event::ChannelOpen { channel: Channel(id), label }),
            Theirs::ChannelData(message) => {
                Some(Event::ChannelMessage { channel: Channel(message.id), binary: message.binary, data: message.data })
            }
            Theirs::ChannelClose(id) => Some(Event::ChannelClosed { channel: Channel(id) }),
            Theirs::IceConnectionStateChange(IceConnectionState::Disconnected) => Some(Event::Disconnected),
            Theirs::Closed => {
                self.end(Reason::Remote);
                None
            }
            _ => None,
        }
    }

    fn fail(&mut self, error: str0m::RtcError) {
        let reason = match error {
            str0m::RtcError::RemoteSdp(text) if text.contains("fingerprint") => Reason::WrongFingerprint,
            error => Reason::Protocol(error.to_string()),
        };
        self.end(reason);
    }

    fn end(&mut self, reason: Reason) {
        self.rtc.disconnect();
        if !self.closed {
            self.closed = true;
            self.queue.push_back(Output::Event(Event::Closed(reason)));
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.address)
    }
}

fn channel_config(label: &str, delivery: Delivery) -> ChannelConfig {
    let label = label.to_owned();
    match delivery {
        Delivery::Reliable => ChannelConfig { label, ..ChannelConfig::default() },
        Delivery::Lossy => {
            let reliability = Reliability::MaxRetransmits { retransmits: 0 };
            ChannelConfig { label, ordered: false, reliability, ..ChannelConfig::default() }
        }
    }
}

/// A session with its codecs, extensions and candidate, before any description.
fn build(setup: &Setup<'_>, media: &[(Kind, Vec<CodecChoice>, Vec<Rid>); 2]) -> Result<(Rtc, KeySlot), Error> {
    let mut config = wire::config(setup.identity);
    let mut pt = 96u8;
    for choice in media.iter().flat_map(|(_, choices, _)| choices) {
        let (rate, channels, rtx) = match choice.codec.kind() {
            Kind::Audio => (Frequency::FORTY_EIGHT_KHZ, Some(2), None),
            Kind::Video => (Frequency::NINETY_KHZ, None, Some((pt + 1).into())),
        };
        let parameters = FormatParams::parse_line(&choice.fmtp);
        let codec = wire::codec(choice.codec);
        config.codec_config().add_config(pt.into(), rtx, codec, rate, channels, parameters);
        pt += 2;
    }
    // The ids that Chrome uses.
    let extensions = [
        (1, ext::Kind::AudioLevel),
        (2, ext::Kind::AbsSendTime),
        (3, ext::Kind::TransportSeq),
        (4, ext::Kind::Mid),
        (8, ext::Kind::DependencyDescriptor),
        (10, ext::Kind::Rid),
        (11, ext::Kind::RepairedRid),
        (13, ext::Kind::Orientation),
    ];
    for (id, extension) in extensions.into_iter().filter_map(|(id, kind)| Some((id, wire::extension(kind)?))) {
        config.extension_map().set(id, extension);
    }
    let (mut rtc, keys) = setup.identity.tapped(|| config.build(setup.now));
    let candidate = Candidate::host(setup.address, "udp").map_err(|_| Error::NoCandidate)?;
    rtc.add_local_candidate(candidate).ok_or(Error::NoCandidate)?;
    Ok((rtc, keys))
}

/// The media sections of somebody else's offer.
fn offered_sections(offer: &str) -> Vec<Section> {
    let mut kind = None;
    let mut sections = Vec::new();
    for line in offer.lines().map(str::trim_end) {
        if let Some(media) = line.strip_prefix("m=") {
            kind = match media.split(' ').next() {
                Some("audio") => Some(Kind::Audio),
                Some("video") => Some(Kind::Video),
                _ => None,
            };
        } else if let (Some(kind), Some(mid)) = (kind, line.strip_prefix("a=mid:").and_then(Label::new)) {
            sections.push(Section { kind, mid, rids: Vec::new() });
        }
    }
    sections
}

/// ICE or DTLS, which no SRTP key protects.
fn is_set_up(datagram: &[u8]) -> bool {
    matches!(demux(datagram), Datagram::Stun | Datagram::Dtls)
}

fn our_codec(codec: str0m::format::Codec) -> Option<Codec> {
    use str0m::format::Codec as Theirs;
    Some(match codec {
        Theirs::Vp8 => Codec::Vp8,
        Theirs::Vp9 => Codec::Vp9,
        Theirs::H264 => Codec::H264,
        Theirs::H265 => Codec::H265,
        Theirs::Av1 => Codec::Av1,
        Theirs::Opus => Codec::Opus,
        _ => return None,
    })
}
