//! The clip that viewers see while nothing comes in: a loop of pictures, ready to be sent, in each codec that any browser
//! can decode.
//!
//! ```text
//! scene ─▶ h264, vp8 (our encoders) ─┐
//! ffmpeg ─▶ annexb, ivf (readers) ───┴─▶ Coded ─▶ Clip: payloads
//!                           a file ◀────▶  └ file
//! ```
//!
//! Knows nothing of when it is shown and to whom. Numbers and times of packets are for whoever splices them into a stream:
//! a VP8 picture id here is the picture's place in the loop and jumps back where the loop begins again.

pub mod coded;
mod file;
mod font;
mod h264;
pub mod ivf;
pub mod person;
mod picture;
mod predict;
mod scan;
mod scene;
mod vp8;

pub use coded::{Coded, Reel};
pub use file::FILE_LEN_MAX;

use crate::{Codec, Error, annexb, packetise};

/// Leaves room in 1,200 bytes, libwebrtc's packet size, for an RTP header with extensions.
pub const PAYLOAD_LEN_MAX: usize = 1_150;

/// A loop in each of the two codecs. It never changes, so that one is enough for all workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    h264: Track,
    vp8: Track,
}

/// A loop in one codec: it begins with a key frame, has one every [`coded::KEY_FRAME_GAP_TICKS_MAX`] at least, and is
/// never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    pub codec: Codec,
    pub width: u16,
    pub height: u16,
    frames: Vec<Frame>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Until the next one, in ticks of the 90 kHz clock.
    pub ticks: u32,
    /// A decoder that knows nothing can begin here.
    pub keyframe: bool,
    /// At least one, each at most [`PAYLOAD_LEN_MAX`] long. The last is the one with the marker bit.
    pub payloads: Vec<Vec<u8>>,
}

impl Clip {
    /// "No input present", which is drawn and encoded here and now, in less than a tenth of a second: keep it.
    pub fn builtin() -> Clip {
        Clip::from(&Coded::builtin())
    }

    /// A clip from the bytes of a file.
    pub fn read(bytes: &[u8]) -> Result<Clip, Error> {
        Ok(Clip::from(&Coded::read(bytes)?))
    }

    /// None for a codec that clips do not have.
    pub fn track(&self, codec: Codec) -> Option<&Track> {
        [&self.h264, &self.vp8].into_iter().find(|track| track.codec == codec)
    }

    /// The `n`-th picture of the endless stream that the loop is.
    pub fn frame(&self, codec: Codec, n: u64) -> Option<&Frame> {
        self.track(codec).map(|track| track.frame(n))
    }
}

impl Track {
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    pub fn frame(&self, n: u64) -> &Frame {
        &self.frames[(n % self.frames.len() as u64) as usize]
    }

    /// How long the loop is, in ticks.
    pub fn ticks(&self) -> u32 {
        self.frames.iter().map(|frame| frame.ticks).sum()
    }
}

impl From<&Coded> for Clip {
    fn from(coded: &Coded) -> Clip {
        Clip { h264: Track::from(&coded.h264), vp8: Track::from(&coded.vp8) }
    }
}

impl From<&Reel> for Track {
    fn from(reel: &Reel) -> Track {
        let payloads = |n: usize, frame: &coded::Frame| match reel.codec {
            Codec::H264 => {
                packetise::h264::packetise(&annexb::Units::new(&frame.data).collect::<Vec<_>>(), PAYLOAD_LEN_MAX)
            }
            _ => packetise::vp8::packetise(&frame.data, n as u16, PAYLOAD_LEN_MAX),
        };
        let ready = |(n, frame): (usize, &coded::Frame)| Frame {
            ticks: frame.ticks,
            keyframe: frame.keyframe,
            payloads: payloads(n, frame),
        };
        let frames = reel.frames().iter().enumerate().map(ready).collect();
        Track { codec: reel.codec, width: reel.width, height: reel.height, frames }
    }
}

#[cfg(test)]
mod tests;
