//! What somebody looks like who is not there: a number on a ground of a colour of its own, and a spot that travels below
//! it, so that whoever watches many of them sees who is who and that each one moves.

use super::coded::Reel;
use super::picture::Picture;
use super::{Track, scene, vp8};
use crate::Codec;

const WIDTH: usize = 320;
const HEIGHT: usize = 180;
/// Pictures of the loop, one tenth of a second each: who asks for a key frame gets the loop's beginning.
const FRAMES: usize = 20;
const FRAME_TICKS: u32 = 9_000;
/// Pixels for each unit of the font: three digits fit.
const SCALE: f64 = 5.0;
const TEXT_TOP: f64 = 44.0;
const SPOT_TOP: f64 = 150.0;
/// From one picture to the next the spot moves a twentieth of the way.
const SPOT_LEFT: f64 = 26.0;
const SPOT_STEP: f64 = 14.0;

/// Dark enough for light digits, and neighbours differ.
const GROUNDS: [[u8; 3]; 8] = [
    [70, 150, 110],
    [60, 110, 150],
    [75, 105, 105],
    [55, 155, 140],
    [80, 128, 160],
    [65, 100, 130],
    [85, 140, 95],
    [50, 128, 128],
];

/// The loop of this person, in VP8.
pub fn track(number: u32) -> Track {
    let mut encoder = vp8::Encoder::new(WIDTH, HEIGHT);
    let still = still(number);
    let frames = (0..FRAMES).map(|n| {
        let mut picture = still.clone();
        scene::spot(&mut picture, (SPOT_LEFT + SPOT_STEP * n as f64, SPOT_TOP), 1.0);
        let frame = if n == 0 { encoder.key(&picture) } else { encoder.delta(&picture) };
        (FRAME_TICKS, frame)
    });
    let reel =
        Reel::new(Codec::Vp8, frames.collect()).expect("our encoder keeps to the bounds of a loop; a test says so");
    Track::from(&reel)
}

fn still(number: u32) -> Picture {
    let mut picture = Picture::new(WIDTH, HEIGHT, GROUNDS[number as usize % GROUNDS.len()]);
    scene::write(&mut picture, &number.to_string(), SCALE, TEXT_TOP);
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_looks_different_and_moves() {
        let tracks: Vec<Track> = [1, 2, 9, 10, 345].map(track).into();
        for (n, one) in tracks.iter().enumerate() {
            assert!(tracks[..n].iter().all(|other| other.frame(0) != one.frame(0)));
            assert!(one.frames().windows(2).all(|pair| pair[0].payloads != pair[1].payloads));
            assert!(one.frame(0).keyframe && !one.frame(1).keyframe && one.frame(20).keyframe);
        }
        for digit in 0..10 {
            let light = |n| still(n).visible()[..WIDTH * HEIGHT].iter().filter(|y| **y > 190).count();
            assert!(light(digit) > 500, "{digit}: {}", light(digit));
        }
    }
}
