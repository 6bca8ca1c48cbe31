//! One person of the world: a publisher whose encoder makes checked packets, or a viewer who watches them.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::codec::{Codec, Kind};
use media::testing::{ParameterSets, Source};
use netsim::{Link, Profile};
use proto::data::{Lane, Said};
use proto::{PeerId, SessionId};
use transport::client::{Delivery, Event, Output, Packet, Setup};
use transport::srtp::Sealer;
use transport::{CodecChoice, Datagram, Identity, Rid, client, demux, rtcp};

use crate::viewer::Seen;
use crate::world::clean_link;

/// What a publisher sends.
#[derive(Debug, Clone)]
pub struct Publish {
    pub video: Codec,
    pub kbps: u32,
    /// Simulcast layers by name, best first; each next one has a quarter of the bits.
    pub layers: Vec<&'static str>,
    /// Frames between keyframes that nobody asked for.
    pub keyframe_every: u32,
    /// Whether it stops layers that nobody wants.
    pub is_thrifty: bool,
    /// Whether it publishes under the name by which the scenario calls it, beside others.
    pub is_named: bool,
    /// Whether there is a camera.
    pub has_video: bool,
    /// Whether the encoder listens to keyframe requests.
    pub answers_requests: bool,
    pub fps: u32,
    /// Number of the first packet of the best layer.
    pub first_seq: u16,
    /// Layers within each stream, and whether it describes its frames.
    pub spatial_layers: u8,
    pub temporal_layers: u8,
    pub descriptors: bool,
    /// Timestamp of the first packet of every track; a random one if absent.
    pub first_time: Option<u32>,
    /// How H.264 sends its parameter sets.
    pub parameter_sets: ParameterSets,
}

impl Default for Publish {
    fn default() -> Publish {
        Publish {
            video: Codec::Vp8,
            kbps: 800,
            layers: Vec::new(),
            keyframe_every: 300,
            is_thrifty: false,
            is_named: false,
            has_video: true,
            answers_requests: true,
            fps: 30,
            first_seq: 1000,
            spatial_layers: 1,
            temporal_layers: 1,
            descriptors: false,
            first_time: None,
            parameter_sets: ParameterSets::Aggregated,
        }
    }
}

pub(crate) enum Does {
    Publish(Publish),
    Watch(Box<Seen>),
}

pub(crate) struct Client {
    pub address: SocketAddr,
    pub worker: u8,
    pub session: SessionId,
    pub peer_id: PeerId,
    pub does: Does,
    pub muted: bool,
    /// What its microphone hears, in decibels below overload; 127 is silence.
    pub level: u8,
    /// Simulcast layers that the encoder has given up.
    pub stopped: Vec<Rid>,
    pub up: Link,
    pub down: Link,
    peer: client::Client,
    connected: Option<Instant>,
    asked: Option<Instant>,
    /// Waits for the connection: the handshake is not part of a seed's trace.
    line: Option<Profile>,
    /// For packets that the client's own stack would not send.
    sealer: Option<Sealer>,
    /// Bytes of RTP that the server sent to it, by SSRC, whether they arrived or not.
    sent: BTreeMap<u32, u64>,
    encoders: Vec<Encoder>,
    person: u32,
    /// The data channels that are open, by lane.
    channels: [Option<transport::peer::Channel>; 2],
    /// What the page has to say and its own stack has no room for yet.
    to_say: VecDeque<(Lane, Vec<u8>)>,
    pub heard: Vec<Heard>,
}

/// A message as it reached a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub at: Instant,
    pub lane: Lane,
    pub topic: String,
    pub from: String,
    pub is_private: bool,
    pub payload: Vec<u8>,
}

struct Encoder {
    source: Source,
    kind: Kind,
    rid: Option<Rid>,
    seq: u64,
    next_frame: Instant,
    interval: Duration,
    packets: u64,
    first_time: Option<u32>,
    /// What is added to the source's timestamps, so that the first is `first_time`.
    shift: Option<u32>,
}

