//! An H.264 encoder for pictures that hardly move: constrained baseline, one slice, every macroblock either as it was in
//! the picture before or coded anew without reference to it (Intra 16x16, CAVLC).
//!
//! Enough for the idle screen, and no more: no motion, one quality, no rate control, no deblocking (what is decoded is then
//! what was put together here, to the last bit). Clips from files are encoded by ffmpeg.

mod cavlc;
mod tables;
mod transform;

use super::picture::{MACROBLOCK, Picture};
use super::predict::{Around, Mode};
use super::scan::ZIGZAG;
use crate::bits::BitWriter;
use cavlc::Context;

const NON_IDR: u8 = 0x41;
const IDR: u8 = 0x65;
const SPS: u8 = 0x67;
const PPS: u8 = 0x68;
/// Level 3.0: 1,620 macroblocks a picture, 720x576.
const LEVEL: u8 = 30;
/// log2 of the range of frame_num; 4 is the least.
const FRAME_NUM_BITS: u32 = 4;

/// The blocks of a macroblock in the order they are sent, as (x, y) in blocks: quarter by quarter (§6.4.3).
const BLOCKS: [(usize, usize); 16] = [
    (0, 0),
    (1, 0),
    (0, 1),
    (1, 1),
    (2, 0),
    (3, 0),
    (2, 1),
    (3, 1),
    (0, 2),
    (1, 2),
    (0, 3),
    (1, 3),
    (2, 2),
    (3, 2),
    (2, 3),
    (3, 3),
];

pub struct Encoder {
    /// The picture as a decoder has it.
    decoded: Picture,
    /// The picture that was encoded last.
    before: Option<Picture>,
    frame_num: u32,
    counts: [Counts; 3],
}

impl Encoder {
    /// For pictures of this size, which is even and fits the level.
    pub fn new(width: usize, height: usize) -> Encoder {
        let decoded = Picture::new(width, height, [0, 128, 128]);
        let counts = [0, 1, 2].map(|n| Counts::new(&decoded, n));
        Encoder { decoded, before: None, frame_num: 0, counts }
    }

    /// The NAL units of a picture that depends on none; the parameter sets come first.
    pub fn key(&mut self, picture: &Picture) -> Vec<Vec<u8>> {
        self.before = None;
        self.frame_num = 0;
        let slice = self.slice(picture);
        vec![self.sequence_parameters(), picture_parameters(), slice]
    }

    /// The NAL unit of a picture that follows the last one.
    pub fn delta(&mut self, picture: &Picture) -> Vec<Vec<u8>> {
        if self.before.is_none() {
            return self.key(picture);
        }
        self.frame_num = (self.frame_num + 1) % (1 << FRAME_NUM_BITS);
        vec![self.slice(picture)]
    }

    fn sequence_parameters(&self) -> Vec<u8> {
        let picture = &self.decoded;
        let mut out = BitWriter::default();
        // Profile 66 with the constraints of profiles 66, 77 and 88: what browsers call 42e0.
        for byte in [66, 0xe0, LEVEL] {
            out.bits(byte.into(), 8);
        }
        out.ue(0); // its id
        out.ue(FRAME_NUM_BITS - 4);
        out.ue(2); // pictures are shown in the order they are sent
        out.ue(1); // reference pictures
        out.bit(false); // no gaps in frame_num
        out.ue(picture.columns() as u32 - 1);
        out.ue(picture.rows() as u32 - 1);
        out.bit(true); // whole frames
        out.bit(true); // direct_8x8_inference
        // In units of two lines: colour has half of them.
        let right = (picture.columns() * MACROBLOCK - picture.width) / 2;
        let bottom = (picture.rows() * MACROBLOCK - picture.height) / 2;
        out.bit(right + bottom > 0);
        if right + bottom > 0 {
            [0, right, 0, bottom].into_iter().for_each(|edge| out.ue(edge as u32));
        }
        out.bit(true); // usability information
        out.bits(0, 8); // none about shape, overscan, signal, chroma place, timing, two buffers and picture structure
        out.bit(true); // how much a decoder has to buffer: some wait for more pictures where this is not said
        out.bit(true);
        [0, 0, 10, 10, 0, 1].into_iter().for_each(|limit| out.ue(limit));
        unit(SPS, out)
    }

    fn slice(&mut self, picture: &Picture) -> Vec<u8> {
        let key = self.before.is_none();
        let mut out = BitWriter::default();
        self.slice_header(&mut out, key);
        self.counts.iter_mut().for_each(Counts::clear);
        let mut skipped = 0;
        for row in 0..picture.rows() {
            for column in 0..picture.columns() {
                if self.before.as_ref().is_some_and(|before| before.same_block(picture, column, row)) {
                    skipped += 1;
                    continue;
                }
                if !key {
                    out.ue(std::mem::take(&mut skipped));
                }
                self.macroblock(&mut out, picture, column, row, key);
            }
        }
        if skipped > 0 {
            out.ue(skipped);
        }
        self.before = Some(picture.clone());
        unit(if key { IDR } else { NON_IDR }, out)
    }

