//! A synthetic publisher: frames at their pace, each packet noted on the board before it leaves.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use media::testing::Source;
use transport::client::Event;

use super::board::Board;
use super::crew::{Exit, Member};
use super::endpoint::{Ears, Endpoint};
use super::feed::{Feed, Footage, Loudness};
use super::options::Options;
use crate::udp::{Arena, Socket, WallNs};

pub struct Publisher {
    endpoint: Endpoint,
    board: Arc<Board>,
    /// From the connection on, until it is told to stop.
    state: State,
    keyframe: Keyframe,
    video: Feed,
    audio: Option<Feed>,
    exit: Exit,
}

/// Events of one turn: a publisher's answer to them needs the endpoint that they come from.
#[derive(Default)]
struct Heard(Vec<Event>);

impl Ears for Heard {
    fn hear(&mut self, _at: WallNs, event: Event) {
        self.0.push(event);
    }
}

enum State {
    Connecting,
    Sending,
    Done,
    Closed(String),
}

/// Requests for one, and how they are met.
#[derive(Debug, Default)]
struct Keyframe {
    /// None is made because it was asked for.
    is_deaf: bool,
    wanted: bool,
    last: Option<Instant>,
}

/// An encoder that is asked more often than this makes no more of them (libwebrtc: 300 ms). It matters: a keyframe weighs
/// six frames, which the frames after it pay for, so a server that passes every request on would otherwise be measured
/// under another load than one that does not.
const KEYFRAME_SPACING: Duration = Duration::from_millis(300);

impl Keyframe {
    fn ask(&mut self) {
        self.wanted = !self.is_deaf;
    }

    fn is_due(&mut self, now: Instant) -> bool {
        let due = self.wanted && self.last.is_none_or(|last| now >= last + KEYFRAME_SPACING);
        if due {
            (self.wanted, self.last) = (false, Some(now));
        }
        due
    }
}

impl Publisher {
    /// With the streams that a room's publisher has on the board.
    pub fn new(number: u32, endpoint: Endpoint, options: &Options, board: Arc<Board>) -> Publisher {
        let stream = Board::video(number);
        let (codec, fps) = (options.codec, options.video_fps);
        let (kbps, interval) = (options.video_kbps, options.keyframe_interval);
        let source = Source::video(codec, kbps, fps, interval, stream, u64::from(number));
        let video = Feed::video(codec, Footage::Noise(source), fps, stream);
        let audio = options.audio.then(|| Feed::audio(Board::audio(number), Loudness::Steady));
        let keyframe = Keyframe { is_deaf: !options.keyframes_on_request, ..Keyframe::default() };
        Publisher { keyframe, ..Publisher::of(endpoint, video, audio, board) }
    }

    pub fn of(endpoint: Endpoint, video: Feed, audio: Option<Feed>, board: Arc<Board>) -> Publisher {
        let (state, keyframe) = (State::Connecting, Keyframe::default());
        Publisher { endpoint, board, state, keyframe, video, audio, exit: Exit::default() }
    }

    /// It goes when this is opened.
    #[must_use]
    pub fn until(self, exit: Exit) -> Publisher {
        Publisher { exit, ..self }
    }

    /// Stays connected, for repairs of what it has sent.
    pub fn stop(&mut self) {
        if matches!(self.state, State::Sending) {
            self.state = State::Done;
        }
    }

    pub fn not_sent(&self) -> u64 {
        self.endpoint.not_sent()
    }

    pub fn closed(&self) -> Option<&str> {
        match &self.state {
            State::Closed(reason) => Some(reason),
            _ => None,
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Connected { .. } if matches!(self.state, State::Connecting) => {
                self.state = State::Sending;
                let now = Instant::now();
                self.video.begin(now);
                if let Some(audio) = &mut self.audio {
                    audio.begin(now);
                }
                self.board.publishing.fetch_add(1, Ordering::Relaxed);
            }
            Event::KeyframeRequested { .. } => {
                self.keyframe.ask();
                self.board.keyframe_requests.fetch_add(1, Ordering::Relaxed);
            }
            Event::Closed(reason) => self.state = State::Closed(reason.to_string()),
            _ => {}
        }
    }

    fn handle_all(&mut self, heard: Heard) {
        heard.0.into_iter().for_each(|event| self.handle(event));
    }
}

impl Member for Publisher {
    fn socket(&self) -> &Socket {
        &self.endpoint.socket
    }

    fn receive(&mut self, arena: &mut Arena) -> io::Result<()> {
        let mut heard = Heard::default();
        self.endpoint.receive(arena, &mut heard)?;
        self.handle_all(heard);
        Ok(())
    }

    fn has_left(&self) -> bool {
        self.exit.is_open()
    }

    fn due(&self) -> Instant {
        match self.state {
            State::Sending => {
                let audio = self.audio.as_ref().map_or(self.video.due(), Feed::due);
                self.endpoint.due().min(self.video.due()).min(audio)
            }
            _ => self.endpoint.due(),
        }
    }

    fn tick(&mut self, now: Instant) {
        let mut heard = Heard::default();
        self.endpoint.tick(now, &mut heard);
        if matches!(self.state, State::Sending) {
            if self.keyframe.is_due(now) {
                self.video.request_keyframe();
            }
            for feed in [Some(&mut self.video), self.audio.as_mut()].into_iter().flatten() {
                feed.send_due(now, &mut self.endpoint, &self.board, &mut heard);
            }
        }
        self.handle_all(heard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_requests_gets_a_keyframe_every_300_ms_and_the_last_one_is_not_forgotten() {
        let start = Instant::now();
        let mut keyframe = Keyframe::default();
        let due: Vec<u64> = (0..1000)
            .filter(|ms| {
                if *ms < 350 {
                    keyframe.ask();
                }
                keyframe.is_due(start + Duration::from_millis(*ms))
            })
            .collect();
        assert_eq!(due, [0, 300, 600]);
    }

    #[test]
    fn an_encoder_that_does_not_listen_makes_none() {
        let mut keyframe = Keyframe { is_deaf: true, ..Keyframe::default() };
        keyframe.ask();
        assert!(!keyframe.is_due(Instant::now()));
    }
}