const AUDIO_PACKET: Duration = Duration::from_millis(20);

impl Client {
    pub fn new(
        now: Instant,
        identity: &Identity,
        address: SocketAddr,
        worker: u8,
        does: Does,
        seed: u64,
    ) -> (Client, String) {
        let setup = Setup { now, identity, address };
        let mut encoders = Vec::new();
        let peer = match &does {
            Does::Publish(publish) => {
                encoders = make_encoders(publish, now, seed);
                let rids = publish.layers.iter().map(|rid| Rid::new(rid).expect("a short name")).collect();
                let video = publish.has_video.then(|| choice(publish.video));
                let channel = publish.is_thrifty.then(|| "layers".to_owned());
                let offer = client::Publish { audio: Some(choice(Codec::Opus)), video, rids, channel };
                client::Client::publisher(setup, &offer)
            }
            Does::Watch(seen) => {
                let video = [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1].into_iter().map(choice).collect();
                let offer = client::Watch {
                    audio: vec![choice(Codec::Opus)],
                    video,
                    more_voices: seen.more_voices,
                    more_pictures: seen.more_pictures,
                    channels: channels(seen),
                };
                client::Client::viewer(setup, &offer)
            }
        };
        let peer = peer.expect("an offer can be made");
        let mut does = does;
        if let Does::Watch(seen) = &mut does {
            seen.pictures = peer.mids(Kind::Video).collect();
        }
        let offer = peer.offer().to_owned();
        let session = SessionId { worker: proto::WorkerId(worker), secret: 0 };
        let client = Client {
            address,
            worker,
            session,
            peer_id: PeerId { worker: proto::WorkerId(worker), slot: 0, generation: 0 },
            does,
            muted: false,
            level: 30,
            stopped: Vec::new(),
            up: clean_link(seed),
            down: clean_link(seed ^ 1),
            peer,
            connected: None,
            asked: None,
            line: None,
            sealer: None,
            sent: BTreeMap::new(),
            encoders,
            person: seed as u32 >> 8,
            channels: [None; 2],
            to_say: VecDeque::new(),
            heard: Vec::new(),
        };
        (client, offer)
    }

    pub fn start(&mut self, now: Instant, answered: &engine::Answered) {
        self.session = answered.session;
        self.peer_id = answered.peer;
        self.peer.accept_answer(&answered.sdp).expect("our own answer");
        self.peer.handle_timeout(now);
    }

    /// What is under way still arrives. A clean line draws no random numbers, so the handshake before does not shift them.
    pub fn set_line(&mut self, profile: Profile) {
        if self.connected.is_none() {
            self.line = Some(profile);
            return;
        }
        self.up.set_profile(profile.clone());
        self.down.set_profile(profile);
    }

    /// The way to the client alone.
    pub fn set_way_down(&mut self, profile: Profile) {
        assert!(self.connected.is_some(), "the handshake is not part of a seed's trace");
        self.down.set_profile(profile);
    }

    /// Takes note of what the server sends.
    pub fn count_sent(&mut self, datagram: &[u8]) {
        if demux(datagram) == Datagram::Rtp {
            let ssrc = u32::from_be_bytes(datagram[8..12].try_into().expect("an RTP header has twelve bytes"));
            *self.sent.entry(ssrc).or_default() += datagram.len() as u64;
        }
    }

    /// Bytes of video the server sent: first of the stream, then of its repairs.
    pub fn video_sent(&self) -> (u64, u64) {
        let Some(seen) = self.seen() else { return (0, 0) };
        let media = |ssrc: &u32| seen.tracks.iter().any(|track| track.ssrc == *ssrc);
        let repairs = self.sent.iter().filter(|(ssrc, _)| !media(ssrc)).map(|(_, bytes)| bytes).sum();
        (self.sent.get(&seen.track(Kind::Video).ssrc).copied().unwrap_or_default(), repairs)
    }

