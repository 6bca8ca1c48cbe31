//! Opus in RTP (RFC 7587): the table-of-contents byte of RFC 6716 §3.1, and nothing else is framed.

use std::time::Duration;

use crate::codec::Facts;

/// RFC 6716 §3.2.5: an Opus packet holds at most 120 ms.
const DURATION_MAX: Duration = Duration::from_millis(120);

/// What the first byte says about a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Toc {
    /// Mode, bandwidth and frame size, 0..32.
    pub config: u8,
    pub stereo: bool,
    pub frames: u8,
    pub frame: Duration,
}

impl Toc {
    /// `None` when the packet is empty or its frame count is not valid.
    pub fn parse(payload: &[u8]) -> Option<Toc> {
        let first = *payload.first()?;
        let config = first >> 3;
        let frames = match first & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => payload.get(1)? & 0x3f,
        };
        let toc = Toc { config, stereo: first & 4 != 0, frames, frame: Duration::from_micros(frame_us(config)) };
        (frames > 0 && toc.duration() <= DURATION_MAX).then_some(toc)
    }

    /// How much audio the packet holds.
    pub fn duration(&self) -> Duration {
        self.frame * u32::from(self.frames)
    }
}

/// A packet of one or two bytes tells the decoder that there is silence (discontinuous transmission).
pub fn is_silence(payload: &[u8]) -> bool {
    matches!(payload.len(), 1 | 2)
}

pub(crate) fn facts(payload: &[u8]) -> Facts {
    let whole = !payload.is_empty();
    Facts { keyframe: whole, frame_start: whole, frame_end: whole, switch_point: whole, ..Facts::default() }
}

fn frame_us(config: u8) -> u64 {
    match config {
        0..12 => [10_000, 20_000, 40_000, 60_000][usize::from(config & 3)],
        12..16 => [10_000, 20_000][usize::from(config & 1)],
        _ => [2_500, 5_000, 10_000, 20_000][usize::from(config & 3)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_tells_duration_and_channels() {
        // CELT fullband 20 ms stereo, one frame: what browsers send.
        let toc = Toc::parse(&[0xfc, 1, 2]).unwrap();
        assert_eq!((toc.stereo, toc.frames, toc.duration()), (true, 1, Duration::from_millis(20)));
        // SILK wideband 60 ms, two frames.
        assert_eq!(Toc::parse(&[11 << 3 | 1, 0]).unwrap().duration(), Duration::from_millis(120));
        // Hybrid 10 ms, four frames of arbitrary size.
        assert_eq!(Toc::parse(&[12 << 3 | 3, 4]).unwrap().duration(), Duration::from_millis(40));
    }

    #[test]
    fn impossible_packets_are_refused() {
        assert_eq!(Toc::parse(&[]), None);
        assert_eq!(Toc::parse(&[3]), None);
        assert_eq!(Toc::parse(&[3, 0]), None);
        assert_eq!(Toc::parse(&[11 << 3 | 3, 3]), None, "180 ms is beyond the limit");
    }

    #[test]
    fn every_packet_can_be_the_first() {
        assert!(facts(&[0xfc, 1]).keyframe && facts(&[0xfc]).frame_end);
        assert!(is_silence(&[0xfc]) && !is_silence(&[0xfc, 1, 2]) && !is_silence(&[]));
    }
}
