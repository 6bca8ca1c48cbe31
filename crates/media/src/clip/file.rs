//! A clip in a file: both loops with a length before everything that has one.
//!
//! ```text
//! "WEIRCLIP"  version: u8 = 1  loops: u8 = 2
//! each loop   codec: u8 (1 H.264, 2 VP8)  pictures: u16
//! each picture  ticks of 90 kHz: u32  length: u32  the picture: annex B, or a VP8 frame
//! ```
//!
//! Numbers are big endian. Everything else (sizes, key frames) is read off the pictures, so that it cannot be wrong.

use super::coded::{Coded, Reel};
use super::coded::{FRAME_LEN_MAX, FRAMES_MAX};
use crate::{Codec, Error};

/// Both loops at a little more than 1.5 Mbit/s.
pub const FILE_LEN_MAX: usize = 4 * 1024 * 1024;

const MAGIC: &[u8] = b"WEIRCLIP";
const VERSION: u8 = 1;
const CODECS: [(u8, Codec); 2] = [(1, Codec::H264), (2, Codec::Vp8)];

impl Coded {
    pub fn read(bytes: &[u8]) -> Result<Coded, Error> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(Error::NotAClip)?;
        if bytes.len() > FILE_LEN_MAX {
            return Err(Error::ClipTooLarge);
        }
        match take(&mut rest)? {
            [VERSION] => {}
            [version] => return Err(Error::ClipVersion(version)),
        }
        let [loops] = take(&mut rest)?;
        if usize::from(loops) != CODECS.len() {
            return Err(Error::ClipLoops);
        }
        let (mut h264, mut vp8) = (None, None);
        for _ in 0..loops {
            let reel = read_reel(&mut rest)?;
            match reel.codec {
                Codec::H264 => h264 = Some(reel),
                _ => vp8 = Some(reel),
            }
        }
        if !rest.is_empty() {
            return Err(Error::ClipTail(rest.len()));
        }
        let (h264, vp8) = h264.zip(vp8).ok_or(Error::ClipLoops)?;
        Ok(Coded { h264, vp8 })
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&[VERSION, CODECS.len() as u8]);
        for ((code, _), reel) in CODECS.iter().zip([&self.h264, &self.vp8]) {
            out.push(*code);
            out.extend_from_slice(&(reel.frames().len() as u16).to_be_bytes());
            for frame in reel.frames() {
                out.extend_from_slice(&frame.ticks.to_be_bytes());
                out.extend_from_slice(&(frame.data.len() as u32).to_be_bytes());
                out.extend_from_slice(&frame.data);
            }
        }
        out
    }
}

fn read_reel(rest: &mut &[u8]) -> Result<Reel, Error> {
    let [code] = take(rest)?;
    let (_, codec) = *CODECS.iter().find(|(known, _)| *known == code).ok_or(Error::ClipLoops)?;
    let count = usize::from(u16::from_be_bytes(take(rest)?));
    if count > FRAMES_MAX {
        return Err(Error::Clip { codec, problem: "a loop has 2 to 300 pictures" });
    }
    let mut frames = Vec::new();
    for n in 0..count {
        let ticks = u32::from_be_bytes(take(rest)?);
        let len = u32::from_be_bytes(take(rest)?) as usize;
        if len > FRAME_LEN_MAX {
            return Err(Error::ClipFrame { codec, frame: n, problem: "it is larger than 256 KiB" });
        }
        let (data, tail) = rest.split_at_checked(len).ok_or(Error::ClipCut)?;
        frames.push((ticks, data.to_vec()));
        *rest = tail;
    }
    Reel::new(codec, frames)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Error> {
    let (taken, tail) = rest.split_first_chunk().ok_or(Error::ClipCut)?;
    *rest = tail;
    Ok(*taken)
}