    /// Says that the whole sequence space of the video was lost, in datagrams of legal size.
    pub fn nack_everything(&mut self, now: Instant) {
        /// Numbers of one datagram: 300 entries of 17.
        const NUMBERS: usize = 5100;
        /// A sender that nobody else in the session is, and so with SRTCP indices of its own.
        const SENDER: u32 = 0x5eed_5eed;
        let media = self.seen().expect("a viewer").track(Kind::Video).ssrc;
        let sealer = self.sealer.as_mut().expect("connected");
        for from in (0..1 << 16).step_by(NUMBERS) {
            let lost: Vec<u16> = (from..(from + NUMBERS).min(1 << 16)).map(|seq| seq as u16).collect();
            let mut packet = Vec::new();
            rtcp::nack(&mut packet, SENDER, media, &lost);
            assert!(sealer.seal_rtcp(&mut packet));
            self.up.send(now, packet);
        }
    }

    /// Does what is due. True when something happened.
    pub fn tick(&mut self, start: Instant, now: Instant, trace: &mut Option<Vec<String>>) -> bool {
        let mut moved = false;
        while let Some(bytes) = self.down.poll(now) {
            // The client knows the server by the one candidate it was given.
            let from = SocketAddr::from(([10, 0, 0, 1], 7000 + u16::from(self.worker)));
            self.peer.handle_datagram(now, from, &bytes);
            self.drain(start, now, trace);
            moved = true;
        }
        if self.peer.is_closed() {
            // The server said goodbye; a person who reads that is no part of this world.
            return moved;
        }
        if self.peer.next_timeout() <= now {
            self.peer.handle_timeout(now);
            moved = true;
        }
        moved |= self.encode(now);
        moved |= self.say_on(now);
        self.ask_for_picture(now);
        moved |= self.drain(start, now, trace);
        self.seen_mut(|seen| seen.play(now));
        moved
    }

    /// When something happens here, or arrives at a worker that takes nothing in before `served_from`.
    pub fn next_event(&self, now: Instant, served_from: Instant) -> Instant {
        let lines = [self.up.next().map(|at| at.max(served_from)), self.down.next()].into_iter().flatten();
        if self.peer.is_closed() {
            return lines.min().unwrap_or(now + Duration::from_secs(3600));
        }
        let frames = self.encoders.iter().filter(|_| self.connected.is_some()).map(|e| e.next_frame);
        frames.chain(lines).fold(self.peer.next_timeout(), Instant::min)
    }

    pub fn seen(&self) -> Option<&Seen> {
        match &self.does {
            Does::Watch(seen) => Some(seen),
            Does::Publish(_) => None,
        }
    }

    pub fn seen_mut(&mut self, f: impl FnOnce(&mut Seen)) {
        if let Does::Watch(seen) = &mut self.does {
            f(seen);
        }
    }

    /// By what its packets are known, whichever layer they are of.
    pub fn person(&self) -> u32 {
        self.person
    }

    /// The page says something. What its own stack does not take yet waits, and nothing of it is lost here.
    pub fn say(&mut self, now: Instant, lane: Lane, message: Vec<u8>) {
        self.to_say.push_back((lane, message));
        self.say_on(now);
    }

    fn say_on(&mut self, now: Instant) -> bool {
        let mut moved = false;
        while let Some((lane, message)) = self.to_say.front()
            && let Some(channel) = self.channels[*lane as usize]
            && self.peer.send_message(channel, true, message)
        {
            self.to_say.pop_front();
            self.peer.handle_timeout(now);
            moved = true;
        }
        moved
    }

    pub fn has_channel(&self, lane: Lane) -> bool {
        self.channels[lane as usize].is_some()
    }

    /// The page opens the channel of a lane again.
    pub fn reopen(&mut self, now: Instant, lane: Lane) {
        let delivery = if lane == Lane::Reliable { Delivery::Reliable } else { Delivery::Lossy };
        self.peer.open_channel(lane.label(), delivery);
        self.peer.handle_timeout(now);
    }

