//! A synthetic viewer: receives, lets its tracks judge, and remembers when what happened for the first time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use media::codec::Kind;
use transport::client::Event;
use transport::srtp::Profile;

use super::board::Board;
use super::endpoint::Endpoint;
use super::light::{Light, Terms};
use super::options::Weight;
use super::receiver::{self, Receiver, Sight};
use super::recording::Recording;
use super::track::{Outcome, Seen, Track};
use crate::delay::Histogram;
use crate::report::{Feedback, Recorded};
use crate::signalling::Session;
use crate::udp::WallNs;

pub type Viewer = Receiver<Eyes>;

pub struct Eyes {
    session: Session,
    sight: Sight,
    /// Whose room it watches.
    publisher: u32,
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
    weight: Weight,
    srtp: Option<Profile>,
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

impl Receiver<Eyes> {
    pub fn watching(
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
            sight: Sight::new(board),
            asked,
            began: WallNs::now(),
            connected: None,
            first_packet: None,
            first_frame: None,
            closed: None,
            video: None,
            audio: None,
            delays: Histogram::new(),
            weight,
            srtp: None,
            session,
            recording,
        };
        Receiver::new(endpoint, eyes)
    }

    pub fn finish(self) -> Found {
        let Eyes { session, sight, connected, first_packet, first_frame, closed, .. } = self.eyes;
        let Eyes { video, audio, delays, srtp, recording, .. } = self.eyes;
        let Sight { board, numbers, light, .. } = sight;
        let close = |track: Track| {
            let last_sent = board.stream(track.stream()).map_or(0, |log| log.last());
            track.close(last_sent)
        };
        Found {
            session,
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

impl receiver::Eyes for Eyes {
    fn sight(&mut self) -> &mut Sight {
        &mut self.sight
    }

    fn hear(&mut self, _at: WallNs, event: Event) {
        match event {
            Event::Connected { keys } => {
                self.connected = self.connected.or(Some(self.asked.elapsed()));
                self.sight.board.connected.fetch_add(1, Ordering::Relaxed);
                self.srtp = Some(keys.profile());
                if self.weight == Weight::Light {
                    let terms = Terms::read(&self.session.answer);
                    self.sight.light = Some(Box::new(Light::new(Instant::now(), &keys, terms)));
                }
            }
            Event::Closed(reason) => self.closed = Some(reason.to_string()),
            _ => {}
        }
    }

    fn look(&mut self, at: WallNs, _now: Instant, packet: Seen<'_>) {
        if let Some(recording) = &mut self.recording {
            recording.take(packet);
        }
        let track = match packet.codec.kind() {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        };
        let track = track.get_or_insert_with(|| Track::new(packet.codec, self.publisher));
        track.judge(at.since(self.began), packet);
        if let Some(log) = self.sight.board.stream(track.stream())
            && let Some(counter) = track.enter(packet)
            && counter % SAMPLE == 0
            && self.sight.board.is_steady()
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
            self.sight.board.pictured.fetch_add(1, Ordering::Relaxed);
        }
    }
}
