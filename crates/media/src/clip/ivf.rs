//! IVF, the container that carries VP8 frames and nothing else.

use crate::Error;

const MAGIC: &[u8; 4] = b"DKIF";
const VP8: &[u8; 4] = b"VP80";
const HEADER_LEN: usize = 32;
const FRAME_HEADER_LEN: usize = 12;

/// The frames of a VP8 file. Their times are left out: whoever made the file knows them.
pub fn frames(bytes: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let header = bytes.get(..HEADER_LEN).ok_or(Error::Ivf("it is shorter than its header"))?;
    if &header[..4] != MAGIC {
        return Err(Error::Ivf("it does not begin with DKIF"));
    }
    if &header[8..12] != VP8 {
        return Err(Error::Ivf("its codec is not VP8"));
    }
    let mut rest = &bytes[HEADER_LEN..];
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (header, tail) = rest.split_first_chunk::<FRAME_HEADER_LEN>().ok_or(Error::Ivf("a frame header is cut"))?;
        let len = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let (frame, tail) = tail.split_at_checked(len).ok_or(Error::Ivf("a frame is cut"))?;
        frames.push(frame);
        rest = tail;
    }
    Ok(frames)
}

/// A VP8 file: frames with their times, in ticks of a clock of 90 kHz.
pub fn write<'a>(width: u16, height: u16, frames: impl Iterator<Item = (u64, &'a [u8])>) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&[0, 0, HEADER_LEN as u8, 0]);
    file.extend_from_slice(VP8);
    file.extend_from_slice(&width.to_le_bytes());
    file.extend_from_slice(&height.to_le_bytes());
    file.extend_from_slice(&90_000u32.to_le_bytes());
    file.extend_from_slice(&1u32.to_le_bytes());
    file.extend_from_slice(&[0; 8]);
    let mut count = 0u32;
    for (time, frame) in frames {
        file.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        file.extend_from_slice(&time.to_le_bytes());
        file.extend_from_slice(frame);
        count += 1;
    }
    file[24..28].copy_from_slice(&count.to_le_bytes());
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were_written() {
        let parts = [&[1u8, 2, 3][..], &[], &[4]];
        let file = write(64, 32, parts.into_iter().enumerate().map(|(n, part)| (n as u64 * 9_000, part)));
        assert_eq!(frames(&file), Ok(parts.to_vec()));
        assert_eq!(frames(&file[..file.len() - 1]), Err(Error::Ivf("a frame is cut")));
        assert_eq!(frames(&file[..40]), Err(Error::Ivf("a frame header is cut")));
        assert_eq!(frames(&file[..20]), Err(Error::Ivf("it is shorter than its header")));
        assert_eq!(frames(&[0; 32]), Err(Error::Ivf("it does not begin with DKIF")));
    }
}