    /// Packets made so far, video (all layers) and audio.
    pub fn published(&self) -> (u64, u64) {
        let sum = |kind| self.encoders.iter().filter(|e| e.kind == kind).map(|e| e.packets).sum();
        (sum(Kind::Video), sum(Kind::Audio))
    }

    pub fn sent_layers(&self) -> Vec<String> {
        let rids = self.encoders.iter().filter_map(|encoder| encoder.rid);
        rids.filter(|rid| !self.stopped.contains(rid)).map(|rid| rid.as_str().to_owned()).collect()
    }

    /// As a browser does when what arrives cannot be decoded.
    fn ask_for_picture(&mut self, now: Instant) {
        let rested = self.asked.is_none_or(|at| now.saturating_duration_since(at) >= Duration::from_millis(300));
        let blind = self.seen().is_some_and(|seen| seen.is_blind(now));
        if rested && blind && self.peer.request_keyframe(Kind::Video) {
            self.asked = Some(now);
            self.peer.handle_timeout(now);
        }
    }

    fn encode(&mut self, now: Instant) -> bool {
        let mut moved = false;
        if self.connected.is_none() {
            return false;
        }
        for encoder in &mut self.encoders {
            while encoder.next_frame <= now {
                encoder.next_frame += encoder.interval;
                moved = true;
                if self.muted || encoder.rid.is_some_and(|rid| self.stopped.contains(&rid)) {
                    continue;
                }
                for packet in encoder.source.next_frame() {
                    let time = packet.time.0;
                    let shift = encoder.first_time.map_or(0, |first| first.wrapping_sub(time));
                    let shift = *encoder.shift.get_or_insert(shift);
                    let audio_level = (encoder.kind == Kind::Audio).then_some((self.level, self.level < 60));
                    let packet = Packet {
                        kind: encoder.kind,
                        rid: encoder.rid,
                        seq: encoder.seq,
                        time: time.wrapping_add(shift),
                        marker: packet.marker,
                        payload: &packet.payload,
                        audio_level,
                        dd: packet.dd.as_deref(),
                    };
                    assert!(self.peer.send_rtp(now, &packet), "the track was negotiated");
                    // One packet in, one poll: str0m paces nothing here, and sends when it is given time.
                    self.peer.handle_timeout(now);
                    encoder.seq += 1;
                    encoder.packets += 1;
                }
            }
        }
        moved
    }

    fn drain(&mut self, start: Instant, now: Instant, trace: &mut Option<Vec<String>>) -> bool {
        let mut moved = false;
        while let Some(output) = self.peer.poll() {
            moved = true;
            match output {
                Output::Datagram { bytes, .. } => self.up.send(now, bytes),
                Output::Event(event) => self.handle_event(start, now, event, trace),
            }
        }
        moved
    }

