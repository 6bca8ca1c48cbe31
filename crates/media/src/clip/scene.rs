//! What the idle screen shows: "No input present" on a dark ground, and three dots that breathe one after the other, so that
//! a viewer sees that the connection is alive.

use super::font::{self, Stroke};
use super::picture::Picture;

pub const WIDTH: usize = 640;
pub const HEIGHT: usize = 360;
/// Pictures of the loop: 2 s. Each begins where the last one ended.
pub const FRAMES: usize = 20;
/// Ticks of the 90 kHz clock: 10 pictures a second.
pub const FRAME_TICKS: u32 = 9_000;

const TEXT: &str = "No input present";
/// Pixels for each unit of the font.
const SCALE: f64 = 3.0;
const TEXT_TOP: f64 = 142.0;
const DOTS: [(f64, f64); 3] = [(296.0, 248.0), (320.0, 248.0), (344.0, 248.0)];
const DOT_RADIUS: f64 = 5.0;
/// Pictures by which a dot is behind the one on its left.
const DOT_DELAY: usize = 3;
/// How bright a dot is at its darkest.
const DOT_DIM: f64 = 0.18;

type Colour = [u8; 3];
const GROUND: Colour = [30, 133, 125];
const LETTERS: Colour = [214, 128, 128];
const DOT: Colour = [158, 146, 92];

/// The pictures of the loop.
pub fn pictures() -> Vec<Picture> {
    let still = still();
    (0..FRAMES).map(|n| with_dots(still.clone(), n)).collect()
}

/// All that does not move.
fn still() -> Picture {
    let mut picture = Picture::new(WIDTH, HEIGHT, GROUND);
    write(&mut picture, TEXT, SCALE, TEXT_TOP);
    picture
}

/// A line of text, in the middle of the picture's width.
pub fn write(picture: &mut Picture, text: &str, scale: f64, top: f64) {
    let (width, height) = (picture.width, picture.height);
    let (strokes, long) = font::layout(text);
    let left = (width as f64 - long * scale) / 2.0;
    let reach = |y: usize| (y as f64 - top) / scale;
    // Descenders, and the pen.
    let rows = (0..height).filter(|&y| (-2.0..font::HEIGHT + 7.0).contains(&reach(y)));
    let lines: Vec<usize> = rows.collect();
    let ink = |x: f64, y: f64| {
        let point = ((x - left) / scale, (y - top) / scale);
        let near = strokes.iter().map(|stroke: &Stroke| stroke.distance(point)).fold(f64::MAX, f64::min);
        coverage((near - font::PEN) * scale)
    };
    paint(picture, LETTERS, (0, width), (lines[0] & !1, lines[lines.len() - 1]), ink);
}

/// A spot of light, of which its box of 16 by 16 pixels has to lie in the picture.
pub fn spot(picture: &mut Picture, (x, y): (f64, f64), glow: f64) {
    let ink = |px: f64, py: f64| {
        let (dx, dy) = (px - x, py - y);
        glow * coverage((dx * dx + dy * dy).sqrt() - DOT_RADIUS)
    };
    let (from_x, from_y) = (x as usize - 8, y as usize - 8);
    paint(picture, DOT, (from_x, from_x + 16), (from_y, from_y + 16), ink);
}

fn with_dots(mut picture: Picture, frame: usize) -> Picture {
    for (n, (x, y)) in DOTS.into_iter().enumerate() {
        let phase = (frame + FRAMES - n * DOT_DELAY) % FRAMES;
        // From 0 to 1 and back, slowly at both ends.
        let part = phase.min(FRAMES - phase) as f64 / (FRAMES / 2) as f64;
        let glow = DOT_DIM + (1.0 - DOT_DIM) * part * part * (3.0 - 2.0 * part);
        spot(&mut picture, (x, y), glow);
    }
    picture
}

/// How much of a pixel is inside a shape whose edge is this far from its middle.
fn coverage(beyond: f64) -> f64 {
    (0.5 - beyond).clamp(0.0, 1.0)
}

/// Covers what is there with a colour, as much as `ink` says of a place. The bounds begin at even pixels.
fn paint(
    picture: &mut Picture,
    colour: Colour,
    (left, right): (usize, usize),
    (top, bottom): (usize, usize),
    ink: impl Fn(f64, f64) -> f64,
) {
    for (n, plane) in picture.planes.iter_mut().enumerate() {
        let size = if n == 0 { 1 } else { 2 };
        let half = size as f64 / 2.0;
        for y in top / size..bottom / size {
            for x in left / size..right / size {
                let part = ink((x * size) as f64 + half, (y * size) as f64 + half);
                let (under, over) = (f64::from(plane.at(x, y)), f64::from(colour[n]));
                plane.set(x, y, (under + (over - under) * part + 0.5) as u8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_there_and_the_dots_move() {
        let pictures = pictures();
        assert_eq!(pictures.len(), FRAMES);
        let bright = |picture: &Picture| picture.visible()[..WIDTH * HEIGHT].iter().filter(|y| **y > 200).count();
        assert!(bright(&pictures[0]) > 5_000, "{}", bright(&pictures[0]));
        for pair in pictures.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
        let changed = |a: &Picture, b: &Picture| {
            let places = (0..a.rows()).flat_map(|row| (0..a.columns()).map(move |column| (column, row)));
            places.filter(|(column, row)| !a.same_block(b, *column, *row)).count()
        };
        assert!(changed(&pictures[3], &pictures[4]) <= 4, "only dots move");
    }
}
