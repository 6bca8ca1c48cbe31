//! A synthetic viewer: receives, lets its tracks judge, and remembers when what happened for the first time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use media::codec::Kind;
use transport::client::Event;
use transport::srtp::Profile;
use transport::{Datagram, demux};

use super::board::Board;
use super::crew::Member;
use super::endpoint::{Ears, Endpoint};
use super::light::{Light, Terms};
use super::numbers::Numbers;
use super::options::Weight;
use super::recording::Recording;
use super::track::{Outcome, Seen, Track};
use crate::delay::Histogram;
use crate::report::{Feedback, Recorded};
use crate::signalling::Session;
use crate::udp::{Arena, Socket, WallNs};

pub struct Viewer {
    endpoint: Endpoint,
    /// Apart from the endpoint, so that events can go into it while the endpoint is read.
    eyes: Eyes,
    session: Session,
    /// The crew asks a thousand times a second.
    due: Instant,
}

struct Eyes {
    /// Whose room it watches.
    publisher: u32,
    board: Arc<Board>,
    /// When the POST began.
    asked: Instant,
    /// The same moment, or a little later, on the clock of arrivals.
    began: WallNs,
    connected: Option<Duration>,
    first_packet: Option<Duration>,
    first_frame: Option<Duration>,
    closed: Option<String>,
    video: Option<Track>,
    audio: Option<Track>,
    delays: Histogram,
    packets: u64,
    numbers: Numbers,
    weight: Weight,
    srtp: Option<Profile>,
    answer: String,
    /// From the connection on, if the viewer is a light one.
    light: Option<Box<Light>>,
    recording: Option<Recording>,
}

/// What one viewer found, when all is over.
pub struct Found {
    pub session: Session,
    pub connected: Option<Duration>,
    /// The first packet of a keyframe.
    pub first_packet: Option<Duration>,
    /// The last one of it.
    pub first_frame: Option<Duration>,
    /// Why, if the session ended before we ended it.
    pub closed: Option<String>,
    pub tracks: Vec<Outcome>,
    pub delays: Histogram,
    pub numbers_used_twice: u64,
    pub srtp: Option<Profile>,
    /// By a light viewer that was connected.
    pub said: Option<Feedback>,
    pub overflowed: u64,
    pub recorded: Option<io::Result<Recorded>>,
}

/// One packet in eight is timed: enough for a percentile, and the send log stays in few cache lines.
const SAMPLE: u64 = 8;

impl Viewer {
    pub fn new(
        publisher: u32,
        endpoint: Endpoint,
        session: Session,
        asked: Instant,
        weight: Weight,
        board: Arc<Board>,
        recording: Option<Recording>,
    ) -> Viewer {
        let eyes = Eyes {
            publisher,
            board,
            asked,
            began: WallNs::now(),
            connected: None,
            first_packet: None,
            first_frame: None,
            closed: None,
            video: None,
            audio: None,
            delays: Histogram::new(),
            packets: 0,
            numbers: Numbers::default(),
            weight,
            srtp: None,
            answer: session.answer.clone(),
            light: None,
            recording,
        };
        Viewer { due: endpoint.due(), endpoint, eyes, session }
    }

    pub fn finish(self) -> Found {
        let Eyes { board, connected, first_packet, first_frame, closed, .. } = self.eyes;
        let Eyes { video, audio, delays, numbers, srtp, light, recording, .. } = self.eyes;
        let close = |track: Track| {
            let last_sent = board.stream(track.stream()).map_or(0, |log| log.last());
            track.close(last_sent)
        };
        Found {
            session: self.session,
            connected,
            first_packet,
            first_frame,
            closed,
            tracks: [video, audio].into_iter().flatten().map(close).collect(),
            delays,
            numbers_used_twice: numbers.used_twice(),
            srtp,
            said: light.map(|light| light.said()),
            overflowed: u64::from(self.endpoint.socket.overflowed()),
            recorded: recording.and_then(Recording::finish),
        }
    }
}

impl Member for Viewer {
    fn socket(&self) -> &Socket {
        &self.endpoint.socket
    }

    fn receive(&mut self, arena: &mut Arena) -> io::Result<()> {
        let (before, now) = (self.eyes.packets, Instant::now());
        self.endpoint.receive(arena, &mut self.eyes)?;
        self.eyes.board.count_received(self.eyes.packets - before);
        self.speak(now);
        Ok(())
    }

    fn due(&self) -> Instant {
        self.due
    }

    fn tick(&mut self, now: Instant) {
        if self.endpoint.due() <= now {
            self.endpoint.tick(now, &mut self.eyes);
        }
        self.speak(now);
    }
}

impl Viewer {
    fn speak(&mut self, now: Instant) {
        if let Some(light) = self.eyes.light.as_mut().filter(|light| light.due() <= now) {
            light.speak(now, WallNs::now(), |bytes| self.endpoint.send(bytes));
        }
        let light = self.eyes.light.as_ref().map(|light| light.due());
        self.due = light.map_or(self.endpoint.due(), |due| due.min(self.endpoint.due()));
    }
}

impl Ears for Eyes {
    fn takes(&mut self, at: WallNs, now: Instant, datagram: &[u8]) -> bool {
        let kind = demux(datagram);
        if kind == Datagram::Rtp {
            self.numbers.note(datagram);
        }
        let Some(mut light) = self.light.take_if(|_| matches!(kind, Datagram::Rtp | Datagram::Rtcp)) else {
            return false;
        };
        if kind == Datagram::Rtcp {
            light.open_report(at, datagram);
        } else if let Some(packet) = light.open(at, now, datagram) {
            self.look(at, packet);
        }
        self.light = Some(light);
        true
    }

    fn hear(&mut self, at: WallNs, event: Event) {
        match event {
            Event::Connected { keys } => {
                self.connected = self.connected.or(Some(self.asked.elapsed()));
                self.board.connected.fetch_add(1, Ordering::Relaxed);
                self.srtp = Some(keys.profile());
                if self.weight == Weight::Light {
                    let terms = Terms::read(&self.answer);
                    self.light = Some(Box::new(Light::new(Instant::now(), &keys, terms)));
                }
            }
            Event::Media(packet) => self.look(at, Seen::from(&packet)),
            Event::Closed(reason) => self.closed = Some(reason.to_string()),
            _ => {}
        }
    }
}

impl Eyes {
    fn look(&mut self, at: WallNs, packet: Seen<'_>) {
        self.packets += 1;
        if let Some(recording) = &mut self.recording {
            recording.take(packet);
        }
        let track = match packet.codec.kind() {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        };
        let track = track.get_or_insert_with(|| Track::new(packet.codec, self.publisher));
        track.judge(at.since(self.began), packet);
        if let Some(log) = self.board.stream(track.stream())
            && let Some(counter) = track.enter(packet)
            && counter % SAMPLE == 0
            && self.board.is_steady()
            && let Some(sent_at) = log.sent_at(counter)
        {
            self.delays.add(at.since(sent_at));
        }
        let is_complete = track.completes_first_picture(packet);
        if self.first_packet.is_none() && track.has_begun() {
            self.first_packet = Some(self.asked.elapsed());
        }
        if is_complete {
            self.first_frame = Some(self.asked.elapsed());
            self.board.pictured.fetch_add(1, Ordering::Relaxed);
        }
    }
}
