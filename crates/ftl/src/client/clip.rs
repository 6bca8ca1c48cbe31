//! What is streamed: a picture and a sound, cut into packets with the times they belong to.

use std::time::Duration;

use media::codec::opus::Toc;
use media::{annexb, ogg, packetise};

/// What fits, with headers, into a packet on any path.
const PAYLOAD_MAX: usize = 1200;

/// Packets in order.
#[derive(Debug, Clone, Default)]
pub struct Clip {
    pub video: Vec<Picture>,
    pub audio: Vec<Sound>,
    pub video_length: Duration,
    pub audio_length: Duration,
}

#[derive(Debug, Clone)]
pub struct Picture {
    pub at: Duration,
    pub payloads: Vec<Vec<u8>>,
}

#[derive(Debug, Clone)]
pub struct Sound {
    pub at: Duration,
    pub payload: Vec<u8>,
}

/// Why a file cannot be streamed as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("no pictures in it: it is not an H.264 byte stream (Annex B)")]
    NoPictures,
    #[error(
        "it has pictures that are shown in another order than they are sent (B-frames), which a byte stream has no times for"
    )]
    Reordered,
    #[error(transparent)]
    Ogg(#[from] media::Error),
    #[error("no sound in it")]
    NoSound,
}

impl Clip {
    /// Adds the pictures of an H.264 byte stream, which has no times of its own.
    pub fn with_video(mut self, bytes: &[u8], frames_per_s: f64) -> Result<Clip, Unfit> {
        let frame = Duration::from_secs_f64(1.0 / frames_per_s);
        for picture in annexb::Pictures::new(bytes).filter(|picture| picture.iter().any(|unit| annexb::is_slice(unit)))
        {
            if picture.iter().any(|unit| annexb::shows_later_first(unit)) {
                return Err(Unfit::Reordered);
            }
            let at = frame.mul_f64(self.video.len() as f64);
            self.video.push(Picture { at, payloads: packetise::h264::packetise(&picture, PAYLOAD_MAX) });
        }
        if self.video.is_empty() {
            return Err(Unfit::NoPictures);
        }
        self.video_length = frame.mul_f64(self.video.len() as f64);
        Ok(self)
    }

    /// Adds the sound of an Ogg Opus file.
    pub fn with_audio(mut self, bytes: &[u8]) -> Result<Clip, Unfit> {
        for payload in ogg::OpusPackets::new(bytes) {
            let payload = payload?;
            let at = self.audio_length;
            // What does not say how long it is takes no time.
            self.audio_length += Toc::parse(&payload).map_or(Duration::ZERO, |toc| toc.duration());
            self.audio.push(Sound { at, payload });
        }
        if self.audio_length.is_zero() { Err(Unfit::NoSound) } else { Ok(self) }
    }

    pub fn length(&self) -> Duration {
        self.video_length.max(self.audio_length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_stream_becomes_packets_a_frame_apart() {
        let stream = [0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 1, 0x65, 0x88, 1, 0, 0, 1, 0x41, 0x9a, 1];
        let clip = Clip::default().with_video(&stream, 25.0).unwrap();
        assert_eq!(clip.video.iter().map(|p| p.at.as_millis()).collect::<Vec<_>>(), [0, 40]);
        assert_eq!((clip.video[0].payloads.len(), clip.length()), (1, Duration::from_millis(80)));
    }

    #[test]
    fn what_cannot_be_streamed_is_refused_with_the_reason() {
        assert_eq!(Clip::default().with_video(b"not video", 25.0).unwrap_err(), Unfit::NoPictures);
        let reordered = [0, 0, 1, 0x01, 0b1001_1100, 1];
        assert_eq!(Clip::default().with_video(&reordered, 25.0).unwrap_err(), Unfit::Reordered);
        assert!(matches!(Clip::default().with_audio(b"not audio"), Err(Unfit::Ogg(_))));
    }
}