    fn slice_header(&self, out: &mut BitWriter, key: bool) {
        out.ue(0); // first macroblock
        out.ue(if key { 7 } else { 5 }); // all of it I, or all of it P
        out.ue(0); // picture parameters
        out.bits(self.frame_num, FRAME_NUM_BITS);
        if key {
            out.ue(0); // idr_pic_id
            out.bits(0, 2); // no_output_of_prior_pics, long_term_reference
        } else {
            out.bits(0, 3); // no override of the references' number, no reordering, no marking
        }
        out.se(0); // slice_qp_delta
        out.ue(1); // no deblocking
    }

    fn macroblock(&mut self, out: &mut BitWriter, picture: &Picture, column: usize, row: usize, key: bool) {
        let light = Light::new(picture, &self.decoded, column, row);
        let colours = [1, 2].map(|n| Colour::new(picture, &self.decoded, n, column, row));
        let light_pattern = u32::from(light.levels.iter().flatten().any(|level| *level != 0));
        let colour_pattern = colours.iter().map(Colour::pattern).max().unwrap_or(0);
        let mode = match light.mode {
            Mode::Down => 0,
            Mode::Right => 1,
            Mode::Mean => 2,
        };
        // Table 7-11; in a P slice the five kinds of macroblocks with motion come before.
        out.ue(if key { 0 } else { 5 } + 1 + mode + 4 * colour_pattern + 12 * light_pattern);
        out.ue(0); // colour is predicted by its mean
        out.se(0); // mb_qp_delta

        let (x, y) = (column * 4, row * 4);
        cavlc::write(out, &scanned(&light.means, 0), Context::Around(self.counts[0].around(x, y)));
        if light_pattern > 0 {
            for (block, (across, down)) in BLOCKS.into_iter().enumerate() {
                let levels = scanned(&light.levels[block], 1);
                self.counts[0].write(out, &levels, x + across, y + down);
            }
        }
        if colour_pattern > 0 {
            colours.iter().for_each(|colour| _ = cavlc::write(out, &colour.means, Context::ChromaDc));
        }
        if colour_pattern > 1 {
            for (n, colour) in colours.iter().enumerate() {
                for (block, levels) in colour.levels.iter().enumerate() {
                    let (x, y) = (column * 2 + block % 2, row * 2 + block / 2);
                    self.counts[n + 1].write(out, &scanned(levels, 1), x, y);
                }
            }
        }
        light.put(&mut self.decoded);
        colours.iter().enumerate().for_each(|(n, colour)| colour.put(&mut self.decoded, n + 1));
    }
}

fn picture_parameters() -> Vec<u8> {
    let mut out = BitWriter::default();
    out.ue(0); // its id
    out.ue(0); // the sequence's
    out.bits(0, 2); // CAVLC, and no picture order in slices
    out.ue(0); // one slice group
    out.ue(0);
    out.ue(0); // one reference
    out.bits(0, 3); // no weights
    out.se(transform::QP - 26);
    out.se(0);
    out.se(0);
    out.bit(true); // slices say how they are deblocked
    out.bits(0, 2); // intra prediction from anything, no redundant pictures
    unit(PPS, out)
}

/// The light of a macroblock, predicted, transformed and quantised.
struct Light {
    around: Around,
    mode: Mode,
    guess: Vec<u8>,
    means: [i32; 16],
    /// By block in the order they are sent; the first of each is with the means.
    levels: [[i32; 16]; 16],
}

impl Light {
    fn new(picture: &Picture, decoded: &Picture, column: usize, row: usize) -> Light {
        let around = Around::new(&decoded.planes[0], 0, column, row);
        let (mode, guess) = around.best(&picture.planes[0]);
        let (mut means, mut levels) = ([0; 16], [[0; 16]; 16]);
        for (block, (x, y)) in BLOCKS.into_iter().enumerate() {
            let coefficients = transform::forward(&difference(picture, 0, &around, &guess, 4 * x, 4 * y));
            means[4 * y + x] = coefficients[0];
            levels[block] = quantised(&coefficients);
        }
        means = transform::quantise_means(&transform::hadamard(&means));
        Light { around, mode, guess, means, levels }
    }

