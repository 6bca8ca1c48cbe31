//! A VP8 encoder for pictures that hardly move: every macroblock either as it was in the picture before or coded anew
//! without reference to it.
//!
//! Enough for the idle screen, and no more: no motion, one quality, no rate control, no loop filter (what is decoded is
//! then what was put together here, to the last bit). Clips from files are encoded by ffmpeg.

mod boolean;
mod tables;
mod tokens;
mod transform;

use super::picture::{Picture, block_edge};
use super::predict::{Around, Mode};
use boolean::Writer;
use tokens::Kind;

/// Probabilities that the header may change and does not (RFC 6386 §17.2).
const MOTION_UPDATE: [[u8; 19]; 2] = [
    [237, 246, 253, 253, 254, 254, 254, 254, 254, 254, 254, 254, 254, 254, 250, 250, 252, 254, 254],
    [231, 243, 245, 253, 254, 254, 254, 254, 254, 254, 254, 254, 254, 254, 251, 251, 254, 254, 254],
];
/// How likely a macroblock without motion moves all the same, by how much of what is around it refers to a picture
/// (§18.3, the first column of its table).
const ZERO_MOTION: [u8; 6] = [7, 14, 135, 60, 159, 234];

pub struct Encoder {
    /// The picture as a decoder has it.
    decoded: Picture,
    /// The picture that was encoded last.
    before: Option<Picture>,
}

/// What becomes of a macroblock.
enum Macroblock {
    /// As it was in the picture before.
    Kept,
    Coded(Box<Coded>),
}

/// The parts of a macroblock, predicted, transformed and quantised.
struct Coded {
    mode: Mode,
    means: [i32; 16],
    light: [[i32; 16]; 16],
    colour: [[[i32; 16]; 4]; 2],
}

impl Encoder {
    /// For pictures of this size, which is below 16,384 either way.
    pub fn new(width: usize, height: usize) -> Encoder {
        Encoder { decoded: Picture::new(width, height, [0, 128, 128]), before: None }
    }

    /// A frame that depends on none.
    pub fn key(&mut self, picture: &Picture) -> Vec<u8> {
        self.before = None;
        self.frame(picture)
    }

    /// A frame that follows the last one.
    pub fn delta(&mut self, picture: &Picture) -> Vec<u8> {
        self.frame(picture)
    }

    fn frame(&mut self, picture: &Picture) -> Vec<u8> {
        let key = self.before.is_none();
        let mut blocks = Vec::with_capacity(picture.rows() * picture.columns());
        for row in 0..picture.rows() {
            for column in 0..picture.columns() {
                let same = self.before.as_ref().is_some_and(|before| before.same_block(picture, column, row));
                blocks.push(if same {
                    Macroblock::Kept
                } else {
                    Macroblock::Coded(Box::new(Coded::new(picture, &mut self.decoded, column, row)))
                });
            }
        }
        self.before = Some(picture.clone());
        let first = first_partition(&blocks, picture.columns(), key);
        let second = second_partition(&blocks, picture.columns());
        let mut frame = Vec::new();
        // Inverted: a key frame has a zero. Version 0, shown, and how long the first partition is (§9.1).
        let tag = u32::from(!key) | 1 << 4 | (first.len() as u32) << 5;
        frame.extend_from_slice(&tag.to_le_bytes()[..3]);
        if key {
            frame.extend_from_slice(&[0x9d, 0x01, 0x2a]);
            frame.extend_from_slice(&(picture.width as u16).to_le_bytes());
            frame.extend_from_slice(&(picture.height as u16).to_le_bytes());
        }
        frame.extend_from_slice(&first);
        frame.extend_from_slice(&second);
        frame
    }
}

