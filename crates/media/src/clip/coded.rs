//! A clip as encoders make it and files hold it: coded pictures, checked for everything that sending them relies on.

use super::picture::Picture;
use super::{h264, ivf, scene, vp8};
use crate::codec::sps::Sps;
use crate::codec::vp8::resolution;
use crate::{Codec, Error, annexb};

/// 30 pictures a second for as long as a loop may last.
pub const FRAMES_MAX: usize = 300;
/// Ten seconds: longer is not an idle screen.
pub const LOOP_TICKS_MAX: u32 = 10 * 90_000;
/// Three seconds: who comes in between waits that long at most.
pub const KEY_FRAME_GAP_TICKS_MAX: u32 = 3 * 90_000;
/// A tenth of a second of 20 Mbit/s.
pub const FRAME_LEN_MAX: usize = 256 * 1024;
pub const WIDTH_MAX: u16 = 1280;
pub const HEIGHT_MAX: u16 = 720;
/// What browsers offer to decode: level 3.1, times ten.
const LEVEL_MAX: u8 = 31;
/// A real one has some 30 bytes; two of this go into one packet.
const PARAMETER_SET_LEN_MAX: usize = 500;

/// The same loop in both codecs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    pub h264: Reel,
    pub vp8: Reel,
}

/// A loop in one codec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reel {
    pub codec: Codec,
    pub width: u16,
    pub height: u16,
    frames: Vec<Frame>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Until the next one.
    pub ticks: u32,
    pub keyframe: bool,
    /// H.264: annex B, parameter sets and slices only, the sets in front of each IDR picture. VP8: the frame.
    pub data: Vec<u8>,
}

impl Coded {
    /// The idle screen, drawn and encoded by ourselves.
    pub fn builtin() -> Coded {
        Coded::encode(&scene::pictures(), scene::FRAME_TICKS)
    }

    /// The idle screen before it is encoded: size, and each picture's planes as YUV 4:2:0.
    pub fn builtin_pictures() -> (usize, usize, Vec<Vec<u8>>) {
        (scene::WIDTH, scene::HEIGHT, scene::pictures().iter().map(Picture::visible).collect())
    }

    pub(crate) fn encode(pictures: &[Picture], ticks: u32) -> Coded {
        let (width, height) = pictures.first().map_or((16, 16), |picture| (picture.width, picture.height));
        let (mut h264, mut vp8) = (h264::Encoder::new(width, height), vp8::Encoder::new(width, height));
        let (mut units, mut frames) = (Vec::new(), Vec::new());
        for (n, picture) in pictures.iter().enumerate() {
            let coded = if n == 0 { h264.key(picture) } else { h264.delta(picture) };
            units.push((ticks, annexb::join(coded.iter().map(Vec::as_slice))));
            frames.push((ticks, if n == 0 { vp8.key(picture) } else { vp8.delta(picture) }));
        }
        let reel = |codec, frames| Reel::new(codec, frames).expect("our encoders keep to these bounds; a test says so");
        Coded { h264: reel(Codec::H264, units), vp8: reel(Codec::Vp8, frames) }
    }

    /// From what encoders write: H.264 as annex B and VP8 as IVF, each picture shown for so many ticks.
    pub fn from_streams(h264: &[u8], vp8: &[u8], ticks: u32) -> Result<Coded, Error> {
        let pictures = annexb::Pictures::new(h264).map(|units| (ticks, annexb::join(units)));
        let frames = ivf::frames(vp8)?.into_iter().map(|frame| (ticks, frame.to_vec()));
        Ok(Coded { h264: Reel::new(Codec::H264, pictures.collect())?, vp8: Reel::new(Codec::Vp8, frames.collect())? })
    }
}