    fn handle_event(&mut self, start: Instant, now: Instant, event: Event, trace: &mut Option<Vec<String>>) {
        match event {
            Event::Connected { keys } => {
                self.connected = Some(now);
                self.sealer = Some(Sealer::new(&keys));
                for encoder in &mut self.encoders {
                    encoder.next_frame = now;
                }
                if let Some(profile) = self.line.take() {
                    self.set_line(profile);
                }
                self.seen_mut(|seen| seen.connected = Some(now));
            }
            Event::Media(received) => {
                if let Some(trace) = trace {
                    let at = (now - start).as_micros();
                    let (codec, seq, len) = (received.codec, received.seq, received.payload.len());
                    trace.push(format!("{at} {} {codec:?} {seq} {len}", self.address));
                }
                self.seen_mut(|seen| seen.receive(start, &received));
            }
            Event::ChannelOpen { channel, label } => {
                if let Some(lane) = Lane::of_label(&label) {
                    self.channels[lane as usize] = Some(channel);
                }
            }
            Event::ChannelClosed { channel } => {
                for open in self.channels.iter_mut().filter(|open| **open == Some(channel)) {
                    *open = None;
                }
            }
            Event::ChannelMessage { channel, data, .. } if matches!(self.does, Does::Watch(_)) => {
                let lane = Lane::ALL.into_iter().find(|lane| self.channels[*lane as usize] == Some(channel));
                let said = Said::parse(&data).expect("what the server says can be read");
                self.heard.push(Heard {
                    at: now,
                    lane: lane.expect("an open channel"),
                    topic: said.topic.to_owned(),
                    from: said.from.to_owned(),
                    is_private: said.is_private,
                    payload: said.payload.to_vec(),
                });
            }
            Event::ChannelMessage { data, .. } => {
                let said = String::from_utf8(data).expect("text");
                let Does::Publish(publish) = &self.does else { return };
                let stopped = publish.layers.iter().filter(|rid| said.contains(&format!("\"{rid}\":false")));
                let before = std::mem::take(&mut self.stopped);
                self.stopped = stopped.map(|rid| Rid::new(rid).expect("a short name")).collect();
                for encoder in self.encoders.iter_mut().filter(|e| e.rid.is_some()) {
                    let resumes = encoder.rid.is_some_and(|rid| before.contains(&rid) && !self.stopped.contains(&rid));
                    if resumes {
                        encoder.source.request_keyframe();
                    }
                }
            }
            Event::KeyframeRequested { rid, .. } => {
                let Does::Publish(publish) = &self.does else { return };
                if !publish.answers_requests {
                    return;
                }
                for encoder in self.encoders.iter_mut().filter(|e| e.kind == Kind::Video && e.rid == rid) {
                    encoder.source.request_keyframe();
                }
            }
            _ => {}
        }
    }
}

fn make_encoders(publish: &Publish, now: Instant, seed: u64) -> Vec<Encoder> {
    let stream = (seed as u32) & 0xffff_ff00;
    let rids: Vec<Option<Rid>> = match publish.layers.is_empty() {
        _ if !publish.has_video => vec![],
        true => vec![None],
        false => publish.layers.iter().map(|rid| Rid::new(rid)).collect(),
    };
    let mut encoders: Vec<Encoder> = rids
        .into_iter()
        .enumerate()
        .map(|(i, rid)| Encoder {
            source: layered(
                publish,
                Source::video(
                    publish.video,
                    publish.kbps >> (2 * i),
                    publish.fps,
                    publish.keyframe_every,
                    stream + i as u32,
                    seed + i as u64,
                ),
            ),
            kind: Kind::Video,
            rid,
            seq: u64::from(publish.first_seq) + 1000 * i as u64,
            next_frame: now,
            interval: Duration::from_secs(1) / publish.fps,
            packets: 0,
            first_time: publish.first_time,
            shift: None,
        })
        .collect();
    encoders.push(Encoder {
        source: Source::audio(stream + 100),
        kind: Kind::Audio,
        rid: None,
        seq: 40_000,
        next_frame: now,
        interval: AUDIO_PACKET,
        packets: 0,
        first_time: publish.first_time,
        shift: None,
    });
    encoders
}

fn layered(publish: &Publish, source: Source) -> Source {
    let source = source.with_parameter_sets(publish.parameter_sets);
    let source = match (publish.spatial_layers, publish.temporal_layers) {
        (1, 1) => source,
        (spatial, temporal) => source.with_spatial_layers(spatial).with_temporal_layers(temporal),
    };
    if publish.descriptors { source.with_descriptors() } else { source }
}

fn choice(codec: Codec) -> CodecChoice {
    let fmtp = match codec {
        Codec::H264 => "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        Codec::Opus => "minptime=10;useinbandfec=1",
        _ => "",
    };
    CodecChoice { codec, fmtp: fmtp.to_owned() }
}

/// Only who takes part in a meeting opens any: a viewer without is what most scenarios are about.
fn channels(seen: &Seen) -> Vec<(String, Delivery)> {
    if !seen.talks {
        return Vec::new();
    }
    let label = |lane: Lane| lane.label().to_owned();
    vec![(label(Lane::Reliable), Delivery::Reliable), (label(Lane::Lossy), Delivery::Lossy)]
}