/// The header and the modes of all macroblocks (§9.2 to §9.11, §19.2).
fn first_partition(blocks: &[Macroblock], columns: usize, key: bool) -> Vec<u8> {
    let coded: Vec<&Coded> = blocks.iter().filter_map(Macroblock::coded).collect();
    let empty = blocks.len() - coded.iter().filter(|block| !block.is_empty()).count();
    let not_empty = share(blocks.len() - empty, blocks.len());
    let new = share(coded.len(), blocks.len());

    let mut out = Writer::new();
    if key {
        out.bits(0, 2); // colour space, and samples are clamped
    }
    out.bits(0, 1); // no segments
    out.bits(0, 1 + 6 + 3); // no loop filter
    out.bits(0, 1); // no adjustment of it
    out.bits(0, 2); // one partition of coefficients
    out.bits(transform::INDEX, 7);
    out.bits(0, 5); // the same for all kinds of blocks
    if key {
        out.bits(1, 1); // probabilities are kept
    } else {
        out.bits(0, 2 + 2 + 2 + 2); // the two older references stay, and no motion is mirrored
        out.bits(0b11, 2); // probabilities are kept, and this frame becomes the reference
    }
    tables::UPDATE.as_flattened().as_flattened().as_flattened().iter().for_each(|p| out.bit(false, *p));
    out.bits(1, 1); // macroblocks without coefficients say so
    out.bits(not_empty.into(), 8);
    if !key {
        out.bits(new.into(), 8);
        out.bits(255, 8); // the last frame is the reference,
        out.bits(128, 8); // and not one of the others
        out.bits(0, 2); // no new probabilities of modes,
        MOTION_UPDATE.as_flattened().iter().for_each(|p| out.bit(false, *p)); // nor of motion
    }
    for (n, block) in blocks.iter().enumerate() {
        out.bit(block.coded().is_none_or(Coded::is_empty), not_empty);
        if !key {
            out.bit(block.coded().is_none(), new);
        }
        match block.coded() {
            Some(coded) => coded.write_modes(&mut out, key),
            None => {
                out.bit(false, 255); // from the last frame
                out.bit(false, ZERO_MOTION[kept_around(blocks, columns, n)]);
            }
        }
    }
    out.finish()
}

/// The coefficients of all macroblocks.
fn second_partition(blocks: &[Macroblock], columns: usize) -> Vec<u8> {
    let mut out = Writer::new();
    // Whether the last blocks of each column, and of the row so far, had any.
    let mut above = vec![Edge::default(); columns];
    let mut left = Edge::default();
    for (n, block) in blocks.iter().enumerate() {
        let column = n % columns;
        if column == 0 {
            left = Edge::default();
        }
        match block.coded().filter(|coded| !coded.is_empty()) {
            Some(coded) => coded.write_levels(&mut out, &mut above[column], &mut left),
            None => (above[column], left) = (Edge::default(), Edge::default()),
        }
    }
    out.finish()
}

/// One side of a macroblock, block by block: whether tokens were sent for it.
#[derive(Clone, Copy, Default)]
struct Edge {
    means: bool,
    light: [bool; 4],
    colour: [[bool; 2]; 2],
}

impl Macroblock {
    fn coded(&self) -> Option<&Coded> {
        match self {
            Macroblock::Kept => None,
            Macroblock::Coded(coded) => Some(coded),
        }
    }
}

impl Coded {
    /// Codes the macroblock, and puts what a decoder makes of it into `decoded`.
    fn new(picture: &Picture, decoded: &mut Picture, column: usize, row: usize) -> Coded {
        let around = Around::new(&decoded.planes[0], 0, column, row);
        let (mode, guess) = around.best(&picture.planes[0]);
        let mut means = [0; 16];
        let light = std::array::from_fn(|block| {
            let mut coefficients = transform::forward(&difference(picture, 0, &around, &guess, block));
            means[block] = std::mem::take(&mut coefficients[0]);
            transform::quantise(&coefficients, transform::LIGHT)
        });
        let means = transform::quantise(&transform::forward_means(&means), transform::MEANS);
        let sent = transform::inverse_means(&transform::dequantise(&means, transform::MEANS));
        for (block, levels) in light.iter().enumerate() {
            let mut coefficients = transform::dequantise(levels, transform::LIGHT);
            coefficients[0] = sent[block];
            put(decoded, 0, &around, &guess, block, &coefficients);
        }
        let colour = [1, 2].map(|n| {
            let around = Around::new(&decoded.planes[n], n, column, row);
            let guess = around.mean();
            std::array::from_fn(|block| {
                let coefficients = transform::forward(&difference(picture, n, &around, &guess, block));
                let levels = transform::quantise(&coefficients, transform::COLOUR);
                let sent = transform::dequantise(&levels, transform::COLOUR);
                put(decoded, n, &around, &guess, block, &sent);
                levels
            })
        });
        Coded { mode, means, light, colour }
    }