impl Reel {
    /// Pictures with how long each is shown. Refused when a viewer could not follow them.
    pub fn new(codec: Codec, frames: Vec<(u32, Vec<u8>)>) -> Result<Reel, Error> {
        if !(2..=FRAMES_MAX).contains(&frames.len()) {
            return Err(Error::Clip { codec, problem: "a loop has 2 to 300 pictures" });
        }
        let mut reel = Reel { codec, width: 0, height: 0, frames: Vec::with_capacity(frames.len()) };
        let mut sets = Sets::default();
        for (n, (ticks, data)) in frames.into_iter().enumerate() {
            let refuse = |problem| Error::ClipFrame { codec, frame: n, problem };
            let (data, size) = match codec {
                Codec::H264 => sets.complete(&data).map_err(refuse)?,
                Codec::Vp8 => {
                    let size = vp8_size(&data).map_err(refuse)?;
                    (data, size)
                }
                _ => return Err(Error::Clip { codec, problem: "clips are in H.264 and VP8" }),
            };
            if data.len() > FRAME_LEN_MAX {
                return Err(refuse("it is larger than 256 KiB"));
            }
            if let Size::Given((width, height)) = size {
                if n > 0 && (width, height) != (reel.width, reel.height) {
                    return Err(refuse("its size differs from the first one's"));
                }
                (reel.width, reel.height) = (width, height);
            }
            reel.frames.push(Frame { ticks, keyframe: matches!(size, Size::Given(_)), data });
        }
        reel.check()?;
        Ok(reel)
    }

    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |problem| Err(Error::Clip { codec: self.codec, problem });
        if !self.frames[0].keyframe {
            return refuse("the loop does not begin with a key frame");
        }
        if !(16..=WIDTH_MAX).contains(&self.width) || !(16..=HEIGHT_MAX).contains(&self.height) {
            return refuse("a picture is 16x16 to 1280x720");
        }
        let (mut total, mut since_key) = (0, 0);
        for frame in &self.frames {
            if !(1..=KEY_FRAME_GAP_TICKS_MAX).contains(&frame.ticks) {
                return refuse("a picture is shown for up to three seconds");
            }
            total += frame.ticks;
            since_key = if frame.keyframe { frame.ticks } else { since_key + frame.ticks };
            if total > LOOP_TICKS_MAX {
                return refuse("the loop is longer than ten seconds");
            }
            if since_key > KEY_FRAME_GAP_TICKS_MAX {
                return refuse("there is no key frame for more than three seconds");
            }
        }
        Ok(())
    }
}

/// A key frame says its size, and only a key frame does.
enum Size {
    Given((u16, u16)),
    SameAsBefore,
}

/// The H.264 parameter sets in force.
#[derive(Default)]
struct Sets {
    sps: Vec<u8>,
    pps: Vec<u8>,
}

impl Sets {
    /// The picture with what it needs in front, and without what nobody needs.
    fn complete(&mut self, data: &[u8]) -> Result<(Vec<u8>, Size), &'static str> {
        for unit in annexb::Units::new(data).filter(|unit| annexb::is_parameter_set(unit)) {
            if unit.len() > PARAMETER_SET_LEN_MAX {
                return Err("a parameter set is longer than 500 bytes");
            }
            let set = if annexb::is_sps(unit) { &mut self.sps } else { &mut self.pps };
            *set = unit.to_vec();
        }
        let slices: Vec<&[u8]> = annexb::Units::new(data).filter(|unit| annexb::is_slice(unit)).collect();
        let idr = slices.iter().filter(|unit| annexb::is_idr(unit)).count();
        if slices.is_empty() {
            return Err("it has no picture in it");
        }
        if idr == 0 {
            return Ok((annexb::join(slices), Size::SameAsBefore));
        }
        if idr < slices.len() || self.sps.is_empty() || self.pps.is_empty() {
            return Err("it is neither a whole key frame with its parameter sets nor one that follows");
        }
        let sps = Sps::parse(&self.sps).filter(|sps| sps.constrained_baseline && sps.level <= LEVEL_MAX);
        let sps = sps.ok_or("it is not of the constrained baseline profile at level 3.1 or below")?;
        let narrow = |edge: u32| u16::try_from(edge).unwrap_or(u16::MAX);
        let units = [&self.sps[..], &self.pps].into_iter().chain(slices);
        Ok((annexb::join(units), Size::Given((narrow(sps.width), narrow(sps.height)))))
    }
}

/// The size that a VP8 key frame says.
fn vp8_size(frame: &[u8]) -> Result<Size, &'static str> {
    let tag: &[u8; 3] = frame.first_chunk().ok_or("it is cut")?;
    if tag[0] & 0x10 == 0 {
        return Err("it is a frame that is not shown");
    }
    if tag[0] & 1 == 1 {
        return Ok(Size::SameAsBefore);
    }
    resolution(frame).map(Size::Given).ok_or("its key frame has no header")
}
