//! One track of a synthetic publisher: what comes next, when, and how loud it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::codec::{Codec, Kind};
use media::testing::{Drawn, Generated, Source, read_tag};
use transport::client::Packet;

use super::board::Board;
use super::endpoint::{Ears, Endpoint};
use crate::meeting::Rota;
use crate::udp::WallNs;

/// An Opus frame.
const AUDIO_INTERVAL: Duration = Duration::from_millis(20);

pub struct Feed {
    codec: Codec,
    footage: Footage,
    stream: u32,
    interval: Duration,
    due: Instant,
    seq: u64,
    loudness: Loudness,
}

/// What is sent.
#[derive(Debug)]
pub enum Footage {
    /// Any rate, behind valid headers.
    Noise(Source),
    /// What a browser can show.
    Drawn(Drawn),
}

/// What the packets of a microphone say of themselves.
#[derive(Debug, Clone)]
pub enum Loudness {
    /// Somebody who speaks at a conversational level, and never stops.
    Steady,
    /// This person speaks when it is their turn.
    InTurn(Arc<Rota>, u32),
}

impl Feed {
    pub fn video(codec: Codec, footage: Footage, fps: u32, stream: u32) -> Feed {
        let interval = match &footage {
            Footage::Noise(_) => Duration::from_secs(1) / fps.max(1),
            Footage::Drawn(drawn) => drawn.interval(),
        };
        Feed::new(codec, footage, stream, interval, Loudness::Steady)
    }

    pub fn audio(stream: u32, loudness: Loudness) -> Feed {
        Feed::new(Codec::Opus, Footage::Noise(Source::audio(stream)), stream, AUDIO_INTERVAL, loudness)
    }

    fn new(codec: Codec, footage: Footage, stream: u32, interval: Duration, loudness: Loudness) -> Feed {
        Feed { codec, footage, stream, interval, due: Instant::now(), seq: 1, loudness }
    }

    pub fn due(&self) -> Instant {
        self.due
    }

    pub fn begin(&mut self, now: Instant) {
        self.due = now;
    }

    pub fn request_keyframe(&mut self) {
        match &mut self.footage {
            Footage::Noise(source) => source.request_keyframe(),
            Footage::Drawn(drawn) => drawn.request_keyframe(),
        }
    }

    pub fn send_due(&mut self, now: Instant, endpoint: &mut Endpoint, board: &Board, ears: &mut impl Ears) {
        if now < self.due {
            return;
        }
        // After a pause of ours: go on from here rather than send what was missed in one burst.
        self.due = if now > self.due + 10 * self.interval { now } else { self.due } + self.interval;
        let audio_level = (self.codec.kind() == Kind::Audio).then(|| self.loudness.at(now));
        for packet in self.footage.next_frame() {
            let counter = read_tag(self.codec, &packet.payload).map(|tag| tag.counter);
            if let (Some(counter), Some(log)) = (counter, board.stream(self.stream)) {
                log.note(counter, WallNs::now());
            }
            endpoint.client.send_rtp(
                now,
                &Packet {
                    kind: self.codec.kind(),
                    rid: None,
                    seq: self.seq,
                    time: packet.time.0,
                    marker: packet.marker,
                    payload: &packet.payload,
                    audio_level,
                    dd: packet.dd.as_deref(),
                },
            );
            self.seq += 1;
            endpoint.tick(now, ears);
        }
    }
}

impl Footage {
    fn next_frame(&mut self) -> Vec<Generated> {
        match self {
            Footage::Noise(source) => source.next_frame(),
            Footage::Drawn(drawn) => drawn.next_frame(),
        }
    }
}

impl Loudness {
    /// Decibels below overload, and whether it is speech.
    fn at(&self, now: Instant) -> (u8, bool) {
        match self {
            Loudness::Steady => (30, true),
            Loudness::InTurn(rota, person) => rota.speak(now, *person),
        }
    }
}