    fn is_empty(&self) -> bool {
        let light = self.light.as_flattened().iter();
        let colour = self.colour.as_flattened().as_flattened().iter();
        self.means.iter().chain(light).chain(colour).all(|level| *level == 0)
    }

    /// §11.2 and §16.1; colour is predicted by its mean.
    fn write_modes(&self, out: &mut Writer, key: bool) {
        match (key, self.mode) {
            (true, Mode::Mean) => out.path(&[(true, 145), (false, 156), (false, 163)]),
            (true, Mode::Down) => out.path(&[(true, 145), (false, 156), (true, 163)]),
            (true, Mode::Right) => out.path(&[(true, 145), (true, 156), (false, 128)]),
            (false, Mode::Mean) => out.path(&[(false, 112)]),
            (false, Mode::Down) => out.path(&[(true, 112), (false, 86), (false, 140)]),
            (false, Mode::Right) => out.path(&[(true, 112), (false, 86), (true, 140)]),
        }
        out.bit(false, if key { 142 } else { 162 });
    }

    fn write_levels(&self, out: &mut Writer, above: &mut Edge, left: &mut Edge) {
        let mut send = |kind, levels, above: &mut bool, left: &mut bool| {
            let any = tokens::write(out, kind, levels, usize::from(*above) + usize::from(*left));
            (*above, *left) = (any, any);
        };
        send(Kind::Means, &self.means, &mut above.means, &mut left.means);
        for (block, levels) in self.light.iter().enumerate() {
            send(Kind::Light, levels, &mut above.light[block % 4], &mut left.light[block / 4]);
        }
        for (n, blocks) in self.colour.iter().enumerate() {
            for (block, levels) in blocks.iter().enumerate() {
                send(Kind::Colour, levels, &mut above.colour[n][block % 2], &mut left.colour[n][block / 2]);
            }
        }
    }
}

/// The macroblocks above and left count two, the one between them one; beyond the edge there is none.
fn kept_around(blocks: &[Macroblock], columns: usize, n: usize) -> usize {
    let (row, column) = (n / columns, n % columns);
    let kept = |there: bool, back: usize| there && matches!(blocks[n - back], Macroblock::Kept);
    let above = if row > 0 && kept(true, columns) { 2 } else { 0 };
    let left = if column > 0 && kept(true, 1) { 2 } else { 0 };
    let corner = if row > 0 && column > 0 && kept(true, columns + 1) { 1 } else { 0 };
    above + left + corner
}

/// What the guess leaves of a block of the macroblock; blocks are numbered row by row.
fn difference(picture: &Picture, n: usize, around: &Around, guess: &[u8], block: usize) -> [i32; 16] {
    let (x, y) = place(n, block);
    let wanted = picture.planes[n].block(around.left + x, around.top + y);
    std::array::from_fn(|i| wanted[i] - i32::from(guess[(y + i / 4) * around.edge + x + i % 4]))
}

fn put(decoded: &mut Picture, n: usize, around: &Around, guess: &[u8], block: usize, coefficients: &[i32; 16]) {
    let (x, y) = place(n, block);
    let difference = transform::inverse(coefficients);
    let samples = std::array::from_fn(|i| difference[i] + i32::from(guess[(y + i / 4) * around.edge + x + i % 4]));
    decoded.planes[n].put_block(around.left + x, around.top + y, &samples);
}

fn place(n: usize, block: usize) -> (usize, usize) {
    let across = block_edge(n) / 4;
    (block % across * 4, block / across * 4)
}

/// `part` of `whole` as the probability of a zero, which is never certain.
fn share(part: usize, whole: usize) -> u8 {
    (part * 256 / whole.max(1)).clamp(1, 255) as u8
}