    fn put(&self, decoded: &mut Picture) {
        let means = transform::dequantise_means(&self.means);
        for (block, (x, y)) in BLOCKS.into_iter().enumerate() {
            put(decoded, 0, &self.around, &self.guess, (4 * x, 4 * y), means[4 * y + x], &self.levels[block]);
        }
    }
}

/// One colour of a macroblock.
struct Colour {
    around: Around,
    guess: Vec<u8>,
    means: [i32; 4],
    levels: [[i32; 16]; 4],
}

impl Colour {
    fn new(picture: &Picture, decoded: &Picture, n: usize, column: usize, row: usize) -> Colour {
        let around = Around::new(&decoded.planes[n], n, column, row);
        let guess = around.mean_of_quarters();
        let (mut means, mut levels) = ([0; 4], [[0; 16]; 4]);
        for block in 0..4 {
            let (x, y) = (4 * (block % 2), 4 * (block / 2));
            let coefficients = transform::forward(&difference(picture, n, &around, &guess, x, y));
            means[block] = coefficients[0];
            levels[block] = quantised(&coefficients);
        }
        means = transform::quantise_colour_means(&transform::hadamard_2x2(&means));
        Colour { around, guess, means, levels }
    }

    /// 0 when there is nothing to send, 1 when there are only means.
    fn pattern(&self) -> u32 {
        if self.levels.iter().flatten().any(|level| *level != 0) {
            return 2;
        }
        u32::from(self.means.iter().any(|mean| *mean != 0))
    }

    fn put(&self, decoded: &mut Picture, n: usize) {
        let means = transform::dequantise_colour_means(&self.means);
        for (block, (mean, levels)) in means.into_iter().zip(&self.levels).enumerate() {
            let at = (4 * (block % 2), 4 * (block / 2));
            put(decoded, n, &self.around, &self.guess, at, mean, levels);
        }
    }
}

/// What the guess leaves of the block at (x, y) of the macroblock.
fn difference(picture: &Picture, n: usize, around: &Around, guess: &[u8], x: usize, y: usize) -> [i32; 16] {
    let wanted = picture.planes[n].block(around.left + x, around.top + y);
    std::array::from_fn(|i| wanted[i] - i32::from(guess[(y + i / 4) * around.edge + x + i % 4]))
}

fn put(
    decoded: &mut Picture,
    n: usize,
    around: &Around,
    guess: &[u8],
    (x, y): (usize, usize),
    mean: i32,
    levels: &[i32; 16],
) {
    let mut coefficients: [i32; 16] = std::array::from_fn(|i| transform::dequantise(i, levels[i]));
    coefficients[0] = mean;
    let difference = transform::inverse(&coefficients);
    let samples = std::array::from_fn(|i| difference[i] + i32::from(guess[(y + i / 4) * around.edge + x + i % 4]));
    decoded.planes[n].put_block(around.left + x, around.top + y, &samples);
}

/// All but the mean, which goes another way.
fn quantised(coefficients: &[i32; 16]) -> [i32; 16] {
    std::array::from_fn(|i| if i == 0 { 0 } else { transform::quantise(i, coefficients[i]) })
}

fn scanned(levels: &[i32; 16], from: usize) -> Vec<i32> {
    ZIGZAG[from..].iter().map(|&place| levels[place]).collect()
}

/// How many levels each block of a plane had: the code of the next ones depends on it.
struct Counts {
    width: usize,
    counts: Vec<usize>,
}

impl Counts {
    fn new(picture: &Picture, n: usize) -> Counts {
        let edge = if n == 0 { 4 } else { 2 };
        let width = picture.columns() * edge;
        Counts { width, counts: vec![0; width * picture.rows() * edge] }
    }

    fn clear(&mut self) {
        self.counts.fill(0);
    }

    fn write(&mut self, out: &mut BitWriter, levels: &[i32], x: usize, y: usize) {
        let around = self.around(x, y);
        self.counts[y * self.width + x] = cavlc::write(out, levels, Context::Around(around));
    }

    /// The rounded mean of the blocks left and above, of those that there are (§9.2.1).
    fn around(&self, x: usize, y: usize) -> usize {
        let left = (x > 0).then(|| self.counts[y * self.width + x - 1]);
        let above = (y > 0).then(|| self.counts[(y - 1) * self.width + x]);
        match (left, above) {
            (Some(left), Some(above)) => (left + above).div_ceil(2),
            (one, other) => one.or(other).unwrap_or(0),
        }
    }
}

/// Ends the unit's bits, and keeps three bytes that look like a start code from appearing in it (§7.4.1).
fn unit(header: u8, mut out: BitWriter) -> Vec<u8> {
    out.bit(true);
    let mut unit = vec![header];
    let mut zeros = 0;
    for byte in out.finish() {
        if zeros == 2 && byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        unit.push(byte);
    }
    unit
}
